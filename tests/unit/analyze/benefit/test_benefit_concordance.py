"""c-for-benefit."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.benefit.benefit_concordance import c_for_benefit
from calor.errors import AnalysisError


def c(effects: np.ndarray, response: np.ndarray, arm: np.ndarray, bootstraps: int = 50) -> float:
    return c_for_benefit(effects, response, arm, rng=np.random.default_rng(1), bootstraps=bootstraps).estimate


def test_without_noise_it_is_one_for_true_and_zero_for_reversed_predictions() -> None:
    arm, effects = np.repeat([0, 1], 50), np.tile(np.linspace(-1, 1, 50), 2)
    response = arm * effects
    assert c(effects, response, arm) == 1.0
    assert c(-effects, response, arm) == 0.0


def test_predictions_without_bearing_are_at_one_half() -> None:
    rng = np.random.default_rng(2)
    arm = np.arange(200) % 2
    found = [c(rng.normal(size=200), rng.normal(size=200), arm, bootstraps=2) for _ in range(40)]
    assert np.mean(found) == pytest.approx(0.5, abs=3 * np.std(found) / np.sqrt(40))


def test_unequal_arms_are_thinned_and_few_participants_refused() -> None:
    rng = np.random.default_rng(3)
    arm = (np.arange(90) % 3 == 0).astype(int)
    effects = rng.normal(size=90)
    assert c(effects, arm * effects, arm) > 0.8
    with pytest.raises(AnalysisError, match="five or more"):
        c(np.arange(6.0), np.arange(6.0), np.array([0, 0, 0, 1, 1, 1]))
    with pytest.raises(AnalysisError, match="one predicted effect for all"):
        c(np.ones(20), np.arange(20.0), np.arange(20) % 2)
