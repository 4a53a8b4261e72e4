"""Exact interval of an event rate: events over time at risk, also with no events."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.stats import chi2

from calor.analyze.estimate import Estimate, check_level
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


def poisson_rate(
    events: int, time_at_risk: float, *, level: float = 0.95, per: float = 1.0, label: str = "Event rate"
) -> Estimate:
    """Estimate a Poisson rate with its exact (Garwood) interval.

    Args:
        events: Number of events.
        time_at_risk: Sum of the participants' time at risk, for instance in participant-years.
        level: Confidence level, 0 to 1.
        per: Units of time that the rate is given for; 100 prints events per 100 participant-years.
        label: What is estimated, for print.

    Returns:
        The rate; its `n` counts events, not participants.

    Raises:
        AnalysisError: `events` is negative or no whole number, `time_at_risk` or `per` is not positive and finite.

    Example:
        >>> print(poisson_rate(5, 14.2, per=100, label="Serious events per 100 participant-years"))
        Serious events per 100 participant-years: 35.211 (95 % CI 11.433 to 82.171; exact Poisson, n = 5)

    Reference:
        Garwood F. Biometrika 1936;28:437-442.
    """
    check_level(level)
    check_rate(events, time_at_risk)
    if not 0 < per < np.inf:
        raise AnalysisError.must("per", "be positive and finite", per, fix="Give 100 for a rate per 100 units of time.")
    lower, upper = exact_limits(np.array([events]), level=level)
    scale = per / time_at_risk
    return Estimate(
        label=label,
        estimate=events * scale,
        lower=float(lower[0]) * scale,
        upper=float(upper[0]) * scale,
        level=level,
        scale="rate",
        method="exact Poisson",
        n=events,
    )


def check_rate(events: int, time_at_risk: float) -> None:
    """Refuse counts and times that make no rate.

    >>> check_rate(5, 14.2)

    Raises:
        AnalysisError: `events` is negative or no whole number, or `time_at_risk` is not positive and finite.
    """
    whole_number("events", events, fix="Count events.")
    if not 0 < time_at_risk < np.inf:
        raise AnalysisError.must(
            "time_at_risk", "be positive and finite", time_at_risk, fix="Sum the time under observation."
        )


def exact_limits(
    events: Float[np.ndarray, " k"], *, level: float
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return the exact limits of the expected number of events, for many counts at once.

    Args:
        events: Numbers of events.
        level: Confidence level, 0 to 1.

    Example:
        >>> exact_limits(np.array([0.0, 5.0]), level=0.95)[1].round(3)
        array([ 3.689, 11.668])
    """
    x = np.asarray(events, float)
    tail = (1 - level) / 2
    # Chi-squared with 0 degrees of freedom is a point at 0: no events, lower limit 0.
    lower = np.where(x == 0, 0.0, chi2.ppf(tail, 2 * np.maximum(x, 1)) / 2)
    return lower, np.asarray(chi2.ppf(1 - tail, 2 * x + 2)) / 2
