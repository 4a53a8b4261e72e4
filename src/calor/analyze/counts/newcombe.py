"""Newcombe's interval of the difference of two proportions: two Wilson intervals, squared and added (MOVER)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.stats import norm

from calor.analyze.counts.event_count import EventCount, counts_by_stratum
from calor.analyze.counts.single_proportion import wilson_limits
from calor.analyze.estimate import Estimate, check_level


def newcombe(active: EventCount, control: EventCount, *, level: float = 0.95) -> Estimate:
    """Estimate the difference of two proportions with Newcombe's hybrid score interval.

    Args:
        active: Events and participants of the active arm.
        control: Events and participants of the control arm.
        level: Confidence level, 0 to 1.

    Raises:
        AnalysisError: `level` is outside 0 to 1.

    Example:
        >>> print(newcombe(EventCount(56, 70), EventCount(48, 80)))
        Risk difference: 0.200 (95 % CI 0.052 to 0.334; Newcombe, n = 150)

    Reference:
        Newcombe RG. Stat Med 1998;17:873-890, method 10.
    """
    return stratified_newcombe([(active, control)], level=level, method="Newcombe")


def stratified_newcombe(
    strata: Sequence[tuple[EventCount, EventCount]], *, level: float = 0.95, method: str = "stratified Newcombe"
) -> Estimate:
    """Estimate the Mantel-Haenszel weighted difference with Newcombe's interval.

    Each arm's weighted proportion has a stratified Wilson interval: weighted sums of the strata's Wilson limits, at a
    quantile made smaller so that the sum has the level. The interval of the difference combines them as in one stratum.

    Args:
        strata: Active and control counts of each stratum.
        level: Confidence level, 0 to 1.
        method: Name for print.

    Raises:
        AnalysisError: There is no stratum or `level` is outside 0 to 1.

    Example:
        >>> strata = [(EventCount(2, 20), EventCount(6, 20)), (EventCount(5, 12), EventCount(7, 11))]
        >>> print(stratified_newcombe(strata))
        Risk difference: -0.207 (95 % CI -0.413 to 0.022; stratified Newcombe, n = 63)

    Reference:
        Yan X, Su XG. Stat Biopharm Res 2010;2:329-335.
    """
    check_level(level)
    x1, n1, x0, n0 = counts_by_stratum(strata)
    weight = n1 * n0 / (n1 + n0)
    weight /= weight.sum()
    p1, p0 = x1 / n1, x0 / n0
    difference = float(weight @ (p1 - p0))
    z = float(norm.ppf((1 + level) / 2))
    factor1, factor0 = float((weight**2 / n1).sum()), float((weight**2 / n0).sum())
    lower1, upper1 = _stratified_wilson(p1, n1, weight, z)
    lower0, upper0 = _stratified_wilson(p0, n0, weight, z)

    def reach(a: float, b: float) -> float:
        return float(z * np.sqrt(factor1 * a * (1 - a) + factor0 * b * (1 - b)))

    return Estimate(
        label="Risk difference",
        estimate=difference,
        lower=difference - reach(lower1, upper0),
        upper=difference + reach(upper1, lower0),
        level=level,
        scale="difference",
        method=method,
        n=int(n1.sum() + n0.sum()),
    )


def _stratified_wilson(
    proportion: Float[np.ndarray, " strata"],
    n: Float[np.ndarray, " strata"],
    weight: Float[np.ndarray, " strata"],
    quantile: float,
) -> tuple[float, float]:
    """Return Yan and Su's interval of a weighted proportion."""
    variance = proportion * (1 - proportion) / n
    if not variance.any():
        # All strata at 0 or 1: they are taken to share one proportion, whose variance cancels from the quantile.
        variance = 1 / n
    scaled = quantile * float(np.sqrt(weight**2 @ variance) / (weight @ np.sqrt(variance)))
    limits = np.array([wilson_limits(float(p), 1 / size, scaled) for p, size in zip(proportion, n, strict=True)])
    lower, upper = weight @ limits
    # The weights sum to 1 up to rounding, which must not carry a limit past it.
    return max(0.0, float(lower)), min(1.0, float(upper))
