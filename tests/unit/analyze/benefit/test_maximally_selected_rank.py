"""Maximally selected rank statistics."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from calor.analyze.benefit.maximally_selected_rank import Approximation, maximally_selected_rank
from calor.analyze.continuous.rank_sum import rank_z
from calor.errors import AnalysisError


def test_each_statistic_is_the_rank_sum_statistic_of_that_split() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.integers(1, 20, 50).astype(float), rng.normal(size=50).round(1)
    found = maximally_selected_rank(y, x)
    for cut, statistic in zip(found.cuts, found.statistics, strict=True):
        assert statistic == pytest.approx(abs(rank_z(y[x <= cut], y[x > cut], continuity=False)), rel=1e-10)


@pytest.mark.parametrize("approximation", ["Lausen 1992", "Lausen 1994"])
def test_the_p_value_does_not_reject_a_null_too_often(approximation: str) -> None:
    rng = np.random.default_rng(2)
    rejected = [
        maximally_selected_rank(rng.normal(size=60), rng.normal(size=60), approximation=approximation).p_value < 0.05  # type: ignore[arg-type]
        for _ in range(1500)
    ]
    assert np.mean(rejected) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500), np.mean(rejected)
    assert np.mean(rejected) > 0.015, np.mean(rejected)


def test_the_joint_normal_p_value_is_that_of_simulated_chains() -> None:
    rng = np.random.default_rng(4)
    x, y = np.arange(40.0), rng.normal(size=40)
    exact = maximally_selected_rank(y, x, approximation="normal")
    walk = np.cumsum(rng.normal(size=(100_000, 40)), axis=1)
    k = np.arange(1, 41)
    bridge = (walk - walk[:, [-1]] * k / 40)[:, 3:36] / np.sqrt(k * (40 - k) / 40)[3:36]
    simulated = np.mean(np.abs(bridge).max(axis=1) >= exact.statistic)
    assert exact.p_value == pytest.approx(simulated, abs=3.3 * np.sqrt(simulated * (1 - simulated) / 100_000))


def test_approximations_agree_with_permutation_and_bound_it() -> None:
    rng = np.random.default_rng(5)
    x = rng.lognormal(2, 1, 63)
    y = 0.5 * (x > 8) + rng.normal(size=63)
    p = {a: maximally_selected_rank(y, x, approximation=a, rng=rng).p_value for a in get_args(Approximation)}
    assert p["normal"] == pytest.approx(p["permutation"], abs=0.02)
    assert p["Lausen 1994"] >= p["normal"]


def test_permutations_need_a_generator() -> None:
    with pytest.raises(AnalysisError, match="`rng` must be given"):
        maximally_selected_rank(np.arange(9.0), np.arange(9.0), approximation="permutation")


def test_a_clear_cut_off_is_found() -> None:
    rng = np.random.default_rng(3)
    x = rng.lognormal(2, 1, 100)
    found = maximally_selected_rank((x > 8) + rng.normal(0, 0.3, 100), x, scores="values")
    assert found.cut == x[x <= 8].max()
    assert found.p_value < 1e-6


@pytest.mark.parametrize(
    ("y", "x", "message"),
    [
        (np.ones(10), np.arange(10.0), "all values tied"),
        (np.arange(9.0), np.arange(10.0), "one value for each"),
        (np.r_[np.nan, np.arange(9.0)], np.arange(10.0), "be finite"),
    ],
)
def test_bad_input_is_named(y: np.ndarray, x: np.ndarray, message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        maximally_selected_rank(y, x)
