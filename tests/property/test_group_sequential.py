"""Laws of group-sequential designs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calor.design import GroupSequential, classical, spending
from calor.design.conditional_power import conditional_crossing
from calor.design.repeated import repeated_interval, repeated_p
from calor.design.stage_log_ranks import LogRanks
from calor.design.stagewise import extreme_probability, stagewise
from calor.kernels.normal import upper_quantile

interim = st.lists(st.floats(0.1, 0.93), min_size=0, max_size=5, unique_by=lambda t: round(t, 2))
looks = interim.map(lambda ts: [*sorted(round(t, 2) for t in ts), 1.0])
alphas = st.sampled_from([0.005, 0.025, 0.1])
sides = st.sampled_from([1, 2])
spendings = st.sampled_from(
    [
        spending.obrien_fleming,
        spending.pocock,
        lambda a: spending.kim_demets(a, rho=2),
        lambda a: spending.hwang_shih_decani(a, gamma=-4),
        lambda a: spending.hwang_shih_decani(a, gamma=1),
        spending.at_the_end,
    ]
)
shapes = st.floats(-0.5, 0.7)
drifts = st.floats(-2.0, 5.0)


@given(looks, spendings, alphas, sides)
def test_spending_adds_to_alpha(fractions: list[float], family: Any, alpha: float, sided: int) -> None:
    efficacy = family(alpha)
    design = GroupSequential(fractions, efficacy=efficacy, sides=sided)
    assert np.allclose(design.alpha_spent, efficacy.spent(np.array(fractions), sides=sided), rtol=0, atol=1e-10)
    assert design.alpha_spent[-1] == pytest.approx(alpha, abs=1e-10)


@given(looks, shapes, alphas, sides)
def test_a_shaped_boundary_keeps_its_level(fractions: list[float], shape: float, alpha: float, sided: int) -> None:
    design = GroupSequential(fractions, efficacy=classical.wang_tsiatis(alpha, shape=shape), sides=sided)
    assert design.alpha_spent[-1] == pytest.approx(alpha, abs=1e-9)


@given(looks, looks, shapes)
def test_more_looks_never_lower_the_final_bound_of_a_shape(first: list[float], more: list[float], shape: float) -> None:
    """For bounds c g(t) with a fixed g: a superset of looks crosses more often at the same c, so c cannot fall."""
    efficacy = classical.wang_tsiatis(0.025, shape=shape)
    few = GroupSequential(first, efficacy=efficacy).efficacy_bounds[-1]
    many = GroupSequential(sorted({*first, *more}), efficacy=efficacy).efficacy_bounds[-1]
    assert many >= few - 1e-9


@given(looks, spendings, alphas)
def test_the_final_bound_is_never_below_the_fixed_tests(fractions: list[float], family: Any, alpha: float) -> None:
    design = GroupSequential(fractions, efficacy=family(alpha))
    assert design.efficacy_bounds[-1] >= upper_quantile(alpha) - 1e-10


@given(looks, spendings, drifts, sides)
def test_crossing_probabilities_sum_to_one(fractions: list[float], family: Any, drift: float, sided: int) -> None:
    futility = [0.2] * (len(fractions) - 1)
    found = GroupSequential(fractions, efficacy=family(0.025), futility=futility, sides=sided).crossing(drift)
    assert found.efficacy.sum() + found.futility.sum() == pytest.approx(1.0, abs=1e-11)
    assert np.all(found.efficacy >= 0)
    assert np.all(found.futility >= -1e-15)


@given(alphas, sides, st.floats(0.5, 0.99))
def test_a_one_look_design_is_the_fixed_test(alpha: float, sided: int, power: float) -> None:
    z = upper_quantile(alpha / sided)
    for efficacy in (spending.obrien_fleming(alpha), classical.pocock(alpha), classical.haybittle_peto(alpha)):
        design = GroupSequential([1.0], efficacy=efficacy, sides=sided)
        assert design.efficacy_bounds == pytest.approx([z], abs=1e-10)
        assert design.inflation_factor(power) == pytest.approx(1.0, abs=1e-9)


@given(looks.filter(lambda f: len(f) > 1), spendings, st.floats(0.02, 0.3), st.booleans())
def test_beta_spending_spends_beta(fractions: list[float], family: Any, beta: float, binding: bool) -> None:
    futility = spending.kim_demets(beta, rho=1.5)
    design = GroupSequential(fractions, efficacy=family(0.025), futility=futility, binding=binding)
    assert design.futility_drift is not None
    found = design.crossing(design.futility_drift)
    assert found.power == pytest.approx(1 - beta, abs=1e-9)
    kept = design.futility_bounds[:-1] < design.efficacy_bounds[:-1]
    if kept.all():
        assert np.cumsum(found.futility) == pytest.approx(futility.spent(np.array(fractions)), abs=1e-9)
    assert design.alpha_spent[-1] == pytest.approx(0.025, abs=1e-9)


@given(looks, st.integers(0, 10), st.floats(-1.0, 4.0))
def test_stagewise_interval_and_p_value_agree(fractions: list[float], pick: int, z: float) -> None:
    design = GroupSequential(fractions, efficacy=spending.pocock(0.025))
    look = 1 + pick % len(fractions)
    found = stagewise(design, look, z)
    assert (found.lower > 0) is (found.p_value < 0.025) or found.p_value == pytest.approx(0.025, abs=1e-9)
    assert found.lower <= found.median_unbiased <= found.upper
    drifts_at_limit = np.full(look, found.lower)
    assert extreme_probability(design, look, z, drifts_at_limit) == pytest.approx(0.025, abs=1e-9)


@given(looks, st.integers(0, 10))
def test_stagewise_p_at_the_bound_is_the_alpha_spent(fractions: list[float], pick: int) -> None:
    design = GroupSequential(fractions, efficacy=spending.hwang_shih_decani(0.025, gamma=-2))
    look = 1 + pick % len(fractions)
    found = stagewise(design, look, float(design.efficacy_bounds[look - 1]))
    assert found.p_value == pytest.approx(design.alpha_spent[look - 1], abs=1e-10)


@settings(max_examples=15)
@given(looks, st.integers(0, 10), st.floats(0.5, 4.5), shapes)
def test_repeated_interval_and_p_value_agree(fractions: list[float], pick: int, z: float, shape: float) -> None:
    design = GroupSequential(fractions, efficacy=classical.wang_tsiatis(0.025, shape=shape))
    look = 1 + pick % len(fractions)
    events = 200 * np.array(fractions[:look])
    log_ranks = np.append(np.zeros(look - 1), z)
    interval = repeated_interval(design, LogRanks(events, log_ranks, np.ones(look)), look)
    rejected = z >= design.efficacy_bounds[look - 1]
    assert (interval.lower > 1.0) is bool(rejected)
    p = repeated_p(design, look, z)
    assert (p < 0.025) is bool(rejected) or p == pytest.approx(0.025, abs=1e-9)


@settings(max_examples=15)
@given(looks.filter(lambda f: len(f) > 1), spendings, drifts)
def test_conditional_power_averages_to_power(fractions: list[float], family: Any, drift: float) -> None:
    """Over the statistic at the first look, stopping there included."""
    design = GroupSequential(fractions, efficacy=family(0.025))
    first, bound = math.sqrt(fractions[0]) * drift, design.efficacy_bounds[0]
    nodes, weights = np.polynomial.legendre.leggauss(60)
    low, high = first - 8.5, min(bound, first + 8.5)
    if low >= high:
        return
    z = low + 0.5 * (high - low) * (1 + nodes)
    density = np.exp(-0.5 * (z - first) ** 2) / math.sqrt(2 * math.pi)
    later = [conditional_crossing(design, 1, float(x), drift=drift).efficacy.sum() for x in z]
    found = design.crossing(drift)
    average = found.efficacy[0] + 0.5 * (high - low) * float(weights @ (density * np.array(later)))
    assert average == pytest.approx(found.efficacy.sum(), abs=1e-8)
