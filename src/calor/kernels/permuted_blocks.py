"""Permuted-block allocation of a stream of participants, each stratum filling its own blocks."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def permuted_blocks(
    stratum: np.ndarray, strata: int, ratio: np.ndarray, sizes: np.ndarray, draws: np.ndarray
) -> np.ndarray:
    """Allocate participants in their order of entry.

    Drawing each arm with probability (places it has left) / (places left in the block) fills a block in uniformly
    random order, as a shuffle does, but needs no room for the block. Whoever opens a block draws its size.

    Args:
        stratum: Integer code of each participant's stratum, 0 to strata - 1.
        strata: How many strata there are.
        ratio: Places of each arm in the smallest block (integers).
        sizes: Block sizes, equally likely, each a multiple of the ratio's sum.
        draws: Two uniform draws in [0, 1) per participant: for the arm, and for the size of a block that opens.

    Returns:
        Index of each participant's arm.
    """
    n, smallest = stratum.shape[0], ratio.sum()
    arms = np.empty(n, dtype=np.int64)
    left = np.zeros((strata, ratio.shape[0]), dtype=np.int64)
    open_places = np.zeros(strata, dtype=np.int64)
    for i in range(n):
        s = stratum[i]
        places = open_places[s]
        if places == 0:
            places = sizes[int(draws[i, 1] * sizes.shape[0])]
            for arm in range(ratio.shape[0]):
                left[s, arm] = ratio[arm] * (places // smallest)
        ticket = int(draws[i, 0] * places)
        arm = 0
        while ticket >= left[s, arm]:
            ticket -= left[s, arm]
            arm += 1
        left[s, arm] -= 1
        open_places[s] = places - 1
        arms[i] = arm
    return arms
