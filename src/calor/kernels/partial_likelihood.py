"""Cox partial likelihood with Breslow or Efron ties: one sweep from the last event time to the first.

Loops are written out where an array expression would be shorter, since those more than double the time to compile.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Rows(NamedTuple):
    """Data of a proportional-hazards model, sorted by stratum, then by exit time.

    Attributes:
        x: Covariates, one row per row of data, best centered.
        start: Entry time; a row counts in the risk sets of (start, time].
        time: Exit time.
        event: True for an event at exit.
        weight: Case weights.
        stratum: Integer code of the stratum.
        by_start: Rows sorted by stratum, then by entry.
    """

    x: np.ndarray
    start: np.ndarray
    time: np.ndarray
    event: np.ndarray
    weight: np.ndarray
    stratum: np.ndarray
    by_start: np.ndarray


class Sweep(NamedTuple):
    """Contributions of each event time, latest first within a stratum.

    A tied time of d events has one risk set under Breslow and d under Efron; sums below run over them.

    Attributes:
        row: Row of the data that has the event time and stratum.
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


class Moments(NamedTuple):
    """Sums of risk times powers of the covariates; the lower triangles of the second and third."""

    zero: np.ndarray
    one: np.ndarray
    two: np.ndarray
    three: np.ndarray


@njit(cache=True)
def _moments(p: int) -> Moments:
    return Moments(np.zeros(1), np.zeros(p), np.zeros((p, p)), np.zeros((p, p, p)))


@njit(cache=True)
def _clear(sums: Moments) -> None:
    sums.zero[:] = 0.0
    sums.one[:] = 0.0
    sums.two[:] = 0.0
    sums.three[:] = 0.0


@njit(cache=True)
def _add(sums: Moments, x: np.ndarray, risk: float, third: bool) -> None:
    sums.zero[0] += risk
    for a in range(x.shape[0]):
        of_a = risk * x[a]
        sums.one[a] += of_a
        for b in range(a + 1):
            of_ab = of_a * x[b]
            sums.two[a, b] += of_ab
            if third:
                for c in range(b + 1):
                    sums.three[a, b, c] += of_ab * x[c]


@njit(cache=True)
def _count_event_times(rows: Rows) -> int:
    count = 0
    previous = -1
    for i in range(rows.time.shape[0]):
        if not rows.event[i]:
            continue
        if previous < 0 or rows.time[i] != rows.time[previous] or rows.stratum[i] != rows.stratum[previous]:
            count += 1
        previous = i
    return count


@njit(cache=True)
def _blank(rows: Rows) -> Sweep:
    m = _count_event_times(rows)
    p = rows.x.shape[1]
    return Sweep(
        row=np.zeros(m, dtype=np.int64),
        loglik=np.zeros(m),
        score=np.zeros((m, p)),
        information=np.zeros((m, p, p)),
        mean=np.zeros((m, p)),
        hazard=np.zeros(m),
        hazard_mean=np.zeros((m, p)),
        dying=np.zeros(m),
        dying_mean=np.zeros((m, p)),
        slope=np.zeros((p, p, p)),
    )


@njit(cache=True, error_model="numpy")
def _risk_set(out: Sweep, k: int, at_risk: Moments, tied: Moments, share: float, each: float, parts: int) -> None:
    """Add one risk set, of which the tied events count (1 - share), to event time k; `each` is its event weight."""
    p = at_risk.one.shape[0]
    total = at_risk.zero[0] - share * tied.zero[0]
    jump = each / total
    out.loglik[k] -= each * np.log(total)
    out.hazard[k] += jump
    out.dying[k] += (1.0 - share) * jump
    for a in range(p):
        mean = (at_risk.one[a] - share * tied.one[a]) / total
        out.score[k, a] -= each * mean
        out.mean[k, a] += mean / parts
        out.hazard_mean[k, a] += jump * mean
        out.dying_mean[k, a] += (1.0 - share) * jump * mean
        for b in range(a + 1):
            mean_b = (at_risk.one[b] - share * tied.one[b]) / total
            value = each * ((at_risk.two[a, b] - share * tied.two[a, b]) / total - mean * mean_b)
            out.information[k, a, b] += value
            if a != b:
                out.information[k, b, a] += value


