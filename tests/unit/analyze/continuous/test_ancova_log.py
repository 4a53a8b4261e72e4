"""The geometric mean ratio."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.continuous.ancova_log import ancova_log, percent_change
from calor.errors import AnalysisError

ARMS = ("placebo", "active")


@pytest.fixture
def trial() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"arm": ["placebo"] * 20 + ["active"] * 20})
    table["crp"] = np.exp(rng.normal(1.5, 1.0, 40) - 0.5 * (table.arm == "active"))
    return table


def test_the_ratio_is_that_of_the_geometric_means(trial: pd.DataFrame) -> None:
    found = ancova_log(trial, response="crp", arm="arm", arms=ARMS)
    geometric = {a: np.exp(np.log(g.crp).mean()) for a, g in trial.groupby("arm")}
    assert found.ratios[0].estimate == pytest.approx(geometric["active"] / geometric["placebo"], rel=1e-12)
    assert [m.estimate for m in found.geometric_means] == pytest.approx([geometric["placebo"], geometric["active"]])
    assert found.ratios[0].scale == "ratio"


def test_swapping_arms_inverts_the_ratio_and_its_limits(trial: pd.DataFrame) -> None:
    one = ancova_log(trial, response="crp", arm="arm", arms=ARMS).ratios[0]
    other = ancova_log(trial, response="crp", arm="arm", arms=ARMS[::-1]).ratios[0]
    assert other.estimate == pytest.approx(1 / one.estimate)
    assert other.lower == pytest.approx(1 / one.upper)


def test_it_prints_the_change_in_percent(trial: pd.DataFrame) -> None:
    found = ancova_log(trial, response="crp", arm="arm", arms=ARMS)
    assert f"({percent_change(found.ratios[0].estimate):.1f} %; 95 % CI" in str(found)
    assert list(found.to_frame().quantity) == ["ratio", "geometric mean", "geometric mean"]


def test_a_zero_has_no_logarithm(trial: pd.DataFrame) -> None:
    trial.loc[0, "crp"] = 0.0
    with pytest.raises(AnalysisError, match="`crp` must be positive on the log scale, got another value at row 0"):
        ancova_log(trial, response="crp", arm="arm", arms=ARMS)


def test_an_absent_column_is_named(trial: pd.DataFrame) -> None:
    with pytest.raises(AnalysisError, match="none named il6"):
        ancova_log(trial, response="il6", arm="arm", arms=ARMS)
