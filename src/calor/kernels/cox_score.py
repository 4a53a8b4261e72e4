"""Cox's score test of the arm on one trial's participants, adjusted for the measured marker and stratified by part."""

from __future__ import annotations

import numpy as np
from numba import njit

from calor.kernels.cohort import EVENT, Room
from calor.kernels.partial_likelihood import Rows, sweep
from calor.kernels.strata import Strata


@njit(cache=True)
def cox_score(room: Room, strata: Strata, inside: np.ndarray, adjusted: bool, cut: float) -> tuple[float, float]:
    """Return the arm's score and its variance at no effect, with all data up to a calendar cut.

    Args:
        room: The participants.
        strata: The participants by part.
        inside: Whether the population has each part.
        adjusted: For the logarithm of the measured marker; its coefficient is estimated under no effect of the arm.
        cut: Calendar time of the look.

    Reference: Cox DR. Journal of the Royal Statistical Society B 1972;34:187-220. The variance is the arm's
        information less what the covariate explains of it.
    """
    rows = followed_up(room, strata, inside, adjusted, cut)
    if not rows.event.any():
        return 0.0, 0.0
    beta = np.zeros(rows.x.shape[1])
    score, information = _totals(beta, rows)
    if adjusted:
        for _ in range(50):
            if information[1, 1] <= 0.0:
                return 0.0, 0.0
            step = score[1] / information[1, 1]
            beta[1] += step
            score, information = _totals(beta, rows)
            if abs(step) < 1e-10:
                break
        return score[0], information[0, 0] - information[0, 1] ** 2 / information[1, 1]
    return score[0], information[0, 0]


@njit(cache=True)
def followed_up(room: Room, strata: Strata, inside: np.ndarray, adjusted: bool, cut: float) -> Rows:
    """Return the data of some parts as they are at a cut, sorted for the partial likelihood."""
    most = 0
    for part in range(inside.size):
        most += strata.size[part] if inside[part] else 0
    x = np.zeros((most, 2 if adjusted else 1))
    time, event = np.empty(most), np.zeros(most, dtype=np.bool_)
    stratum = np.empty(most, dtype=np.int64)
    n = 0
    for part in range(inside.size):
        if not inside[part]:
            continue
        entered = 0
        while entered < strata.size[part] and strata.entry[part, entered] < cut:
            entered += 1
        seen = np.minimum(strata.time[part, :entered], cut - strata.entry[part, :entered])
        for i in np.argsort(seen):
            row = strata.row[part, i]
            x[n, 0] = room.arm[row]
            if adjusted:
                x[n, 1] = room.measured[row]
            time[n] = seen[i]
            event[n] = room.cause[row] == EVENT and strata.end[part, i] <= cut
            stratum[n] = part
            n += 1
    if adjusted and n > 0:
        x[:n, 1] -= x[:n, 1].mean()
    return Rows(x[:n], np.zeros(n), time[:n], event[:n], np.ones(n), stratum[:n], np.arange(n))


@njit(cache=True)
def _totals(beta: np.ndarray, rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return score and information, summed over the event times."""
    found = sweep(beta, rows, False, False)
    return found.score.sum(axis=0), found.information.sum(axis=0)
