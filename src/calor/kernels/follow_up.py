"""Participants who are allocated and followed: event, competing event, dropout, visits."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.cohort import CENSORED, COMPETING, EVENT, Cohort, Room, make_room
from calor.kernels.counter_random import trial_keys
from calor.kernels.many_draws import fill_exponential, fill_uniform
from calor.kernels.permuted_blocks import permuted_blocks
from calor.kernels.screening import screen
from calor.kernels.visits import Visits, respond

_ARM, _FOLLOWED, _CAUSE = np.int64(4), np.int64(5), np.int64(6)  # streams of random numbers, as in `screening`
_FIRST = np.int64(0)


@njit(cache=True)
def follow(cohort: Cohort, visits: Visits | None, key_1: np.uint64, key_2: np.uint64, n: int, room: Room) -> None:
    """Allocate the first `n` participants and draw what happens to them, and when.

    Event, competing event and dropout have one waiting time, and the cause is drawn by their hazards at it.

    Args:
        cohort: What is true.
        visits: Of the continuous endpoint; None to draw no responses.
        key_1: The trial's first key.
        key_2: Its second key.
        n: Participants.
        room: Entry, part and marker are read; arm, time (from randomization) and cause are written.
    """
    pairs = np.empty(2 * n)
    fill_uniform(key_1, key_2, _ARM, _FIRST, pairs)
    arm = permuted_blocks(room.part[:n], cohort.admitted.size, cohort.ratio, cohort.sizes, pairs.reshape(n, 2))
    waiting, cause = room.draws[_FOLLOWED, :n], room.draws[_CAUSE, :n]
    fill_exponential(key_1, key_2, _FOLLOWED, _FIRST, waiting)
    fill_uniform(key_1, key_2, _CAUSE, _FIRST, cause)
    pieces = cohort.starts.size
    for i in range(n):
        a = arm[i]
        room.arm[i] = a
        untreated, treated = _risks(cohort, room.part[i], room.marker[i], a)
        here = cohort.site_risk[room.site[i]]
        budget = waiting[i]
        for q in range(pieces):
            event = cohort.hazard[q] * here * (treated if cohort.late[q] else untreated)
            other = cohort.competing[a, q]
            total = event + other + cohort.dropout[a, q]
            if q + 1 < pieces:
                spent = total * (cohort.starts[q + 1] - cohort.starts[q])
                if budget > spent:
                    budget -= spent
                    continue
            time = cohort.starts[q] + (budget / total if total > 0.0 else math.inf)
            drawn = cause[i] * total
            kind = EVENT if drawn < event else (COMPETING if drawn < event + other else CENSORED)
            if time >= cohort.follow_up:
                time = cohort.follow_up
                kind = CENSORED
            room.time[i] = time
            room.cause[i] = kind
            break
    if visits is not None:
        respond(visits, key_1, key_2, _places(cohort, n, room), arm, room.responses)


@njit(cache=True, inline="always")  # a cohort is too large to pass for every participant
def _risks(cohort: Cohort, part: int, marker: float, arm: int) -> tuple[float, float]:
    """Return a participant's relative hazard before and after the treatment acts."""
    if cohort.shares.size:
        return cohort.risk[0, part], cohort.risk[arm, part]
    at = _on_grid(cohort, marker)
    before = int(at)
    f = at - before
    untreated = (1.0 - f) * cohort.risk[0, before] + f * cohort.risk[0, before + 1]
    return untreated, (1.0 - f) * cohort.risk[arm, before] + f * cohort.risk[arm, before + 1]


@njit(cache=True, inline="always")  # a cohort is too large to pass for every participant
def _on_grid(cohort: Cohort, marker: float) -> float:
    """Return the place of a log marker on the grid of markers."""
    return float(min(max((marker - cohort.grid[0]) / cohort.grid[1], 0.0), cohort.risk.shape[1] - 1.001))


@njit(cache=True)
def _places(cohort: Cohort, n: int, room: Room) -> np.ndarray:
    """Return each participant's place in tables by part or by marker."""
    place = np.empty(n)
    for i in range(n):
        place[i] = room.part[i] if cohort.shares.size else _on_grid(cohort, room.marker[i])
    return place


@njit(cache=True)
def one_trial(cohort: Cohort, visits: Visits | None, seed: int, trial: int) -> tuple[Room, int]:
    """Return the participants of a trial that does not adapt, and their number."""
    key_1, key_2 = trial_keys(seed, trial)
    room = make_room(cohort.most, visits)
    allowed = np.ones((1, cohort.admitted.size), dtype=np.bool_)
    n = screen(cohort, key_1, key_2, np.full(1, -1.0), allowed, room)
    follow(cohort, visits, key_1, key_2, n, room)
    return room, n
