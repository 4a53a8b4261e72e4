"""Score interval of the difference of two event rates, Miettinen and Nurminen's for person-time."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from calor.analyze.counts.poisson_rate import check_rate
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError


def rate_difference(
    events: int, time_at_risk: float, control_events: int, control_time_at_risk: float, *, level: float = 0.95
) -> Estimate:
    """Compare two Poisson rates by their difference.

    Args:
        events: Events in the active arm.
        time_at_risk: Active arm's time at risk.
        control_events: Events in the control arm.
        control_time_at_risk: Control arm's time at risk, in the same unit.
        level: Confidence level, 0 to 1.

    Returns:
        The comparison; its `n` counts events, not participants.

    Raises:
        AnalysisError: A count or a time makes no rate, or `level` is outside 0 to 1.

    Example:
        >>> print(rate_difference(5, 14.2, 2, 15.1))
        Rate difference: 0.220 (95 % CI -0.171 to 0.706; p = 0.224; Miettinen-Nurminen, n = 7)

    Reference:
        Miettinen O, Nurminen M. Stat Med 1985;4:213-226 (rates). Liu GF, et al. Stat Med 2006;25:1275-1286.
    """
    check_level(level)
    check_rate(events, time_at_risk)
    check_rate(control_events, control_time_at_risk)
    counts = (events, time_at_risk, control_events, control_time_at_risk)
    difference = events / time_at_risk - control_events / control_time_at_risk
    quantile = float(norm.ppf((1 + level) / 2))
    # The score falls like -sqrt(distance), so the limits lie within a few squared quantiles of time.
    reach = abs(difference) + (quantile**2 + 1) * 4 * (1 / time_at_risk + 1 / control_time_at_risk)
    while _z(difference - reach, counts) < quantile or _z(difference + reach, counts) > -quantile:
        reach *= 2
        if not np.isfinite(reach):
            raise AnalysisError.must("level", "leave finite limits", level, fix="Take a level further from 1.")
    z = _z(0.0, counts)
    return Estimate(
        label="Rate difference",
        estimate=difference,
        lower=float(brentq(lambda d: _z(d, counts) - quantile, difference - reach, difference, xtol=1e-14)),
        upper=float(brentq(lambda d: _z(d, counts) + quantile, difference, difference + reach, xtol=1e-14)),
        level=level,
        scale="difference",
        method="Miettinen-Nurminen",
        n=events + control_events,
        p_value=float(2 * norm.sf(abs(z))),
    )


def _z(value: float, counts: tuple[int, float, int, float]) -> float:
    """Return the score at one difference, the control rate estimated under that difference."""
    x1, t1, x0, t0 = counts
    total = t1 + t0
    b = total * value - (x1 + x0)
    root = float(np.sqrt(b**2 + 4 * total * x0 * value)) if b**2 + 4 * total * x0 * value > 0 else 0.0
    rate0 = max((-b + root) / (2 * total), 0.0, -value)
    rate1 = max(rate0 + value, 0.0)
    variance = rate1 / t1 + rate0 / t0
    gap = x1 / t1 - x0 / t0 - value
    if variance <= 0:
        return 0.0 if gap == 0 else float(np.copysign(np.inf, gap))
    return float(gap / np.sqrt(variance))
