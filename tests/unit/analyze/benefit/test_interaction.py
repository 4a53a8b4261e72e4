"""Treatment by biomarker: numbers, the curve, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.interaction import interaction
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("placebo", "active"), covariates=("base",))


@pytest.fixture
def trial() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    n = 64
    table = pd.DataFrame({"arm": ["placebo", "active"] * (n // 2), "base": rng.normal(2.3, 0.28, n)})
    table["crp"] = np.exp(rng.normal(2.2, 1.2, n))
    active = (table.arm == "active").astype(float)
    table["tbr"] = 1.1 + 0.5 * table.base - active * (0.05 + 0.1 * np.log(table.crp)) + rng.normal(0, 0.2, n)
    return table


def test_without_covariates_the_slope_difference_is_the_difference_of_two_slopes(trial: pd.DataFrame) -> None:
    found = interaction(trial, Comparison("tbr", "arm", ("placebo", "active")), biomarker="crp")
    slopes = {a: np.polyfit(np.log(g.crp), g.tbr, 1)[0] for a, g in trial.groupby("arm")}
    assert found.slope_difference.estimate == pytest.approx(slopes["active"] - slopes["placebo"], rel=1e-10)


def test_effects_at_percentiles_lie_on_the_curve(trial: pd.DataFrame) -> None:
    found = interaction(trial, TWO, biomarker="crp", percentiles=(0, 50, 100))
    first, middle, last = found.effects
    assert found.curve.biomarker.iloc[0] == pytest.approx(trial.crp.min())
    assert found.curve.iloc[0].effect == pytest.approx(first.effect.estimate)
    assert found.curve.iloc[-1].upper == pytest.approx(last.effect.upper)
    rise = found.slope_difference.estimate * np.log(middle.biomarker / first.biomarker)
    assert middle.effect.estimate == pytest.approx(first.effect.estimate + rise)


def test_a_linear_biomarker_takes_the_observed_percentiles(trial: pd.DataFrame) -> None:
    found = interaction(trial, TWO, biomarker="crp", scale="linear")
    assert [e.biomarker for e in found.effects] == pytest.approx(np.percentile(trial.crp, [10, 25, 50, 75, 90]))


def test_a_change_of_unit_changes_no_effect(trial: pd.DataFrame) -> None:
    in_mg_per_l = interaction(trial, TWO, biomarker="crp")
    in_mg_per_dl = interaction(trial.assign(crp=trial.crp / 10), TWO, biomarker="crp")
    assert in_mg_per_dl.slope_difference.estimate == pytest.approx(in_mg_per_l.slope_difference.estimate, rel=1e-9)
    assert in_mg_per_dl.effects[3].effect.lower == pytest.approx(in_mg_per_l.effects[3].effect.lower, rel=1e-9)


def test_it_prints_the_slope_and_the_effects(trial: pd.DataFrame) -> None:
    found = interaction(trial, TWO, biomarker="crp")
    assert str(found).startswith("active v placebo, per log unit of crp: ")
    assert str(found).count("(P") == 5
    assert len(found.to_frame()) == 5


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"crp": 0.0}, {}, "`crp` must be positive on the log scale"),
        ({"crp": 3.0}, {}, "linearly independent"),
        ({}, {"scale": "sqrt"}, "`scale` must be 'log' or 'linear'"),
        ({}, {"percentiles": (120,)}, "`percentiles` must lie between 0 and 100"),
        ({}, {"biomarker": "il6"}, "none named il6"),
    ],
)
def test_bad_input_is_named(
    trial: pd.DataFrame, change: dict[str, float], options: dict[str, object], message: str
) -> None:
    with pytest.raises(AnalysisError) as refused:
        interaction(trial.assign(**change), TWO, **{"biomarker": "crp", **options})
    assert message in str(refused.value)


def test_three_arms_are_refused(trial: pd.DataFrame) -> None:
    with pytest.raises(AnalysisError, match="one active arm"):
        interaction(trial, Comparison("tbr", "arm", ("placebo", "low", "high")), biomarker="crp")
