"""Proportional-hazards test: quiet when hazards are proportional, loud when they cross."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.survival_trial import trial

from calor.analyze.survival.cox import cox
from calor.analyze.survival.grambsch_therneau import grambsch_therneau
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event"}


def crossing(n: int = 400) -> pd.DataFrame:
    """Hazards that fall in one arm and rise in the other."""
    rng = np.random.default_rng(3)
    active = np.arange(n) % 2
    return pd.DataFrame({"time": rng.weibull(np.where(active, 3.0, 0.7)) + 0.001, "event": 1, "active": active})


@pytest.mark.parametrize("transform", ["km", "identity", "rank", "log"])
def test_crossing_hazards_are_found_and_proportional_ones_are_not(transform: str) -> None:
    found = grambsch_therneau(cox(crossing(), **COLUMNS, covariates=["active"]), transform=transform)  # type: ignore[arg-type]
    quiet = grambsch_therneau(cox(trial(n=400), **COLUMNS, covariates=["active"]), transform=transform)  # type: ignore[arg-type]
    assert found.overall.p_value < 1e-6
    assert quiet.overall.p_value > 0.01


def test_a_covariate_of_three_values_has_one_test_of_two_degrees() -> None:
    table = trial().assign(center=np.array(["a", "b", "c"])[np.arange(80) % 3])
    test = grambsch_therneau(cox(table, **COLUMNS, covariates=["center", "age"]))
    assert test.by_term["center"].df == 2
    assert test.overall.df == 3


def test_an_unknown_transform_and_exact_ties_are_refused() -> None:
    with pytest.raises(AnalysisError, match="km"):
        grambsch_therneau(cox(trial(), **COLUMNS, covariates=["age"]), transform="sqrt")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="Efron"):
        grambsch_therneau(cox(trial(), **COLUMNS, covariates=["age"], ties="exact"))


def test_a_single_event_time_shows_no_change() -> None:
    table = pd.DataFrame({"time": [1, 1, 2, 2], "event": [1, 1, 0, 0], "x": [0.0, 1.0, 0.5, 2.0]})
    with pytest.raises(AnalysisError, match="several event times"):
        grambsch_therneau(cox(table, **COLUMNS, covariates=["x"]))
