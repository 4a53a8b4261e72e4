"""Laws of every comparison of times to events: row order, unit of time, names of the arms, interval against p."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.analyze.event_methods import ARMS, METHODS, participants

from calor.analyze.estimate import Estimate

seeds = st.integers(0, 2**16)
few = settings(max_examples=2, deadline=None)

RATIOS = ("cox", "stratified_cox", "firth_cox", "weibull", "fine_gray", "cause_specific_cox", "landmark", "lwyy")
COUNTED = ("poisson_regression", "negative_binomial")
TESTS = ("logrank", "weighted_logrank", "stratified_logrank", "gray", "finkelstein_schoenfeld", "grambsch_therneau")
PAIRS = ("win_ratio", "stratified_win_ratio")
MEANS = ("rmst", "rmst_adjusted")


def effects(method: str, table: pd.DataFrame, arms: tuple[str, ...] = ARMS) -> Iterator[Estimate]:
    """Yield the effects of the second arm against the first."""
    found = METHODS[method](table, arms)
    name = f"arm[{arms[1]}]"
    if method in RATIOS:
        yield found.hazard_ratio(name)
    elif method in COUNTED:
        yield found.rate_ratio(name)
    elif method in PAIRS:
        yield from (found.ratio, found.odds, found.net_benefit)
    elif method == "rmst":
        yield from (found.difference, found.ratio, found.lost_ratio)
    else:
        yield found.effect


def p_value(method: str, table: pd.DataFrame, arms: tuple[str, ...] = ARMS) -> float:
    found = METHODS[method](table, arms)
    return float(found.overall.p_value if method == "grambsch_therneau" else found.p_value)


@pytest.mark.parametrize("method", [*RATIOS, *COUNTED, *PAIRS, *MEANS])
@given(seed=seeds)
@few
def test_order_of_the_rows_changes_no_effect(method: str, seed: int) -> None:
    table = participants(40, seed=seed % 7)
    mixed = table.sample(frac=1, random_state=seed)
    for one, other in zip(effects(method, table), effects(method, mixed), strict=True):
        assert other.estimate == pytest.approx(one.estimate, rel=1e-7)
        assert other.lower == pytest.approx(one.lower, rel=1e-6)


@pytest.mark.parametrize("method", TESTS)
@given(seed=seeds, unit=st.floats(0.01, 100))
@few
def test_neither_row_order_nor_the_unit_of_time_changes_a_test(method: str, seed: int, unit: float) -> None:
    table = participants(40, seed=seed % 7)
    mixed = table.sample(frac=1, random_state=seed).assign(days=lambda t: t["days"] * unit)
    assert p_value(method, mixed) == pytest.approx(p_value(method, table), rel=1e-7)


@pytest.mark.parametrize("method", [*RATIOS, *COUNTED, *PAIRS])
@given(seed=seeds, unit=st.floats(0.01, 100))
@few
def test_unit_of_time_changes_no_ratio(method: str, seed: int, unit: float) -> None:
    table = participants(40, seed=seed % 7)
    for one, other in zip(
        effects(method, table), effects(method, table.assign(days=table["days"] * unit)), strict=True
    ):
        assert other.estimate == pytest.approx(one.estimate, rel=1e-5)
        assert other.lower == pytest.approx(one.lower, rel=1e-5)


@pytest.mark.parametrize("method", MEANS)
@given(seed=seeds, unit=st.floats(0.01, 100))
@few
def test_restricted_mean_scales_with_the_unit_of_time(method: str, seed: int, unit: float) -> None:
    table = participants(40, seed=seed % 7)
    one = next(effects(method, table))
    other = next(effects(method, table.assign(days=table["days"] * unit)))
    assert other.estimate == pytest.approx(unit * one.estimate, rel=1e-7)
    assert other.upper == pytest.approx(unit * one.upper, rel=1e-7)


@pytest.mark.parametrize("method", [*RATIOS, *COUNTED, *PAIRS, *MEANS])
@given(seed=seeds)
@few
def test_naming_the_arms_the_other_way_round_turns_the_effect_about(method: str, seed: int) -> None:
    table = participants(40, seed=seed % 7)
    for one, other in zip(effects(method, table), effects(method, table, ARMS[::-1]), strict=True):
        turned = 1 / one.estimate if one.scale == "ratio" else -one.estimate
        limit = 1 / one.upper if one.scale == "ratio" else -one.upper
        assert other.estimate == pytest.approx(turned, rel=1e-6)
        assert other.lower == pytest.approx(limit, rel=1e-5)
        assert other.p_value == pytest.approx(one.p_value, rel=1e-5)


@pytest.mark.parametrize("method", ["logrank", "weighted_logrank", "gray", "finkelstein_schoenfeld"])
@given(seed=seeds)
@few
def test_naming_the_arms_the_other_way_round_changes_no_test(method: str, seed: int) -> None:
    table = participants(40, seed=seed % 7)
    assert p_value(method, table, ARMS[::-1]) == pytest.approx(p_value(method, table), rel=1e-9)


@pytest.mark.parametrize("method", [*RATIOS, *COUNTED, *PAIRS, *MEANS])
@given(seed=seeds)
@few
def test_interval_leaves_out_no_effect_exactly_where_p_is_small(method: str, seed: int) -> None:
    for found in effects(method, participants(40, seed=seed)):
        null = 1.0 if found.scale == "ratio" else 0.0
        outside = found.lower > null or found.upper < null
        assert found.p_value is not None
        if abs(found.p_value - (1 - found.level)) > 1e-9:
            assert outside == (found.p_value < 1 - found.level)


@given(seed=seeds, unit=st.floats(0.01, 100))
@few
def test_curves_keep_their_heights_in_another_unit_of_time(seed: int, unit: float) -> None:
    table = participants(40, seed=seed % 7)
    scaled = table.sample(frac=1, random_state=seed).assign(days=lambda t: t["days"] * unit)
    for method, column in (("kaplan_meier", "survival"), ("aalen_johansen", "incidence"), ("nelson_aalen", "hazard"),
                           ("mean_cumulative", "mean")):  # fmt: skip
        one, other = METHODS[method](table, ARMS).curves, METHODS[method](scaled, ARMS).curves
        np.testing.assert_allclose(other[column], one[column], rtol=1e-9)
        np.testing.assert_allclose(other["time"], unit * one["time"], rtol=1e-9)
