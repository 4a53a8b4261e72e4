"""A look is judged by its bound; what would happen later agrees with the design's own probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from calor.design import GroupSequential, spending
from calor.design.observed_information import recompute
from calor.errors import MonitorError
from calor.monitor.interim_look import interim_look

DESIGN = GroupSequential(np.array([0.5, 0.75, 1.0]), efficacy=spending.obrien_fleming(0.025))
FUTILE = GroupSequential(
    np.array([0.5, 1.0]), efficacy=spending.obrien_fleming(0.025), futility=spending.pocock(0.1), binding=False
)
TWO_SIDED = GroupSequential(np.array([0.5, 1.0]), efficacy=spending.obrien_fleming(0.05), sides=2)
ABOVE, BELOW = 1 + 1e-9, 1 - 1e-9

DECISIONS = [
    # design, look, z relative to a bound, decision
    (DESIGN, 1, DESIGN.efficacy_bounds[0] * ABOVE, "stop for efficacy"),
    (DESIGN, 1, DESIGN.efficacy_bounds[0] * BELOW, "continue"),
    (DESIGN, 1, -9.0, "continue"),
    (DESIGN, 3, DESIGN.efficacy_bounds[2] * ABOVE, "reject the null"),
    (DESIGN, 3, DESIGN.efficacy_bounds[2] * BELOW, "do not reject the null"),
    (FUTILE, 1, FUTILE.futility_bounds[0] - 1e-9, "stop for futility"),
    (FUTILE, 1, FUTILE.futility_bounds[0] + 1e-9, "continue"),
    (TWO_SIDED, 1, -TWO_SIDED.efficacy_bounds[0] * ABOVE, "stop for efficacy"),
    (TWO_SIDED, 1, 0.0, "continue"),
    (TWO_SIDED, 2, -TWO_SIDED.efficacy_bounds[1] * ABOVE, "reject the null"),
]


@pytest.mark.parametrize(("design", "look", "z", "decision"), DECISIONS)
def test_decision_follows_the_bound(design: GroupSequential, look: int, z: float, decision: str) -> None:
    assert interim_look(design, look, z=z, planned_drift=3.2).decision == decision


def test_conditional_power_of_the_last_stage_is_the_normal_one() -> None:
    """Before a final look, the rest of the statistic is normal: P(sqrt(t) z + sqrt(1-t) N + drift (1-t) > c)."""
    design, z, drift = GroupSequential(np.array([0.6, 1.0]), efficacy=spending.pocock(0.025)), 1.4, 3.0
    t, c = 0.6, design.efficacy_bounds[1]
    expected = norm.sf((c - math.sqrt(t) * z - drift * (1 - t)) / math.sqrt(1 - t))
    seen = interim_look(design, 1, z=z, planned_drift=drift)
    assert seen.conditional_power_planned == pytest.approx(expected, abs=1e-7)
    trend = norm.sf((c - math.sqrt(t) * z - z / math.sqrt(t) * (1 - t)) / math.sqrt(1 - t))
    assert seen.conditional_power_trend == pytest.approx(trend, abs=1e-7)


def test_stopped_trial_has_an_estimate_and_a_continuing_one_has_none() -> None:
    stopped = interim_look(DESIGN, 1, z=3.4, planned_drift=3.2)
    assert stopped.inference is not None
    assert stopped.inference.p_value < 0.025
    assert interim_look(DESIGN, 1, z=1.0, planned_drift=3.2).inference is None


def test_bounds_follow_the_information_observed() -> None:
    late = recompute(DESIGN, [180.0], 300.0, final=False)
    seen = interim_look(late, 1, z=2.8, planned_drift=3.2)
    assert seen.information_fraction == pytest.approx(0.6)
    assert seen.efficacy_bound < DESIGN.efficacy_bounds[0]


@pytest.mark.parametrize(("look", "z", "words"), [(0, 1.0, "1 to 3"), (4, 1.0, "1 to 3"), (1, math.nan, "finite")])
def test_look_or_statistic_that_cannot_be_is_refused(look: int, z: float, words: str) -> None:
    with pytest.raises(MonitorError, match=words):
        interim_look(DESIGN, look, z=z, planned_drift=3.2)
