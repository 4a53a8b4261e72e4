"""Laws of ANCOVA and of the interaction: units, order, arm names, interval and p."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.benefit.interaction import interaction
from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.least_squares import Robust

SEEDS = st.integers(0, 2**32 - 1)
ERRORS = st.sampled_from(["model", "HC0", "HC1", "HC2", "HC3", "HC4", "CR2"])


def trial(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 50))
    arm = rng.permutation(np.arange(n) % 2)
    table = pd.DataFrame({"arm": np.where(arm == 1, "active", "placebo"), "site": rng.permutation(np.arange(n) % 3)})
    table["base"] = rng.normal(2.3, 0.3, n)
    table["crp"] = np.exp(rng.normal(2, 1, n))
    table["tbr"] = 1 + 0.5 * table.base - 0.2 * arm + rng.normal(0, 0.25 * (1 + arm), n)
    return table


def fit(table: pd.DataFrame, se: Robust = "model", arms: tuple[str, ...] = ("placebo", "active")) -> tuple[float, ...]:
    found = ancova(table, response="tbr", arm="arm", arms=arms, covariates=["base"], factors=["site"], se=se)
    d = found.differences[0]
    assert d.se is not None
    assert d.df is not None
    assert d.p_value is not None
    return d.estimate, d.se, d.df, d.p_value, d.lower, d.upper


@given(SEEDS, ERRORS, st.floats(0.01, 100), st.floats(-10, 10))
def test_a_change_of_unit_scales_the_difference_and_leaves_p(seed: int, se: Robust, scale: float, shift: float) -> None:
    table = trial(seed)
    one = fit(table, se)
    other = fit(table.assign(tbr=scale * table.tbr + shift, base=3 * table.base - 1), se)
    assert other[0] == pytest.approx(scale * one[0], rel=1e-6, abs=1e-9)
    assert other[1] == pytest.approx(scale * one[1], rel=1e-6)
    assert other[2:4] == pytest.approx(one[2:4], rel=1e-6, abs=1e-9)


@given(SEEDS, ERRORS)
def test_swapping_the_arms_changes_the_sign_only(seed: int, se: Robust) -> None:
    table = trial(seed)
    one, other = fit(table, se), fit(table, se, arms=("active", "placebo"))
    assert other[0] == pytest.approx(-one[0], abs=1e-10)
    assert other[1:4] == pytest.approx(one[1:4], rel=1e-8)
    assert other[4] == pytest.approx(-one[5], abs=1e-10)


@given(SEEDS, ERRORS)
def test_row_order_does_not_matter(seed: int, se: Robust) -> None:
    table = trial(seed)
    assert fit(table.sample(frac=1, random_state=seed % 1000), se) == pytest.approx(fit(table, se), rel=1e-8)


@given(SEEDS, ERRORS)
def test_the_interval_excludes_zero_exactly_when_p_is_below_5_percent(seed: int, se: Robust) -> None:
    _, _, _, p, lower, upper = fit(trial(seed), se)
    assert (lower > 0 or upper < 0) == (p < 0.05)


@given(SEEDS)
def test_the_interaction_is_antisymmetric_in_the_arms(seed: int) -> None:
    table = trial(seed)
    one = interaction(table, Comparison("tbr", "arm", ("placebo", "active"), ("base",)), biomarker="crp")
    other = interaction(table, Comparison("tbr", "arm", ("active", "placebo"), ("base",)), biomarker="crp")
    assert other.slope_difference.estimate == pytest.approx(-one.slope_difference.estimate, abs=1e-10)
    assert other.slope_difference.p_value == pytest.approx(one.slope_difference.p_value, rel=1e-8)
    assert other.curve.lower.to_numpy() == pytest.approx(-one.curve.upper.to_numpy(), abs=1e-9)


@given(SEEDS)
def test_adding_an_effect_for_everyone_leaves_the_interaction(seed: int) -> None:
    table = trial(seed)
    shifted = table.assign(tbr=table.tbr - 5.0 * (table.arm == "active"))
    two = Comparison("tbr", "arm", ("placebo", "active"), ("base",))
    one, other = interaction(table, two, biomarker="crp"), interaction(shifted, two, biomarker="crp")
    assert other.slope_difference.estimate == pytest.approx(one.slope_difference.estimate, abs=1e-9)
    assert other.effects[0].effect.estimate == pytest.approx(one.effects[0].effect.estimate - 5.0, abs=1e-9)
