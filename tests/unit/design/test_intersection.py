"""Tests of intersection hypotheses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, multivariate_normal, norm
from scipy.stats import t as student

from calor.design import intersection
from calor.errors import DesignError

P = np.array([0.04, 0.01, 0.03])


def test_simple_tests_follow_their_formulas() -> None:
    assert intersection.bonferroni(P) == pytest.approx(0.03)
    assert intersection.simes(P) == pytest.approx(min(0.03, 3 * 0.03 / 2, 0.04))
    assert intersection.sidak(P) == pytest.approx(1 - 0.99**3)


def test_one_hypothesis_needs_no_adjustment() -> None:
    one = np.array([0.2])
    for test in (intersection.bonferroni, intersection.simes, intersection.sidak):
        assert test(one) == pytest.approx(0.2)
    assert intersection.spiessens_debois(one, np.eye(1)) == 0.2


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.6, 0.999])
@pytest.mark.parametrize("tail", [1e-6, 0.02, 0.4, 0.7])
def test_either_of_two_normal_statistics(rho: float, tail: float) -> None:
    h = norm.isf(tail)
    want = 1 - multivariate_normal.cdf([h, h], cov=[[1, rho], [rho, 1]])
    assert intersection.either_exceeds(tail, rho) == pytest.approx(want, abs=2e-8)


def test_either_of_two_t_statistics() -> None:
    """Against the normal case averaged over the variance estimate."""
    h, df = student.isf(0.03, 12), 12

    def given_variance(u: float) -> float:
        bound = h * math.sqrt(u / df)
        return float(chi2.pdf(u, df) * (1 - multivariate_normal.cdf([bound] * 2, cov=[[1, 0.6], [0.6, 1]])))

    want = quad(given_variance, 0, 80, epsabs=1e-9)[0]
    assert intersection.either_exceeds(0.03, 0.6, 12) == pytest.approx(want, abs=1e-7)


def test_independence_and_identity_are_the_extremes() -> None:
    identity = intersection.spiessens_debois(P[:2], np.ones((2, 2)))
    independent = intersection.spiessens_debois(P[:2], np.eye(2))
    assert identity == pytest.approx(0.01, abs=1e-8)
    assert independent == pytest.approx(intersection.sidak(P[:2]), abs=1e-10)


def test_three_populations_are_correlated_too() -> None:
    matrix = intersection.shared_information_correlation([{0}, {0, 1}, {0, 1, 2}], np.array([20.0, 30.0, 50.0]))
    assert matrix[0, 2] == pytest.approx(math.sqrt(0.2))
    p = intersection.spiessens_debois(P, matrix)
    assert intersection.bonferroni(P) > p > P.min()


def test_overlapping_populations_share_their_information() -> None:
    matrix = intersection.shared_information_correlation([{0, 1}, {1, 2}], np.array([10.0, 30.0, 20.0]))
    assert matrix[0, 1] == pytest.approx(30 / math.sqrt(40 * 50))


def test_spiessens_debois_is_exact_for_normal_statistics() -> None:
    """Under the null the p-value is uniform: by simulation at 5 %."""
    rng = np.random.default_rng(9)
    matrix = np.array([[1, 0.6], [0.6, 1]])
    z = rng.multivariate_normal(np.zeros(2), matrix, size=40_000)
    smallest = norm.sf(z).min(axis=1)
    threshold = 0.05
    rate = np.mean([intersection.either_exceeds(float(p), 0.6) <= threshold for p in smallest])
    half = 4 * math.sqrt(0.05 * 0.95 / 40_000)
    assert abs(rate - threshold) < half, f"{rate} outside 0.05 +- {half}"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: intersection.simes(np.array([])), "`p_values` must be numbers between 0 and 1"),
        (lambda: intersection.bonferroni(np.array([1.1])), "`p_values` must be numbers between 0 and 1"),
        (lambda: intersection.sidak(np.array([math.nan])), "`p_values` must be numbers between 0 and 1"),
        (lambda: intersection.spiessens_debois(P[:2], np.eye(3)), "`correlation` must be 2 by 2"),
        (lambda: intersection.spiessens_debois(P[:2], np.array([[1, 2], [2, 1]])), "`correlation` must be positive"),
        (lambda: intersection.spiessens_debois(P, np.eye(3), degrees_of_freedom=5), "`degrees_of_freedom` must be"),
        (lambda: intersection.spiessens_debois(P[:2], np.eye(2), degrees_of_freedom=0), "`degrees_of_freedom` must be"),
        (lambda: intersection.shared_information_correlation([{0}, {1}], np.array([1.0, 0.0])), "`information` must"),
    ],
)
def test_nonsense_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        make()