@njit(cache=True, error_model="numpy")
def _third_moment(slope: np.ndarray, at_risk: Moments, tied: Moments, share: float, each: float) -> None:
    """Add one risk set's third central moments, the derivative of its information."""
    total = at_risk.zero[0] - share * tied.zero[0]
    for a in range(at_risk.one.shape[0]):
        mean_a = (at_risk.one[a] - share * tied.one[a]) / total
        for b in range(a + 1):
            mean_b = (at_risk.one[b] - share * tied.one[b]) / total
            both_ab = (at_risk.two[a, b] - share * tied.two[a, b]) / total
            for c in range(b + 1):
                mean_c = (at_risk.one[c] - share * tied.one[c]) / total
                both_ac = (at_risk.two[a, c] - share * tied.two[a, c]) / total
                both_bc = (at_risk.two[b, c] - share * tied.two[b, c]) / total
                all_three = (at_risk.three[a, b, c] - share * tied.three[a, b, c]) / total
                pairs = both_ab * mean_c + both_ac * mean_b + both_bc * mean_a
                slope[a, b, c] += each * (all_three - pairs + 2.0 * mean_a * mean_b * mean_c)


@njit(cache=True)
def _mirror(slope: np.ndarray) -> None:
    for a in range(slope.shape[0]):
        for b in range(a + 1):
            for c in range(b + 1):
                value = slope[a, b, c]
                slope[a, c, b] = value
                slope[b, a, c] = value
                slope[b, c, a] = value
                slope[c, a, b] = value
                slope[c, b, a] = value


@njit(cache=True)
def _rescale(out: Sweep, factor: float) -> None:
    for k in range(out.hazard.shape[0]):
        out.hazard[k] *= factor
        out.dying[k] *= factor
        for a in range(out.score.shape[1]):
            out.hazard_mean[k, a] *= factor
            out.dying_mean[k, a] *= factor


@njit(cache=True)
def _linear_predictor(x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    eta = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        for a in range(x.shape[1]):
            eta[i] += x[i, a] * beta[a]
    return eta


@njit(cache=True)
def _event(out: Sweep, k: int, x: np.ndarray, weight: float, eta: float) -> None:
    out.loglik[k] += weight * eta
    for a in range(x.shape[0]):
        out.score[k, a] += weight * x[a]


@njit(cache=True, error_model="numpy")
def sweep(beta: np.ndarray, rows: Rows, efron: bool, third: bool) -> Sweep:
    """Evaluate the log partial likelihood and its derivatives at every event time.

    Cox 1972, 1975; ties by Breslow 1974 or Efron 1977.

    Args:
        beta: Coefficients.
        rows: Sorted data.
        efron: Efron's handling of ties; else Breslow's.
        third: Whether to compute `slope`, which Firth's penalty needs.

    Returns:
        The contributions.
    """
    n, p = rows.x.shape
    out = _blank(rows)
    at_risk, tied = _moments(p), _moments(p)
    eta = _linear_predictor(rows.x, beta)
    top = eta.max()
    risk = np.zeros(n)
    for r in range(n):
        risk[r] = rows.weight[r] * np.exp(eta[r] - top)
    k = 0
    i = n - 1
    leaving = n - 1
    while i >= 0:
        if i == n - 1 or rows.stratum[i] != rows.stratum[i + 1]:
            _clear(at_risk)
            leaving = i
        _clear(tied)
        now = i
        deaths = 0
        weight = 0.0
        while i >= 0 and rows.stratum[i] == rows.stratum[now] and rows.time[i] == rows.time[now]:
            _add(at_risk, rows.x[i], risk[i], third)
            if rows.event[i]:
                _add(tied, rows.x[i], risk[i], third)
                deaths += 1
                weight += rows.weight[i]
                _event(out, k, rows.x[i], rows.weight[i], eta[i] - top)
            i -= 1
        if deaths == 0:
            continue
        while leaving > i and rows.start[rows.by_start[leaving]] >= rows.time[now]:
            _add(at_risk, rows.x[rows.by_start[leaving]], -risk[rows.by_start[leaving]], third)
            leaving -= 1
        out.row[k] = now
        parts = deaths if efron else 1
        for part in range(parts):
            _risk_set(out, k, at_risk, tied, part / parts, weight / parts, parts)
            if third:
                _third_moment(out.slope, at_risk, tied, part / parts, weight / parts)
        k += 1
    _mirror(out.slope)
    _rescale(out, np.exp(-top))
    return out
