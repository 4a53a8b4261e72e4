"""Analysis of covariance and the mixed model for repeated measures on one trial's participants.

Both adjust for baseline and part (each at every visit, in the mixed model). Dropout and a look cut a participant's
visits short but leave no gap, so that the restricted likelihood with an unstructured covariance factors into
regressions of each visit on those before it, and its estimate needs no iteration.

Reference: Anderson TW. Journal of the American Statistical Association 1957;52:200-203 (the factored likelihood).
    Little RJA, Rubin DB. Statistical Analysis with Missing Data. Wiley 2002, ch. 7.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.cohort import Room
from calor.kernels.least_squares import independent, qr_fit
from calor.kernels.strata import Strata

_ARM = 1  # column of the design, after the intercept


@njit(cache=True)
def attended(
    room: Room, strata: Strata, inside: np.ndarray, month: float, since: float, cut: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the participants of some parts whose visit fell after `since` and by `cut`, and the part of each."""
    rows, parts = np.empty(room.entry.size, dtype=np.int64), np.empty(room.entry.size, dtype=np.int64)
    found = 0
    for part in range(inside.size):
        if inside[part]:
            for i in range(strata.size[part]):
                row = strata.row[part, i]
                if room.time[row] >= month and since < room.entry[row] + month <= cut:
                    rows[found] = row
                    parts[found] = part
                    found += 1
    return rows[:found], parts[:found]


@njit(cache=True)
def columns(room: Room, rows: np.ndarray, parts: np.ndarray, before: int) -> tuple[np.ndarray, int]:
    """Return intercept, arm, baseline, parts (but the first) and `before` earlier visits, and where those begin."""
    fresh, levels = np.zeros(rows.size, dtype=np.int64), 0
    for i in range(1, rows.size):
        levels += parts[i] != parts[i - 1]  # rows come part after part
        fresh[i] = levels
    width = 3 + levels
    design = np.zeros((rows.size, width + before))
    for i in range(rows.size):
        own = rows[i]
        design[i, 0] = 1.0
        design[i, _ARM] = room.arm[own]
        design[i, 2] = room.responses[own, 0]
        if fresh[i]:
            design[i, 2 + fresh[i]] = 1.0
        for v in range(before):
            design[i, width + v] = room.responses[own, 1 + v]
    return design, width


@njit(cache=True)
def ancova(
    room: Room, strata: Strata, inside: np.ndarray, months: np.ndarray, since: float, cut: float
) -> tuple[float, float, float, float]:
    """Compare the arms at the last visit, adjusted for baseline and part.

    Args:
        room: The participants.
        strata: The participants by part.
        inside: Whether the population has each part.
        months: Of the visits.
        since: Calendar time after which a last visit counts.
        cut: Calendar time by which it counts.

    Returns:
        Estimate, variance, degrees of freedom and residual variance; the variance is infinite where the data do not
        give an estimate.
    """
    rows, parts = attended(room, strata, inside, months[-1], since, cut)
    if rows.size < 4:
        return 0.0, math.inf, 1.0, 1.0
    design, width = columns(room, rows, parts, 0)
    if not independent(design):
        return 0.0, math.inf, 1.0, 1.0
    found, residuals, _, inverse = qr_fit(design, room.responses[rows, months.size])
    df = float(rows.size - width)
    spread = (residuals @ residuals) / df
    return found[_ARM], spread * _squares(inverse, width), df, spread


@njit(cache=True)
def mmrm(
    room: Room, strata: Strata, inside: np.ndarray, months: np.ndarray, cut: float
) -> tuple[float, float, float, float]:
    """Compare the arms at the last visit by a mixed model of all visits, covariance unstructured.

    Args:
        room: The participants.
        strata: The participants by part.
        inside: Whether the population has each part.
        months: Of the visits.
        cut: Calendar time of the look.

    Returns:
        As `ancova`; the degrees of freedom are those of the last visit alone, which is on the safe side.
    """
    visits = months.size
    own, spreads, units = np.empty(visits), np.empty(visits), np.empty(visits)
    slopes = np.zeros((visits, visits))
    df = 1.0
    for v in range(visits):
        rows, parts = attended(room, strata, inside, months[v], -math.inf, cut)
        if rows.size < 4:
            return 0.0, math.inf, 1.0, 1.0
        design, width = columns(room, rows, parts, v)
        if not independent(design):
            return 0.0, math.inf, 1.0, 1.0
        found, residuals, _, inverse = qr_fit(design, room.responses[rows, 1 + v])
        df = float(rows.size - width)
        own[v] = found[_ARM]
        spreads[v] = (residuals @ residuals) / df
        units[v] = _squares(inverse, width)
        for w in range(v):
            slopes[v, w] = found[width + w]
    weight = _weights(slopes)
    squares = weight**2
    return float((weight * own).sum()), float((squares * spreads * units).sum()), df, float((squares * spreads).sum())


@njit(cache=True)
def _weights(slopes: np.ndarray) -> np.ndarray:
    """Return how much each visit's own part moves the last one, by way of the visits between."""
    visits = slopes.shape[0]
    weight = np.zeros(visits)
    weight[visits - 1] = 1.0
    for v in range(visits - 1, -1, -1):
        for w in range(v):
            weight[w] += weight[v] * slopes[v, w]
    return weight


@njit(cache=True)
def _squares(inverse: np.ndarray, width: int) -> float:
    """Return the unscaled variance of the arm's coefficient in the model of the first `width` columns."""
    total = 0.0
    for j in range(width):
        total += inverse[_ARM, j] ** 2
    return total
