"""Cox partial likelihood with Breslow or Efron ties: one sweep from the last event time to the first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Sweep(NamedTuple):
    """Contributions of each event time, latest first within a stratum.

    A tied time of d events has one risk set under Breslow and d under Efron; sums below run over them.

    Attributes:
        row: Row of the (sorted) data that has the event time and stratum.
        loglik: Log partial likelihood.
        score: First derivative.
        information: Minus second derivative.
        mean: Covariate mean of the risk sets, averaged over them.
        hazard: Increment of the cumulative hazard, for a participant who lives through the time.
        hazard_mean: The same increment times the covariate mean.
        dying: Increment of the cumulative hazard for a participant with the event at that time.
        dying_mean: The same times the covariate mean.
        slope: Derivative of the total information, last axis; zeros unless asked for.
    """

    row: np.ndarray
    loglik: np.ndarray
    score: np.ndarray
    information: np.ndarray
    mean: np.ndarray
    hazard: np.ndarray
    hazard_mean: np.ndarray
    dying: np.ndarray
    dying_mean: np.ndarray
    slope: np.ndarray


@njit(cache=True)
def _add(s1, s2, s3, x, weight, third):  # type: ignore[no-untyped-def]  # inlined by numba
    p = x.shape[0]
    for a in range(p):
        wa = weight * x[a]
        s1[a] += wa
        for b in range(a + 1):
            wab = wa * x[b]
            s2[a, b] += wab
            if third:
                for c in range(b + 1):
                    s3[a, b, c] += wab * x[c]


@njit(cache=True)
def _count_event_times(time, event, stratum):  # type: ignore[no-untyped-def]
    count = 0
    previous = -1
    for i in range(time.shape[0]):
        if event[i] and (previous < 0 or time[i] != time[previous] or stratum[i] != stratum[previous]):
            count += 1
            previous = i
    return count


@njit(cache=True, error_model="numpy")
def sweep(
    beta: np.ndarray,
    x: np.ndarray,
    start: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    weight: np.ndarray,
    stratum: np.ndarray,
    by_start: np.ndarray,
    efron: bool,
    third: bool,
) -> Sweep:
    """Evaluate the log partial likelihood and its derivatives at every event time.

    Cox 1972, 1975; ties by Breslow 1974 or Efron 1977; a participant counts in the risk sets of (start, time].

    Args:
        beta: Coefficients.
        x: Covariates, one row per row of data, best centered.
        start: Entry time.
        time: Exit time; rows are sorted by stratum, then by it.
        event: True for an event at exit.
        weight: Case weights.
        stratum: Integer code of the stratum.
        by_start: Rows sorted by stratum, then by entry.
        efron: Efron's handling of ties; else Breslow's.
        third: Whether to compute `slope`, which Firth's penalty needs.

    Returns:
        The contributions.
    """
    n, p = x.shape
    m = _count_event_times(time, event, stratum)
    row = np.zeros(m, dtype=np.int64)
    loglik, hazard, dying = np.zeros(m), np.zeros(m), np.zeros(m)
    score, mean, hazard_mean, dying_mean = np.zeros((m, p)), np.zeros((m, p)), np.zeros((m, p)), np.zeros((m, p))
    information, slope = np.zeros((m, p, p)), np.zeros((p, p, p))
    eta = x @ beta
    top = eta.max()
    risk = weight * np.exp(eta - top)
    r1, d1, c1, g = np.zeros(p), np.zeros(p), np.zeros(p), np.zeros(p)
    r2, d2, c2 = np.zeros((p, p)), np.zeros((p, p)), np.zeros((p, p))
    r3, d3 = np.zeros((p, p, p)), np.zeros((p, p, p))
    k = 0
    last = n - 1
    while last >= 0:
        layer = stratum[last]
        r0 = 0.0
        r1[:] = 0.0
        r2[:] = 0.0
        r3[:] = 0.0
        i = last
        j = last
        while i >= 0 and stratum[i] == layer:
            now = time[i]
            at = i
            d0 = 0.0
            d1[:] = 0.0
            d2[:] = 0.0
            d3[:] = 0.0
            g[:] = 0.0
            deaths = 0
            death_weight = 0.0
            death_eta = 0.0
            while i >= 0 and stratum[i] == layer and time[i] == now:
                r0 += risk[i]
                _add(r1, r2, r3, x[i], risk[i], third)
                if event[i]:
                    deaths += 1
                    death_weight += weight[i]
                    death_eta += weight[i] * (eta[i] - top)
                    d0 += risk[i]
                    _add(d1, d2, d3, x[i], risk[i], third)
                    for a in range(p):
                        g[a] += weight[i] * x[i, a]
                i -= 1
            if deaths == 0:
                continue
            while j >= 0 and stratum[j] == layer and start[by_start[j]] >= now:
                gone = by_start[j]
                r0 -= risk[gone]
                _add(r1, r2, r3, x[gone], -risk[gone], third)
                j -= 1
            row[k] = at
            loglik[k] = death_eta
            for a in range(p):
                score[k, a] = g[a]
            sets = deaths if efron else 1
            each = death_weight / sets
            for s in range(sets):
                share = s / sets
                s0 = r0 - share * d0
                loglik[k] -= each * np.log(s0)
                jump = each / s0
                hazard[k] += jump
                dying[k] += (1.0 - share) * jump
                for a in range(p):
                    c1[a] = (r1[a] - share * d1[a]) / s0
                    score[k, a] -= each * c1[a]
                    mean[k, a] += c1[a] / sets
                    hazard_mean[k, a] += jump * c1[a]
                    dying_mean[k, a] += (1.0 - share) * jump * c1[a]
                    for b in range(a + 1):
                        c2[a, b] = (r2[a, b] - share * d2[a, b]) / s0
                        value = each * (c2[a, b] - c1[a] * c1[b])
                        information[k, a, b] += value
                        if a != b:
                            information[k, b, a] += value
                if third:
                    for a in range(p):
                        for b in range(a + 1):
                            for c in range(b + 1):
                                raw = (r3[a, b, c] - share * d3[a, b, c]) / s0
                                central = (
                                    raw
                                    - c2[a, b] * c1[c]
                                    - c2[a, c] * c1[b]
                                    - c2[b, c] * c1[a]
                                    + 2.0 * c1[a] * c1[b] * c1[c]
                                )
                                slope[a, b, c] += each * central
            k += 1
        last = i
    if third:
        for a in range(p):
            for b in range(a + 1):
                for c in range(b + 1):
                    value = slope[a, b, c]
                    slope[a, c, b] = slope[b, a, c] = slope[b, c, a] = slope[c, a, b] = slope[c, b, a] = value
    scale = np.exp(-top)
    return Sweep(
        row,
        loglik,
        score,
        information,
        mean,
        hazard * scale,
        hazard_mean * scale,
        dying * scale,
        dying_mean * scale,
        slope,
    )
