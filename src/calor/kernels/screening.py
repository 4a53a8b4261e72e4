"""Candidates who arrive, are tested and enter, or fail the screen."""

from __future__ import annotations

import numpy as np
from numba import njit

from calor.kernels.cohort import Cohort, Room
from calor.kernels.counter_random import quantile, uniform
from calor.kernels.many_draws import fill_exponential, fill_uniform

# Streams of random numbers; numbers of NumPy, as for Python's each would compile its own copy of what takes it.
_ARRIVAL, _PART, _TRUE, _PRESENTS = np.int64(0), np.int64(1), np.int64(2), np.int64(3)
_TEST = np.int64(7)
_SITE = 9 << 32  # the positions of stream 9


@njit(cache=True)
def screen(  # noqa: C901 - one pass over the candidates; a call per candidate would cost more than the work
    cohort: Cohort, key_1: np.uint64, key_2: np.uint64, changes: np.ndarray, allowed: np.ndarray, room: Room
) -> int:
    """Let candidates arrive and enroll those who pass, until the trial is full or over.

    Args:
        cohort: What is true.
        key_1: The trial's first key.
        key_2: Its second key.
        changes: Calendar times, ascending, from which the rows of `allowed` hold.
        allowed: Whether a part is enrolled from that time on.
        room: Written here.

    Returns:
        Number of participants.
    """
    draws = room.draws
    most = room.entry.size
    n = stage = 0
    candidates = np.int64(0)
    arrived = 0.0
    per_step = 1.0 / cohort.arrival_step
    by_marker = cohort.shares.size == 0
    while n < most:
        size = most - n
        if by_marker:
            size = most
        fill_exponential(key_1, key_2, _ARRIVAL, candidates, draws[_ARRIVAL, :size])
        fill_uniform(key_1, key_2, _PART, candidates, draws[_PART, :size])
        if by_marker:
            fill_uniform(key_1, key_2, _TRUE, candidates, draws[_TRUE, :size])
            fill_uniform(key_1, key_2, _PRESENTS, candidates, draws[_PRESENTS, :size])
        for i in range(size):
            arrived += draws[_ARRIVAL, i]
            at = arrived * per_step
            before = int(at)
            if before + 1 >= cohort.arrival.size:
                return n
            time = cohort.arrival[before]
            time += (at - before) * (cohort.arrival[before + 1] - time)
            if by_marker:
                marker, measured, part = _tested(cohort, key_1, key_2, int(candidates + i), draws, i)
            else:
                marker, measured, part = 0.0, 0.0, 0
                while draws[_PART, i] > cohort.shares[part]:
                    part += 1
            while stage + 1 < changes.size and time > changes[stage + 1]:
                stage += 1
            if part >= 0 and cohort.admitted[part] and allowed[stage, part]:
                room.entry[n] = time
                room.marker[n] = marker
                room.measured[n] = measured
                room.part[n] = part
                room.candidate[n] = candidates + i
                if cohort.site_risk.size > 1:
                    room.site[n] = _site(cohort.site_shares[before], uniform(key_1, key_2, int(_SITE + candidates + i)))
                n += 1
                if n == most:
                    break
        candidates += size
    return n


@njit(cache=True)
def _site(shares: np.ndarray, draw: float) -> int:
    """Return the site that a draw falls to."""
    site = 0
    while site < shares.size - 1 and draw > shares[site]:
        site += 1
    return site


@njit(cache=True, inline="always")  # a cohort is too large to pass for every participant
def _tested(
    cohort: Cohort, key_1: np.uint64, key_2: np.uint64, candidate: int, draws: np.ndarray, i: int
) -> tuple[float, float, int]:
    """Return a candidate's log marker, true and lowest tested, and the part for it; -1 if the screen fails."""
    marker = cohort.center + cohort.between * quantile(draws[_TRUE, i])
    if cohort.presents * draws[_PRESENTS, i] + cohort.needs > cohort.window:
        return marker, marker, -1
    lowest = highest = marker + cohort.error * quantile(draws[_PART, i])
    if cohort.tests > 1:
        again = np.empty(cohort.tests - 1)
        fill_uniform(key_1, key_2, _TEST, candidate * (cohort.tests - 1), again)
        for test in range(again.size):
            value = marker + cohort.error * quantile(again[test])
            lowest, highest = min(lowest, value), max(highest, value)
    if highest > cohort.aside:
        return marker, lowest, -1
    part = 0
    while part < cohort.cuts.size and lowest >= cohort.cuts[part]:
        part += 1
    return marker, lowest, part
