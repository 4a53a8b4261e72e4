"""Maximally selected rank statistics."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.maximally_selected_rank import maximally_selected_rank
from calor.analyze.rank_sum import rank_z
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
