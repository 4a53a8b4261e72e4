"""What a group-sequential design says, and what it refuses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from calor.design import GroupSequential, classical, spending
from calor.errors import DesignError

OF = spending.obrien_fleming(0.025)


def test_bounds_of_jennison_and_turnbull_are_reproduced() -> None:
    """Tables 2.1 and 2.3 (two-sided, alpha 0.05): Pocock and O'Brien-Fleming constants for five looks."""
    fractions = np.arange(1, 6) / 5
    pocock = GroupSequential(fractions, efficacy=classical.pocock(0.05), sides=2)
    obrien = GroupSequential(fractions, efficacy=classical.obrien_fleming(0.05), sides=2)
    assert pocock.efficacy_bounds.round(3).tolist() == [2.413] * 5
    assert round(float(obrien.efficacy_bounds[-1]), 3) == 2.040


def test_no_early_efficacy_leaves_early_bounds_infinite() -> None:
    design = GroupSequential([0.5, 1.0], efficacy=spending.at_the_end(0.025), futility=[0.0])
    assert design.efficacy_bounds[0] == math.inf
    assert design.efficacy_bounds[1] == pytest.approx(1.959964, abs=1e-6)


def test_binding_futility_lowers_the_efficacy_bound_and_non_binding_does_not() -> None:
    free = GroupSequential([0.5, 1.0], efficacy=OF)
    loose = GroupSequential([0.5, 1.0], efficacy=OF, futility=[0.5])
    bound = GroupSequential([0.5, 1.0], efficacy=OF, futility=[0.5], binding=True)
    assert loose.efficacy_bounds.tolist() == free.efficacy_bounds.tolist()
    assert bound.efficacy_bounds[1] < free.efficacy_bounds[1] - 0.005
    assert bound.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)
    assert loose.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)
    assert loose.crossing(0.0).power < 0.025


def test_two_sided_inner_futility_stops_small_statistics() -> None:
    design = GroupSequential(
        [0.5, 0.75, 1.0], efficacy=spending.obrien_fleming(0.05), futility=spending.obrien_fleming(0.1), sides=2
    )
    found = design.crossing(design.drift(0.9))
    assert np.all(np.diff(design.futility_bounds) > 0)
    assert design.futility_bounds[-1] == design.efficacy_bounds[-1]
    assert found.futility.sum() == pytest.approx(0.1, abs=1e-6)
    assert np.all(found.efficacy_below < 1e-4)


def test_inner_futility_needs_no_early_efficacy() -> None:
    design = GroupSequential([0.5, 1.0], efficacy=spending.at_the_end(0.05), futility=spending.pocock(0.2), sides=2)
    assert design.efficacy_bounds[0] == math.inf
    assert design.crossing(design.drift(0.8)).futility.sum() == pytest.approx(0.2, abs=1e-5)


@pytest.mark.parametrize("drift", [-50.0, 50.0, 200.0])
def test_an_extreme_drift_loses_no_probability(drift: float) -> None:
    design = GroupSequential([0.5, 0.75, 1.0], efficacy=OF, futility=[-1.0, 0.5])
    found = design.crossing(drift)
    assert found.efficacy.sum() + found.futility.sum() == pytest.approx(1.0, abs=1e-12)
    assert found.power == pytest.approx(float(drift > 0), abs=1e-12)


def test_futility_spent_under_the_null_meets_the_efficacy_bound() -> None:
    shape = spending.hwang_shih_decani(0.5, gamma=-2)
    efficacy = spending.hwang_shih_decani(0.025, gamma=-4)
    for binding in (True, False):
        design = GroupSequential(
            [0.25, 0.5, 0.75, 1.0], efficacy=efficacy, futility=shape, futility_under="null", binding=binding
        )
        null = design.crossing(0.0)
        assert design.futility_bounds[-1] == design.efficacy_bounds[-1]
        share = np.cumsum(null.futility) / null.futility.sum()
        assert share == pytest.approx(shape.spent(design.information_fractions) / 0.5, abs=1e-9)


def test_the_drift_gives_the_power_asked_for() -> None:
    design = GroupSequential([0.5, 0.75, 1.0], efficacy=OF)
    assert design.crossing(design.drift(0.9)).power == pytest.approx(0.9, abs=1e-10)
    assert design.inflation_factor(0.9) == pytest.approx(1.018276, abs=1e-6)


