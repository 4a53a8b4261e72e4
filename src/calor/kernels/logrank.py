"""Weighted, stratified log-rank sums of two arms in one pass over sorted arrays."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, inline="always", error_model="numpy")
def one_event(at_risk_active: float, at_risk: float) -> tuple[float, float]:
    """Return the expectation of one event's being the active arm's, and its variance, if the arms do not differ.

    >>> one_event(20.0, 40.0)
    (0.5, 0.25)

    Reference: Mantel N. Cancer Chemotherapy Reports 1966;50:163-170.
    """
    share = at_risk_active / at_risk
    return share, share * (1.0 - share)


@njit(cache=True, error_model="numpy")
def logrank(
    time: np.ndarray, event: np.ndarray, active: np.ndarray, stratum: np.ndarray, rho: float, gamma: float
) -> tuple[float, float, float, float, float]:
    """Sum observed minus expected events of the active arm over the event times of every stratum.

    All arrays are sorted by stratum, then by time; nothing is allocated. The weight of an event time is
    S(t-)**rho (1 - S(t-))**gamma, with S the Kaplan-Meier estimate of both arms together within the stratum
    (Fleming and Harrington 1981; Harrington and Fleming 1982); rho = gamma = 0 is the log-rank test.

    Args:
        time: Follow-up.
        event: True for an event, False for censoring.
        active: True for the active arm.
        stratum: Integer code of the stratum.
        rho: Power of S(t-).
        gamma: Power of 1 - S(t-).

    Returns:
        score: Observed minus expected events of the active arm, weighted.
        variance: Its hypergeometric variance.
        observed: Weighted events of the active arm.
        expected: Weighted events expected there.
        events: Weighted events of both arms.
    """
    n = time.shape[0]
    weighted = rho != 0.0 or gamma != 0.0
    variance = 0.0
    observed = 0.0
    expected = 0.0
    events = 0.0
    first = 0
    while first < n:
        last = first
        at_risk_active = 0.0
        while last < n and stratum[last] == stratum[first]:
            at_risk_active += active[last]
            last += 1
        at_risk = float(last - first)
        survival = 1.0
        i = first
        while i < last:
            now = time[i]
            d = 0.0
            d_active = 0.0
            leave = 0.0
            leave_active = 0.0
            while i < last and time[i] == now:
                leave += 1.0
                leave_active += active[i]
                if event[i]:
                    d += 1.0
                    d_active += active[i]
                i += 1
            if d > 0.0:
                weight = survival**rho * (1.0 - survival) ** gamma if weighted else 1.0
                each, spread = one_event(at_risk_active, at_risk)
                observed += weight * d_active
                expected += weight * d * each
                events += weight * d
                if at_risk > 1.0:
                    variance += weight * weight * d * spread * (at_risk - d) / (at_risk - 1.0)
                survival *= 1.0 - d / at_risk
            at_risk -= leave
            at_risk_active -= leave_active
        first = last
    return observed - expected, variance, observed, expected, events
