"""Covariate-adaptive allocation of a stream of participants: minimize a weighted imbalance over cells of the trial."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

RANGE, VARIANCE, STANDARD_DEVIATION = 0, 1, 2

_TIE = 1e-9


@njit(cache=True)
def spread(counts: np.ndarray, measure: int) -> float:
    """Return how unequal the counts of a cell are: their range, sample variance or standard deviation."""
    if measure == RANGE:
        return float(counts.max() - counts.min())
    variance = ((counts - counts.mean()) ** 2).sum() / (counts.shape[0] - 1)
    return float(variance) if measure == VARIANCE else math.sqrt(variance)


@njit(cache=True)
def imbalance_if(counts: np.ndarray, weights: np.ndarray, measure: int) -> np.ndarray:
    """Return the weighted imbalance that would follow from giving the newcomer each share of the ratio.

    Args:
        counts: Participants so far, one row per cell of the newcomer, one column per share.
        weights: Weight of each row.
        measure: RANGE, VARIANCE or STANDARD_DEVIATION.
    """
    shares = counts.shape[1]
    imbalance = np.zeros(shares)
    for share in range(shares):
        for cell in range(counts.shape[0]):
            after = counts[cell].copy()
            after[share] += 1.0
            imbalance[share] += weights[cell] * spread(after, measure)
    return imbalance


@njit(cache=True)
def favor(imbalance: np.ndarray, probability: float, draw: float, tie_draw: float) -> int:
    """Draw a share: one of the least imbalanced with `probability`, else one of all the others alike.

    Ties for the least are broken evenly, so that no share is ever treated differently for its label.
    """
    shares = imbalance.shape[0]
    least = imbalance.min()
    tied = np.nonzero(imbalance <= least + _TIE)[0]
    first = tied[int(tie_draw * tied.shape[0])]
    if draw < probability:
        return int(first)
    other = int((draw - probability) / (1.0 - probability) * (shares - 1))
    other = min(other, shares - 2)
    return int(other + (other >= first))


@njit(cache=True)
def minimize(
    cells: np.ndarray, cell_count: int, weights: np.ndarray, shares: int, measure: int, probability: float,
    draws: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Allocate participants in their order of entry.

    Args:
        cells: Indices of the cells that each participant belongs to, one row per participant.
        cell_count: How many cells there are.
        weights: Weight of each column of `cells`.
        shares: Sum of the allocation ratio; the shares of one arm are folded together afterwards.
        measure: RANGE, VARIANCE or STANDARD_DEVIATION.
        probability: Of a share that leaves the least imbalance.
        draws: Two uniform draws in [0, 1) per participant.

    Returns:
        Index of each participant's share.
    """
    n = cells.shape[0]
    chosen = np.empty(n, dtype=np.int64)
    counts = np.zeros((cell_count, shares))
    for i in range(n):
        imbalance = imbalance_if(counts[cells[i]], weights, measure)
        chosen[i] = favor(imbalance, probability, draws[i, 0], draws[i, 1])
        for cell in cells[i]:
            counts[cell, chosen[i]] += 1.0
    return chosen
