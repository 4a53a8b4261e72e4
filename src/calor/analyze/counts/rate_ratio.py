"""Exact ratio of two event rates: given the total, the active arm's events are binomial."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from calor.analyze.counts import clopper_pearson
from calor.analyze.counts.poisson_rate import check_rate
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError


def rate_ratio(
    events: int, time_at_risk: float, control_events: int, control_time_at_risk: float, *, level: float = 0.95
) -> Estimate:
    """Compare two Poisson rates by their ratio, exactly.

    The p-value sums the counts no more likely than the observed (two-sided, minimum likelihood); the interval is
    central. Near the level they can disagree.

    Args:
        events: Events in the active arm.
        time_at_risk: Active arm's time at risk.
        control_events: Events in the control arm.
        control_time_at_risk: Control arm's time at risk, in the same unit.
        level: Confidence level, 0 to 1.

    Returns:
        The comparison; its `n` counts events, not participants.

    Raises:
        AnalysisError: A count or a time makes no rate, there is no event at all, or `level` is outside 0 to 1.

    Example:
        >>> print(rate_ratio(5, 14.2, 2, 15.1))
        Rate ratio: 2.658 (95 % CI 0.435 to 27.917; p = 0.275; exact conditional, n = 7)

    Reference:
        Przyborowski J, Wilenski H. Biometrika 1940;31:313-323.
    """
    check_level(level)
    check_rate(events, time_at_risk)
    check_rate(control_events, control_time_at_risk)
    total = events + control_events
    if total == 0:
        raise AnalysisError.must(
            "events and control_events",
            "hold at least one event",
            "none",
            fix="A ratio is not estimable; give each arm's exact upper limit.",
        )
    expected_share = time_at_risk / (time_at_risk + control_time_at_risk)
    lower, upper = clopper_pearson.exact_limits(np.array([events]), np.array([total]), tail=(1 - level) / 2)
    times = control_time_at_risk / time_at_risk
    return Estimate(
        label="Rate ratio",
        estimate=times * events / control_events if control_events else np.inf,
        lower=float(times * lower[0] / (1 - lower[0])),
        upper=float(times * upper[0] / (1 - upper[0])) if upper[0] < 1 else np.inf,
        level=level,
        scale="ratio",
        method="exact conditional",
        n=total,
        p_value=float(binomtest(int(events), int(total), expected_share).pvalue),
    )
