"""Adjusted restricted means: what they reduce to, and what adjustment gains."""

from __future__ import annotations

import numpy as np
import pytest
from tests.survival_trial import ARMS, trial

from calor.analyze.survival.rmst import rmst
from calor.analyze.survival.rmst_adjusted import rmst_adjusted
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event", "arm": "arm", "arms": ARMS, "horizon": 1.8}


def test_without_censoring_it_is_the_linear_model_of_the_restricted_times() -> None:
    table = trial()
    got = rmst_adjusted(table, **COLUMNS, covariates=["age"])  # nobody is censored before 2
    x = np.column_stack([np.ones(80), table["active"], table["age"]])
    wanted = np.linalg.lstsq(x, table["time"].clip(upper=1.8), rcond=None)[0]
    assert got.coefficients == pytest.approx(wanted)


def test_adjustment_for_noise_changes_the_effect_little() -> None:
    table = trial(n=2000).assign(noise=np.random.default_rng(2).normal(size=2000))
    columns = {**COLUMNS, "horizon": 8.0}
    for kind in ("difference", "ratio", "lost_ratio"):
        adjusted = rmst_adjusted(table, **columns, covariates=["noise"], kind=kind).effect  # type: ignore[arg-type]
        plain = getattr(rmst(table, **columns), kind)
        assert adjusted.estimate == pytest.approx(plain.estimate, rel=0.1)
        assert adjusted.se == pytest.approx(plain.se, rel=0.05)


def test_an_unknown_contrast_and_repeated_covariates_are_refused() -> None:
    with pytest.raises(AnalysisError, match="lost_ratio"):
        rmst_adjusted(trial(), **COLUMNS, covariates=["age"], kind="odds")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="one maximum"):
        rmst_adjusted(trial(), **COLUMNS, covariates=["active"])