def test_given_critical_values_have_the_level_that_follows() -> None:
    assert GroupSequential([1.0], efficacy=classical.given([1.959963984540054])).alpha == pytest.approx(
        0.025, abs=1e-12
    )


def test_a_design_prints_as_the_protocol_says_it() -> None:
    design = GroupSequential([0.5, 1.0], efficacy=OF, futility=[0.0])
    assert str(design) == (
        "2 looks, one-sided alpha 0.025, Lan-DeMets O'Brien-Fleming: z > 2.963, 1.969 at 50, 100 % information; "
        "non-binding futility z < 0.000"
    )
    assert list(design.to_frame().columns) == [
        "look", "information_fraction", "efficacy_bound", "futility_bound", "alpha_spent",
    ]  # fmt: skip
    assert "power 0.9000" in str(design.crossing(design.drift(0.9)))
    assert design.crossing(1.0).to_frame().shape == (2, 4)


def test_bounds_cannot_be_changed_by_hand() -> None:
    design = GroupSequential([0.5, 1.0], efficacy=OF)
    with pytest.raises(ValueError, match="read-only"):
        design.efficacy_bounds[0] = 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"information_fractions": [0.5, 0.5, 1.0]}, "`information_fractions` must increase.*at look 2"),
        ({"information_fractions": [0.8, 0.5, 1.0]}, "must increase.*at look 2"),
        ({"information_fractions": [0.0, 1.0]}, "must be positive.*at look 1"),
        ({"information_fractions": [0.5, 0.9]}, "must end at 1"),
        ({"information_fractions": [0.5, math.nan, 1.0]}, "must be one number per look"),
        ({"information_fractions": []}, "must be one number per look"),
        ({"information_fractions": "half"}, "must be one number per look"),
        ({"efficacy": spending.obrien_fleming(0.5), "sides": 2}, "`alpha` must lie below 0.5"),
        ({"efficacy": 0.025}, "`efficacy` must be a spending function"),
        ({"sides": 3}, "`sides` must be 1 or 2"),
        ({"binding": True}, "`binding` must be False without futility"),
        ({"futility": [0.0, 0.0]}, "`futility` must have one bound"),
        ({"futility": [math.nan]}, "`futility` must have one bound"),
        ({"futility": [3.5]}, "`futility` must lie below the efficacy bound 2.963, got 3.5 at look 1"),
        ({"futility": [-0.5], "sides": 2}, "from 0 up in a two-sided design"),
        ({"futility": spending.pocock(0.98)}, "`futility` must spend a beta below 1 - alpha"),
        (
            {"efficacy": classical.pocock(0.025), "futility": spending.pocock(0.1), "binding": True},
            "must be False when",
        ),
        ({"futility_under": "null"}, "must go with a futility spending function"),
        ({"futility": spending.pocock(0.1), "futility_under": "H0"}, "must be 'alternative' or 'null'"),
        ({"futility": spending.pocock(0.1), "futility_under": "null", "sides": 2}, "must be 1 when futility is spent"),
        ({"spending_times": [0.5]}, "must have one time per look"),
        ({"efficacy": spending.given([0.01, 0.02, 0.025])}, "must have one amount per look"),
        ({"efficacy": spending.given([0.025, 0.025])}, "leave error to spend at the last look"),
        ({"efficacy": classical.given([2.0])}, "must have one value per look"),
        ({"efficacy": classical.haybittle_peto(0.025, early=1.5)}, "must leave alpha for the last look"),
    ],
)
def test_a_design_that_cannot_exist_is_refused(arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"information_fractions": [0.5, 1.0], "efficacy": OF, **arguments}
    with pytest.raises(DesignError, match=message):
        GroupSequential(**given)


@pytest.mark.parametrize("power", [0.02, 1.0, math.nan])
def test_an_impossible_power_is_refused(power: float) -> None:
    with pytest.raises(DesignError, match="`power` must lie between"):
        GroupSequential([0.5, 1.0], efficacy=OF).drift(power)


def test_an_infinite_drift_is_refused() -> None:
    with pytest.raises(DesignError, match="`drift` must be finite"):
        GroupSequential([0.5, 1.0], efficacy=OF).crossing(math.inf)
