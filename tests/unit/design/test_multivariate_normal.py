from __future__ import annotations

from math import asin, pi

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from calor.design.multivariate_normal import probability_below


@pytest.mark.parametrize("correlation", [-0.95, -0.3, 0.0, 0.5, 0.99])
def test_two_orthants_have_sheppards_closed_form(correlation: float) -> None:
    matrix = np.array([[1, correlation], [correlation, 1]])
    assert probability_below(np.zeros(2), matrix) == pytest.approx(0.25 + asin(correlation) / (2 * pi), abs=1e-14)


@pytest.mark.parametrize("bounds", [[0.0, 1.0], [-1.0, 2.0], [1e-12, -1e-12], [-3.0, -2.5], [6.0, 0.0]])
def test_two_variables_are_those_of_scipy(bounds: list[float]) -> None:
    matrix = np.array([[1, 0.7], [0.7, 1]])
    judge = multivariate_normal.cdf(bounds, cov=matrix)
    assert probability_below(np.array(bounds), matrix) == pytest.approx(judge, abs=1e-9)


def test_three_orthants_have_a_closed_form() -> None:
    a, b, c = 0.5, -0.2, 0.6
    matrix = np.array([[1, a, b], [a, 1, c], [b, c, 1]])
    exact = 1 / 8 + (asin(a) + asin(b) + asin(c)) / (4 * pi)
    assert probability_below(np.zeros(3), matrix) == pytest.approx(exact, abs=1e-10)


@pytest.mark.parametrize("size", [2, 3, 4])
@pytest.mark.parametrize("rho", [0.1, 0.5, 0.9, 0.98])
def test_exchangeable_normals_reduce_to_one_integral(size: int, rho: float) -> None:
    bound = 2.1
    x = np.linspace(-9, 9, 200_001)
    inner = norm.cdf((bound - np.sqrt(rho) * x) / np.sqrt(1 - rho)) ** size
    exact = np.trapezoid(inner * norm.pdf(x), x)
    matrix = np.full((size, size), rho) + (1 - rho) * np.eye(size)
    assert probability_below(np.full(size, bound), matrix) == pytest.approx(exact, abs=1e-9)


def test_five_independent_normals_multiply_within_the_lattice_rules_error() -> None:
    bounds = np.array([0.5, 1.0, 1.5, 2.0, 2.5])
    assert probability_below(bounds, np.eye(5)) == pytest.approx(norm.cdf(bounds).prod(), abs=1e-6)


def test_bounds_at_infinity_drop_out_or_decide() -> None:
    matrix = np.array([[1, 0.5], [0.5, 1]])
    assert probability_below(np.array([np.inf, 1.0]), matrix) == pytest.approx(norm.cdf(1.0))
    assert probability_below(np.array([np.inf, np.inf]), matrix) == 1.0
    assert probability_below(np.array([-np.inf, 1.0]), matrix) == 0.0


def test_perfectly_correlated_normals_are_one() -> None:
    assert probability_below(np.array([1.0, 0.5, 2.0]), np.ones((3, 3))) == pytest.approx(norm.cdf(0.5), abs=1e-6)
