"""Clopper-Pearson: the exact interval of one proportion, also with no events or only events."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float
from scipy.stats import beta

from calor.analyze.counts.event_count import EventCount
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError

Side = Literal["two-sided", "upper", "lower"]
_METHOD = {
    "two-sided": "Clopper-Pearson",
    "upper": "Clopper-Pearson, one-sided upper limit",
    "lower": "Clopper-Pearson, one-sided lower limit",
}


def clopper_pearson(
    count: EventCount, *, level: float = 0.95, side: Side = "two-sided", label: str = "Proportion"
) -> Estimate:
    """Estimate a proportion with its exact interval.

    With no events the one-sided upper limit is what the data cannot exclude (the "rule of three" made exact).

    Args:
        count: Participants with an event and participants observed.
        level: Confidence level, 0 to 1.
        side: `"upper"` and `"lower"` put the whole error on one side; the other limit is then 0 or 1.
        label: What is estimated, for print.

    Raises:
        AnalysisError: `level` is outside 0 to 1 or `side` is unknown.

    Example:
        >>> print(clopper_pearson(EventCount(0, 32), side="upper", label="Recurrent infarction"))
        Recurrent infarction: 0.000 (95 % CI 0.000 to 0.089; Clopper-Pearson, one-sided upper limit, n = 32)

    Reference:
        Clopper CJ, Pearson ES. Biometrika 1934;26:404-413.
    """
    check_level(level)
    if side not in _METHOD:
        raise AnalysisError.must("side", f"be one of {sorted(_METHOD)}", repr(side), fix='Take "two-sided" if unsure.')
    tail = (1 - level) / 2 if side == "two-sided" else 1 - level
    lower, upper = exact_limits(np.array([count.events]), np.array([count.participants]), tail=tail)
    return Estimate(
        label=label,
        estimate=count.proportion,
        lower=0.0 if side == "upper" else float(lower[0]),
        upper=1.0 if side == "lower" else float(upper[0]),
        level=level,
        scale="proportion",
        method=_METHOD[side],
        n=count.participants,
    )


def exact_limits(
    events: Float[np.ndarray, " k"], participants: Float[np.ndarray, " k"], *, tail: float
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Invert the binomial tails of many counts at once, `tail` error on each side.

    Args:
        events: Participants with an event.
        participants: Participants observed, at least 1.
        tail: Error on each side, 0.025 for a two-sided 95 % interval.

    Example:
        >>> lower, upper = exact_limits(np.array([0.0, 4.0]), np.array([32.0, 31.0]), tail=0.025)
        >>> upper.round(4)
        array([0.1089, 0.2983])
    """
    x, n = np.asarray(events, float), np.asarray(participants, float)
    # The beta quantile is undefined where a shape is 0: there the limit is 0 (no event) or 1 (only events).
    lower = np.where(x == 0, 0.0, beta.ppf(tail, np.maximum(x, 1), n - x + 1))
    upper = np.where(x == n, 1.0, beta.ppf(1 - tail, x + 1, np.maximum(n - x, 1)))
    return lower, upper
