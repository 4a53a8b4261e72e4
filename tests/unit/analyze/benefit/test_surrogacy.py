"""Surrogacy across trials."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.benefit.surrogacy import surrogacy
from calor.errors import AnalysisError


def test_trials_on_a_line_have_its_slope_and_a_perfect_r_squared() -> None:
    x = np.array([-0.5, -0.4, -0.2, -0.1, 0.0])
    found = surrogacy(x, 0.4 * x, np.full(5, 0.05))
    assert found.slope.estimate == pytest.approx(0.4)
    assert found.between_sd == 0.0
    assert found.r_squared == 1.0


def test_large_trials_weigh_more() -> None:
    x = np.array([-0.6, -0.4, -0.2, 0.0, -0.3])
    y = np.array([-0.30, -0.20, -0.10, 0.0, 0.9])
    found = surrogacy(x, y, np.array([0.02, 0.02, 0.02, 0.02, 5.0]))
    assert found.slope.estimate == pytest.approx(0.5, abs=0.01)


def test_the_variance_between_trials_is_recovered() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        x = rng.uniform(-0.6, 0, 30)
        y = 0.5 * x + rng.normal(0, 0.1, 30) + rng.normal(0, 0.05, 30)
        found.append(surrogacy(x, y, np.full(30, 0.05)).between_sd ** 2)
    assert np.mean(found) == pytest.approx(0.01, abs=3 * np.std(found) / np.sqrt(200))


def test_at_the_threshold_effect_the_prediction_just_excludes_no_effect() -> None:
    rng = np.random.default_rng(2)
    x = np.linspace(-0.6, 0, 12)
    found = surrogacy(x, 0.5 * x + rng.normal(0, 0.03, 12), np.full(12, 0.03))
    assert found.threshold_effect is not None
    _, _, upper = found.predict(found.threshold_effect)
    assert upper == pytest.approx(0.0, abs=1e-6)


def test_a_biomarker_that_predicts_nothing_has_no_threshold() -> None:
    rng = np.random.default_rng(3)
    found = surrogacy(np.linspace(-0.6, 0, 8), rng.normal(0, 0.2, 8), np.full(8, 0.05))
    assert found.threshold_effect is None
    assert "surrogate threshold effect none" in str(found)


@pytest.mark.parametrize(
    ("x", "se", "message"),
    [
        (np.arange(3.0), np.ones(3), "four trials or more"),
        (np.arange(5.0), np.zeros(5), "`endpoint_se` must be positive"),
        (np.ones(5), np.ones(5), "`biomarker_effects` must differ"),
    ],
)
def test_bad_input_is_named(x: np.ndarray, se: np.ndarray, message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        surrogacy(x, np.arange(float(len(x))), se)
