"""Exact conditional comparison of two event rates."""

from __future__ import annotations

from math import inf, isfinite

from scipy.stats import binomtest

from calor.analyze.estimate import Estimate
from calor.analyze.event_count import check_level
from calor.errors import AnalysisError


def exact_rate_ratio(
    events: tuple[int, int], person_time: tuple[float, float], *, n: int, level: float = 0.95
) -> Estimate:
    """Estimate the ratio of the second arm's event rate to the first's, given the total of events.

    Given the total, the second arm's count is binomial with a probability that depends on the rate ratio alone; the
    interval is Clopper and Pearson's, the p-value sums the outcomes no likelier than the observed one.

    Args:
        events: Events of the control and the active arm.
        person_time: Follow-up of the two arms, in one unit.
        n: Participants.
        level: Confidence level.

    Returns:
        The rate ratio, active over control; infinite limits where an arm has no event.

    Raises:
        AnalysisError: A negative or fractional count, no event at all, follow-up that is not positive, a level outside
            0 to 1.

    Reference:
        Przyborowski and Wilenski, Biometrika 1940; Clopper and Pearson, Biometrika 1934.

    Example:
        >>> print(exact_rate_ratio((11, 3), (110.2, 120.5), n=63))
        rate ratio: 0.249 (95 % CI 0.045 to 0.944; p = 0.029; exact conditional, n = 63)
    """
    if any(e < 0 or e != int(e) for e in events) or sum(events) == 0:
        fix = "Without any event there is no ratio: report the upper bound of each rate."
        raise AnalysisError.must("events", "be counts, at least one above zero", events, fix=fix)
    if any(not isfinite(t) or t <= 0 for t in person_time):
        fix = "Give the summed follow-up of each arm."
        raise AnalysisError.must("person_time", "be positive", person_time, fix=fix)
    check_level(level)
    (control, active), (t0, t1) = events, person_time
    test = binomtest(int(active), int(control + active), t1 / (t0 + t1))
    interval = test.proportion_ci(level, method="exact")
    low, high = (float(share) for share in (interval.low, interval.high))
    return Estimate(
        label="rate ratio",
        estimate=(active / t1) / (control / t0) if control else inf,
        lower=low / (1 - low) * t0 / t1,
        upper=high / (1 - high) * t0 / t1 if high < 1 else inf,
        level=level,
        p_value=float(test.pvalue),
        scale="ratio",
        method="exact conditional",
        n=n,
    )
