"""Ranks: the exact distribution by enumeration, and the interval as the inverted test."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from calor.analyze.continuous.rank_sum import mann_whitney, rank_sum
from calor.errors import AnalysisError


def test_the_exact_p_value_is_that_of_all_allocations() -> None:
    rng = np.random.default_rng(1)
    a, c = rng.normal(0.8, 1, 4), rng.normal(0, 1, 5)
    both = np.r_[a, c]
    w = [mann_whitney(both[list(i)], np.delete(both, list(i))) for i in combinations(range(9), 4)]
    extreme = np.mean(np.abs(np.array(w) - 10) >= abs(mann_whitney(a, c) - 10))
    assert rank_sum(a, c, distribution="exact").p_value == pytest.approx(extreme, rel=1e-12)


def test_the_exact_p_value_of_large_arms_agrees_with_scipy() -> None:
    rng = np.random.default_rng(2)
    a, c = rng.normal(0.4, 1, 31), rng.normal(0, 1, 32)
    want = mannwhitneyu(a, c, method="exact").pvalue
    assert rank_sum(a, c, distribution="exact").p_value == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("continuity", [True, False])
def test_the_normal_p_value_agrees_with_scipy_with_ties(continuity: bool) -> None:
    rng = np.random.default_rng(3)
    a, c = rng.integers(0, 6, 20).astype(float), rng.integers(1, 7, 25).astype(float)
    want = mannwhitneyu(a, c, method="asymptotic", use_continuity=continuity).pvalue
    assert rank_sum(a, c, continuity=continuity).p_value == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("distribution", ["exact", "normal"])
def test_a_shift_is_rejected_just_outside_the_interval_and_not_just_inside(distribution: str) -> None:
    rng = np.random.default_rng(4)
    a, c = rng.normal(1, 1, 11), rng.normal(0, 1, 13)
    found = rank_sum(a, c, distribution=distribution)  # type: ignore[arg-type]

    def p(shift: float) -> float:
        return rank_sum(a - shift, c, distribution=distribution).p_value or 0.0  # type: ignore[arg-type]

    assert p(found.lower - 1e-9) < 0.05 <= p(found.lower + 1e-9)
    assert p(found.upper + 1e-9) < 0.05 <= p(found.upper - 1e-9)


@pytest.mark.parametrize(
    ("active", "control", "distribution", "message"),
    [
        ([1.0, 2.0], [2.0, 3.0], "exact", "be 'normal' when values are tied"),
        ([1.0, 1.0], [1.0, 1.0], "normal", "all values tied"),
        ([1.0], [1.0, 2.0], "normal", "at least two values"),
        ([1.0, np.inf], [1.0, 2.0], "normal", "all finite"),
    ],
)
def test_bad_input_is_named(active: list[float], control: list[float], distribution: str, message: str) -> None:
    with pytest.raises(AnalysisError) as refused:
        rank_sum(np.array(active), np.array(control), distribution=distribution)  # type: ignore[arg-type]
    assert message in str(refused.value)
