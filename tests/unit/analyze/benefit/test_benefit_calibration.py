"""Calibration for benefit."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.benefit.benefit_calibration import benefit_calibration
from calor.errors import AnalysisError


def trial(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    arm, effects = np.arange(n) % 2, rng.normal(-0.2, 0.2, n)
    return effects, 2 + 0.5 * effects + arm * effects + rng.normal(0, 0.3, n), arm


def test_true_effects_have_slope_one_and_exaggerated_ones_less() -> None:
    slopes = [benefit_calibration(*trial(seed)).slope.estimate for seed in range(60)]
    assert np.mean(slopes) == pytest.approx(1.0, abs=3 * np.std(slopes) / np.sqrt(60))
    effects, response, arm = trial(1)
    inflated = benefit_calibration(2 * effects, response, arm).slope.estimate
    assert inflated == pytest.approx(benefit_calibration(effects, response, arm).slope.estimate / 2)


def test_predictions_without_bearing_have_slope_zero() -> None:
    effects, response, arm = trial(2)
    found = benefit_calibration(np.random.default_rng(9).permutation(effects), response, arm)
    assert found.slope.lower < 0 < found.slope.upper


def test_groups_hold_everyone_and_rise_in_prediction() -> None:
    groups = benefit_calibration(*trial(3), groups=5).groups
    assert groups.n.sum() == 300
    assert groups.predicted.is_monotonic_increasing


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda e, y, a: (np.full(300, -0.2), y, a), "one predicted effect for all"),
        (lambda e, y, a: (e, y[:-1], a), "be as long as response and arm"),
        (lambda e, y, a: (e, y, a + 1), "be 0 for control and 1 for active"),
    ],
)
def test_bad_input_is_named(change: object, message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        benefit_calibration(*change(*trial(1)))  # type: ignore[operator]
