"""Conditional and predictive power, conditional rejection probability."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from calor.design import GroupSequential, spending
from calor.design.conditional_power import (
    conditional_crossing,
    conditional_power,
    conditional_rejection_probability,
    predictive_power,
)
from calor.errors import DesignError

TWO = GroupSequential([0.4, 1.0], efficacy=spending.obrien_fleming(0.025))
THREE = GroupSequential([1 / 3, 2 / 3, 1.0], efficacy=spending.pocock(0.025), futility=[0.0, 0.5])


def test_one_look_left_has_a_closed_form() -> None:
    z, drift = 1.1, 2.7
    needed = (TWO.efficacy_bounds[1] - z * math.sqrt(0.4)) / math.sqrt(0.6)
    assert conditional_power(TWO, 1, z, drift) == pytest.approx(norm.sf(needed - drift * math.sqrt(0.6)), abs=1e-12)
    assert conditional_rejection_probability(TWO, 1, z) == pytest.approx(norm.sf(needed), abs=1e-12)


def test_the_trend_so_far_is_the_default() -> None:
    assert conditional_power(TWO, 1, 1.1) == conditional_power(TWO, 1, 1.1, 1.1 / math.sqrt(0.4))


def test_flat_prior_predictive_power_has_a_closed_form() -> None:
    z = 1.1
    mean, sd = z / math.sqrt(0.4), math.sqrt(0.6 + 0.36 / 0.4)
    want = norm.sf((TWO.efficacy_bounds[1] - mean) / sd)
    assert predictive_power(TWO, 1, z) == pytest.approx(want, abs=1e-10)


def test_a_certain_prior_gives_conditional_power() -> None:
    certain = predictive_power(THREE, 1, 1.0, prior_drift=3.0, prior_sd=1e-6)
    assert certain == pytest.approx(conditional_power(THREE, 1, 1.0, 3.0), abs=1e-9)


def test_shifts_as_planned_are_the_same_as_a_drift() -> None:
    by_drift = conditional_crossing(THREE, 1, 1.0, drift=2.5)
    by_shift = conditional_crossing(THREE, 1, 1.0, shifts=[2.5 * math.sqrt(1 / 3)] * 2)
    assert by_drift.efficacy == pytest.approx(by_shift.efficacy, abs=1e-12)


def test_overruled_futility_raises_the_rejection_probability() -> None:
    heeded = conditional_crossing(THREE, 1, 0.5, drift=0.0).efficacy.sum()
    assert conditional_rejection_probability(THREE, 1, 0.5) > heeded


def test_everything_later_sums_to_one() -> None:
    found = conditional_crossing(THREE, 1, 1.3, drift=1.0)
    assert found.efficacy.sum() + found.futility.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"look": 3}, "`look` must be an interim look, 1 to 2"),
        ({"look": 0}, "`look` must be an interim look"),
        ({"z": math.nan}, "`z` must be finite"),
        ({"shifts": [1.0]}, "`shifts` must be 2 finite numbers"),
        ({"shifts": [1.0, math.inf]}, "`shifts` must be 2 finite numbers"),
        ({"shifts": [1.0, 1.0], "drift": 1.0}, "`shifts` must be None when a drift is given"),
    ],
)
def test_impossible_questions_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        conditional_crossing(THREE, **{"look": 1, "z": 1.0, **arguments})


def test_a_prior_needs_a_positive_deviation() -> None:
    with pytest.raises(DesignError, match="`prior_sd` must be positive"):
        predictive_power(TWO, 1, 1.0, prior_sd=0.0)


def test_a_simulated_rate_lies_within_its_interval() -> None:
    rng = np.random.default_rng(5)
    steps = rng.standard_normal((400_000, 2)) * math.sqrt(1 / 3) + 2.0 / 3
    b2 = 1.0 * math.sqrt(1 / 3) + steps[:, 0]
    z2, z3 = b2 / math.sqrt(2 / 3), b2 + steps[:, 1]
    upper, lower = THREE.efficacy_bounds, THREE.futility_bounds
    rate = np.mean((z2 > upper[1]) | ((z2 > lower[1]) & (z3 > upper[2])))
    half = 4 * math.sqrt(rate * (1 - rate) / z2.size)
    got = conditional_power(THREE, 1, 1.0, 2.0)
    assert abs(got - rate) < half, f"{got} outside {rate} +- {half}"
