"""How many are at risk, have the event and are censored at each time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class AtRisk:
    """Counts at the distinct times of one arm, times ascending.

    Attributes:
        time: Distinct times of follow-up.
        at_risk: Participants followed at least to that time, who entered before it.
        events: Events at that time.
        censored: Participants whose follow-up ends there without the event.
    """

    time: Float[np.ndarray, " time"]
    at_risk: Float[np.ndarray, " time"]
    events: Float[np.ndarray, " time"]
    censored: Float[np.ndarray, " time"]


def at_risk(
    time: Float[np.ndarray, " participant"],
    event: Bool[np.ndarray, " participant"],
    start: Float[np.ndarray, " participant"] | None = None,
) -> AtRisk:
    """Count the risk set at each distinct time.

    Args:
        time: End of follow-up.
        event: Whether it ends with the event.
        start: Start of follow-up; None starts everyone before the first time.

    Returns:
        The counts.

    Example:
        >>> at_risk(np.array([2.0, 1.0, 2.0]), np.array([True, False, False])).at_risk
        array([3., 2.])
    """
    distinct, where = np.unique(time, return_inverse=True)
    events = np.bincount(where, weights=event)
    leaving = np.bincount(where).astype(float)
    still_there = leaving[::-1].cumsum()[::-1]
    if start is not None:
        still_there = still_there - (len(start) - np.searchsorted(np.sort(start), distinct, side="left"))
    return AtRisk(distinct, still_there, events, leaving - events)
