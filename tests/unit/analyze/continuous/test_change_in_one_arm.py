"""Change against baseline in one arm is refused, and why: a null simulation of the naive way and of ours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as t_distribution

from calor.analyze.benefit.interaction import interaction
from calor.analyze.continuous.change_in_one_arm import change_in_one_arm, null_correlation
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError


def test_it_refuses_and_names_the_way_out() -> None:
    rng = np.random.default_rng(3)
    before = rng.normal(2.3, 0.28, 40)
    with pytest.raises(AnalysisError, match="treatment by baseline in an ANCOVA of both arms"):
        change_in_one_arm(before, before + rng.normal(0, 0.2, 40))


def test_it_refuses_degenerate_data_too() -> None:
    with pytest.raises(AnalysisError, match="baseline stands on both sides"):
        change_in_one_arm(np.ones(5), np.arange(5.0))


def test_the_null_correlation_is_what_a_large_null_sample_shows() -> None:
    rng = np.random.default_rng(5)
    before = rng.normal(size=400_000)
    after = 0.5 * before + np.sqrt(0.75) * rng.normal(size=400_000)
    assert np.corrcoef(before, after - before)[0, 1] == pytest.approx(null_correlation(0.5), abs=0.005)


def test_naively_most_null_trials_show_a_relation_and_by_interaction_one_in_twenty() -> None:
    """4,000 trials of 31 + 32, follow-up correlated 0.35 with baseline, the same effect for everyone."""
    rng = np.random.default_rng(17)
    trials, n = 4000, 63
    active = np.arange(n) >= 31
    before = rng.normal(size=(trials, n))
    after = 0.35 * before + rng.normal(0, np.sqrt(1 - 0.35**2), (trials, n)) - 0.6 * active
    naive = _p_of_correlation(before[:, active], (after - before)[:, active])
    ours = _p_of_interaction(before, after, active)
    first = pd.DataFrame({"arm": np.where(active, "active", "placebo"), "before": before[0], "after": after[0]})
    once = interaction(first, Comparison("after", "arm", ("placebo", "active")), biomarker="before", scale="linear")
    assert ours[0] == pytest.approx(once.slope_difference.p_value, rel=1e-9)
    naive_rate, our_rate = np.mean(naive < 0.05), np.mean(ours < 0.05)
    assert naive_rate > 0.85, naive_rate
    assert abs(our_rate - 0.05) < 3 * np.sqrt(0.05 * 0.95 / trials), our_rate


def _p_of_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    x, y = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    r = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
    df = x.shape[1] - 2
    return 2 * t_distribution.sf(np.abs(r) * np.sqrt(df / (1 - r**2)), df)


def _p_of_interaction(x: np.ndarray, y: np.ndarray, active: np.ndarray) -> np.ndarray:
    trials, n = x.shape
    a = np.broadcast_to(active.astype(float), (trials, n))
    design = np.stack([np.ones((trials, n)), a, x, a * x], axis=2)
    inverse = np.linalg.inv(design.transpose(0, 2, 1) @ design)
    b = (inverse @ (design.transpose(0, 2, 1) @ y[:, :, None]))[:, :, 0]
    rss = ((y - (design @ b[:, :, None])[:, :, 0]) ** 2).sum(1)
    t = b[:, 3] / np.sqrt(inverse[:, 3, 3] * rss / (n - 4))
    return 2 * t_distribution.sf(np.abs(t), n - 4)
