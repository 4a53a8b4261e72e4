"""Approximate and near-exact intervals of one proportion: Wilson, Agresti-Coull, Jeffreys, mid-p, Blaker."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, binom, norm

from calor.analyze.counts.event_count import EventCount
from calor.analyze.estimate import Estimate, check_level


def wilson(count: EventCount, *, level: float = 0.95, label: str = "Proportion") -> Estimate:
    """Estimate a proportion with Wilson's score interval.

    Args:
        count: Participants with an event and participants observed.
        level: Confidence level, 0 to 1.
        label: What is estimated, for print.

    Raises:
        AnalysisError: `level` is outside 0 to 1.

    Example:
        >>> print(wilson(EventCount(4, 31)))
        Proportion: 0.129 (95 % CI 0.051 to 0.289; Wilson, n = 31)

    Reference:
        Wilson EB. JASA 1927;22:209-212.
    """
    check_level(level)
    lower, upper = wilson_limits(count.proportion, 1 / count.participants, float(norm.ppf((1 + level) / 2)))
    return _estimate(count, lower, upper, level, "Wilson", label)


def wilson_limits(proportion: float, variance_factor: float, quantile: float) -> tuple[float, float]:
    """Solve (proportion - p)^2 = quantile^2 * variance_factor * p(1 - p) for p.

    Args:
        proportion: Observed proportion, or a weighted mean of proportions.
        variance_factor: 1/n, or the sum of squared weights over n.
        quantile: Normal quantile.

    Example:
        >>> wilson_limits(0.0, 1 / 32, 1.96)[1].__round__(4)
        0.1072
    """
    z2 = quantile**2 * variance_factor
    middle = (proportion + z2 / 2) / (1 + z2)
    half = np.sqrt(z2 * proportion * (1 - proportion) + z2**2 / 4) / (1 + z2)
    # At 0 and 1 the limit is the proportion itself; rounding must not move it.
    lower = 0.0 if proportion == 0 else float(middle - half)
    return lower, 1.0 if proportion == 1 else float(middle + half)


def agresti_coull(count: EventCount, *, level: float = 0.95, label: str = "Proportion") -> Estimate:
    """Estimate a proportion with the interval that adds z^2/2 events and z^2/2 non-events.

    Limits beyond 0 and 1 are cut there.

    Args:
        count: Participants with an event and participants observed.
        level: Confidence level, 0 to 1.
        label: What is estimated, for print.

    Raises:
        AnalysisError: `level` is outside 0 to 1.

    Example:
        >>> print(agresti_coull(EventCount(4, 31)))
        Proportion: 0.129 (95 % CI 0.045 to 0.295; Agresti-Coull, n = 31)

    Reference:
        Agresti A, Coull BA. Am Stat 1998;52:119-126.
    """
    check_level(level)
    z = float(norm.ppf((1 + level) / 2))
    n = count.participants + z**2
    middle = (count.events + z**2 / 2) / n
    half = z * np.sqrt(middle * (1 - middle) / n)
    return _estimate(count, max(0.0, middle - half), min(1.0, middle + half), level, "Agresti-Coull", label)


def jeffreys(count: EventCount, *, level: float = 0.95, label: str = "Proportion") -> Estimate:
    """Estimate a proportion with the equal-tailed posterior interval under Jeffreys' prior.

    With no event the lower limit is 0, with only events the upper one is 1, so that coverage does not collapse there.

    Args:
        count: Participants with an event and participants observed.
        level: Posterior probability, 0 to 1.
        label: What is estimated, for print.

    Raises:
        AnalysisError: `level` is outside 0 to 1.

    Example:
        >>> print(jeffreys(EventCount(0, 32)))
        Proportion: 0.000 (95 % CI 0.000 to 0.075; Jeffreys, n = 32)

    Reference:
        Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133, section 3.1.2.
    """
    check_level(level)
    x, n, tail = count.events, count.participants, (1 - level) / 2
    lower = 0.0 if x == 0 else float(beta.ppf(tail, x + 0.5, n - x + 0.5))
    upper = 1.0 if x == n else float(beta.ppf(1 - tail, x + 0.5, n - x + 0.5))
    return _estimate(count, lower, upper, level, "Jeffreys", label)


def mid_p(count: EventCount, *, level: float = 0.95, label: str = "Proportion") -> Estimate:
    """Estimate a proportion with the interval that inverts mid-p tails.

    Args:
        count: Participants with an event and participants observed.
        level: Confidence level, 0 to 1; held on average, not at every true proportion.
        label: What is estimated, for print.

    Raises:
        AnalysisError: `level` is outside 0 to 1.

    Example:
        >>> print(mid_p(EventCount(1, 10)))
        Proportion: 0.100 (95 % CI 0.005 to 0.403; mid-p, n = 10)

    Reference:
        Lancaster HO. JASA 1961;56:223-234. Berry G, Armitage P. Statistician 1995;44:417-423.
    """
    check_level(level)
    x, n, tail = count.events, count.participants, (1 - level) / 2

    def above(p: float) -> float:
        return float(binom.sf(x, n, p) + binom.pmf(x, n, p) / 2)

    lower = 0.0 if x == 0 else _root(lambda p: above(p) - tail)
    upper = 1.0 if x == n else _root(lambda p: above(p) - (1 - tail))
    return _estimate(count, lower, upper, level, "mid-p", label)


def blaker(count: EventCount, *, level: float = 0.95, label: str = "Proportion") -> Estimate:
    """Estimate a proportion with Blaker's exact interval, which lies inside Clopper and Pearson's.

    Args:
        count: Participants with an event and participants observed.
        level: Confidence level, 0 to 1; held at every true proportion.
        label: What is estimated, for print.

    Raises:
        AnalysisError: `level` is outside 0 to 1.

    Example:
        >>> print(blaker(EventCount(4, 31)))
        Proportion: 0.129 (95 % CI 0.045 to 0.286; Blaker, n = 31)

    Reference:
        Blaker H. Can J Stat 2000;28:783-798 (acceptability function).
    """
    check_level(level)
    x, n = count.events, count.participants
    lower = _blaker_lower(x, n, 1 - level)
    return _estimate(count, lower, 1 - _blaker_lower(n - x, n, 1 - level), level, "Blaker", label)


def _blaker_lower(x: int, n: int, alpha: float) -> float:
    """Return the smallest proportion whose acceptability reaches alpha.

    Acceptability at p is P(X >= x) plus the largest lower tail P(X <= k) that does not exceed it. Between the points
    where k steps up it falls and then rises, so the first crossing is at a step or on a rising piece.
    """
    if x == 0:
        return 0.0

    def step(k: int) -> float:
        """Return the proportion from which P(X <= k) no longer exceeds P(X >= x)."""
        return _root(lambda p: float(binom.sf(x - 1, n, p) - binom.cdf(k, n, p)))

    start = 0.0
    for k in range(-1, x):
        end = step(k + 1) if k + 1 < x else 1.0

        def excess(p: float, k: int = k) -> float:
            return float(binom.sf(x - 1, n, p) + binom.cdf(k, n, p)) - alpha

        if start > 0 and excess(start) >= 0:
            return start
        if excess(end) >= 0:
            return float(brentq(excess, start, end, xtol=1e-14, rtol=1e-14))
        start = end
    return start


def _root(function: Callable[[float], float]) -> float:
    """Return where a function of a proportion crosses zero between 0 and 1."""
    return float(brentq(function, 0.0, 1.0, xtol=1e-14, rtol=1e-14))


def _estimate(count: EventCount, lower: float, upper: float, level: float, method: str, label: str) -> Estimate:
    return Estimate(
        label=label,
        estimate=count.proportion,
        lower=float(lower),
        upper=float(upper),
        level=level,
        scale="proportion",
        method=method,
        n=count.participants,
    )
