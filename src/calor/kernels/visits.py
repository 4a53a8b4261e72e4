"""A continuous endpoint at visits: what is true of it, and one trial's draws."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.counter_random import quantile
from calor.kernels.many_draws import fill_uniform

_RESPONSE = np.int64(8)  # stream of random numbers, after those of `follow_up`
_FIRST = np.int64(0)


class Visits(NamedTuple):
    """What is true of responses, as numbers.

    `months`: of each visit, from randomization. `control`: mean at baseline and each visit. `root`: lower Cholesky
    factor of the covariance of baseline and visits. `level`, `benefit`: by part or marker: shift of every mean, and
    effect of the active arm at the last visit. `onset`: share of that effect at each visit.
    """

    months: np.ndarray
    control: np.ndarray
    root: np.ndarray
    level: np.ndarray
    benefit: np.ndarray
    onset: np.ndarray


@njit(cache=True)
def respond(
    visits: Visits, key_1: np.uint64, key_2: np.uint64, place: np.ndarray, arm: np.ndarray, out: np.ndarray
) -> None:
    """Draw baseline and every visit of participants, attended or not.

    Args:
        visits: What is true.
        key_1: The trial's first key.
        key_2: Its second key.
        place: Place of each participant in `level` and `benefit`; between two of them, interpolated.
        arm: 1 for the active arm.
        out: Written here, one row per participant: baseline, then each visit.
    """
    size = visits.control.size
    draws = np.empty(place.size * size)
    fill_uniform(key_1, key_2, _RESPONSE, _FIRST, draws)
    for i in range(draws.size):
        draws[i] = quantile(draws[i])
    for i in range(place.size):
        before = int(place[i])
        f = place[i] - before
        after = min(before + 1, visits.level.size - 1)
        level = (1.0 - f) * visits.level[before] + f * visits.level[after]
        benefit = (1.0 - f) * visits.benefit[before] + f * visits.benefit[after]
        for v in range(size):
            value = visits.control[v] + level
            if v > 0 and arm[i] == 1:
                value += benefit * visits.onset[v - 1]
            for w in range(v + 1):
                value += visits.root[v, w] * draws[i * size + w]
            out[i, v] = value
