"""Tests of an intersection of null hypotheses from the p-values of its members."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from calor.design.multivariate_normal import check_correlation, probability_below
from calor.errors import DesignError
from calor.kernels.normal import upper_quantile

P = Float[np.ndarray, " hypothesis"]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(80)


def bonferroni(p_values: P) -> float:
    """Return the number of hypotheses times the smallest p-value, at most 1.

    >>> bonferroni(np.array([0.01, 0.04]))
    0.02
    """
    p = _checked(p_values)
    return float(min(1.0, p.size * p.min()))


def simes(p_values: P) -> float:
    """Return the smallest of m p_(j) / j over the ordered p-values.

    It keeps the level for independent and for positively dependent statistics, such as those of nested populations.

    >>> simes(np.array([0.03, 0.04]))
    0.04

    Reference: Simes RJ. Biometrika 1986;73:751-754.
    """
    p = np.sort(_checked(p_values))
    return float(np.min(p.size * p / np.arange(1, p.size + 1)))


def sidak(p_values: P) -> float:
    """Return 1 - (1 - smallest p)^m; exact for independent statistics.

    >>> round(sidak(np.array([0.01, 0.04])), 6)
    0.0199

    Reference: Sidak Z. Journal of the American Statistical Association 1967;62:626-633.
    """
    p = _checked(p_values)
    return float(-np.expm1(p.size * np.log1p(-p.min()))) if p.min() < 1 else 1.0


def spiessens_debois(
    p_values: P, correlation: Float[np.ndarray, "hypothesis hypothesis"], *, degrees_of_freedom: float = math.inf
) -> float:
    """Return the p-value of the smallest p-value, given the correlation of the statistics.

    For a subgroup within the full population the correlation is the root of the share of information that the subgroup
    holds; of two populations in general, the information they share over the geometric mean of what they have.

    Args:
        p_values: One-sided p-values.
        correlation: Correlation matrix of their test statistics.
        degrees_of_freedom: Of the statistics' common variance estimate, for two t statistics; infinity for normal ones.

    Raises:
        DesignError: A p-value outside 0 to 1, a matrix that is no correlation matrix, degrees of freedom that are not
            positive, or more than two t statistics.

    >>> round(spiessens_debois(np.array([0.02, 0.03]), np.array([[1, 0.6], [0.6, 1]])), 4)
    0.0354

    Reference: Spiessens B, Debois M. Contemporary Clinical Trials 2010;31:647-656.
    """
    p = _checked(p_values)
    matrix = check_correlation(correlation, p.size)
    if not degrees_of_freedom > 0 or (math.isfinite(degrees_of_freedom) and p.size > 2):
        raise DesignError.must(
            "degrees_of_freedom", "be positive, and infinite for more than two hypotheses", degrees_of_freedom,
            fix="Use normal statistics.",
        )  # fmt: skip
    smallest = float(p.min())
    if p.size == 1 or smallest in (0.0, 1.0):
        return smallest
    if p.size == 2:
        return either_exceeds(smallest, float(matrix[0, 1]), degrees_of_freedom)
    bound = np.full(p.size, upper_quantile(smallest))
    return float(1.0 - probability_below(bound, matrix, error=1e-5))


def either_exceeds(tail: float, correlation: float, degrees_of_freedom: float = math.inf) -> float:
    """Return the probability that either of two correlated statistics exceeds the bound that each exceeds with `tail`.

    Args:
        tail: Probability that one of them exceeds the bound.
        correlation: Their correlation.
        degrees_of_freedom: Of their common variance estimate; infinity for normal statistics.

    >>> round(either_exceeds(0.025, 0.0), 6), round(either_exceeds(0.025, 1.0), 6)
    (0.049375, 0.025)

    Reference: Dunnett CW, Sobel M. Biometrika 1954;41:153-169.
    """
    df = degrees_of_freedom
    h = float(upper_quantile(tail)) if math.isinf(df) else float(stdtrit(df, 1.0 - tail))
    low, high = -0.5 * math.pi, math.asin(correlation)
    nodes, weights = _NODES, _WEIGHTS
    angle = low + 0.5 * (high - low) * (1.0 + nodes)
    exponent = h**2 / np.maximum(1.0 + np.sin(angle), 1e-300)
    density = np.exp(-exponent) if math.isinf(df) else np.exp(-0.5 * df * np.log1p(2.0 * exponent / df))
    both = max(0.0, 2.0 * tail - 1.0) + 0.5 * (high - low) * float(weights @ density) / (2.0 * math.pi)
    return 2.0 * tail - both


def shared_information_correlation(
    members: list[set[int]], information: Float[np.ndarray, " part"]
) -> Float[np.ndarray, "population population"]:
    """Return the correlation of the populations' statistics from the information they share.

    Args:
        members: For each population, the disjoint parts (numbered from 0) that make it up.
        information: Information of each part: participants, or events.

    Raises:
        DesignError: A population without information.

    >>> shared_information_correlation([{0}, {0, 1}], np.array([40.0, 60.0])).round(4)
    array([[1.    , 0.6325],
           [0.6325, 1.    ]])
    """
    inside = np.array([[part in member for part in range(len(information))] for member in members], dtype=float)
    shared = (inside * information) @ inside.T
    own = np.diag(shared)
    if np.any(own <= 0):
        raise DesignError.must(
            "information", "be positive in every population", own.tolist(), fix="Drop the empty one."
        )
    return np.asarray(shared / np.sqrt(np.outer(own, own)))


def _checked(p_values: P) -> P:
    p = np.array(p_values, dtype=float)
    if p.ndim != 1 or p.size == 0 or not np.all((p >= 0) & (p <= 1)):
        raise DesignError.must("p_values", "be numbers between 0 and 1", p.tolist(), fix="Give one-sided p-values.")
    return p
