"""Candidates who arrive, are screened and allocated, and participants who are followed: one virtual trial."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.counter_random import quantile, trial_keys, uniform
from calor.kernels.many_draws import fill_exponential, fill_uniform
from calor.kernels.permuted_blocks import permuted_blocks
from calor.kernels.visits import Visits, respond

_ARRIVAL, _PART, _TRUE, _PRESENTS, _ARM, _FOLLOWED, _CAUSE, _TEST = 0, 1, 2, 3, 4, 5, 6, 7
_SITE = 9 << 32  # stream 8 is that of the visits
EVENT, COMPETING, CENSORED = 1, 2, 0


class Cohort(NamedTuple):
    """What is true of candidates and participants, as numbers. Times are months.

    `arrival`: calendar time by which each multiple of `arrival_step` candidates is expected. `site_shares`: cumulative
    shares of the sites in who arrives then. `site_risk`: relative hazard of each site. `most`: participants.
    `shares`: cumulative shares of the parts, or empty where the marker decides. `center`, `between`, `error`: mean and
    SDs of the log marker: of persons, and of one test of a person. `cuts`: on the log marker, rising; a candidate's
    part is the number of cuts that every one of `tests` tests reaches; a test above `aside` does not count. `admitted`:
    the gate lets a part in.
    `presents`, `needs`, `window`: days after infarction: latest first test, days from first to last test, end of the
    window. `grid`: log marker of the first entry of `risk`, and step. `risk`: hazard over the reference hazard, for
    control and active arm, by marker or by part. `starts`: of the pieces of time from randomization. `hazard`: of the
    event, by piece. `late`: the treatment acts in the piece. `competing`, `dropout`: hazards by arm and piece.
    `follow_up`: longest. `ratio`, `sizes`: of the blocks. `duration`: latest look. `visits`: the continuous endpoint.
    """

    arrival: np.ndarray
    arrival_step: float
    site_shares: np.ndarray
    site_risk: np.ndarray
    most: int
    shares: np.ndarray
    center: float
    between: float
    error: float
    cuts: np.ndarray
    aside: float
    tests: int
    admitted: np.ndarray
    presents: float
    needs: float
    window: float
    grid: np.ndarray
    risk: np.ndarray
    starts: np.ndarray
    hazard: np.ndarray
    late: np.ndarray
    competing: np.ndarray
    dropout: np.ndarray
    follow_up: float
    ratio: np.ndarray
    sizes: np.ndarray
    duration: float
    visits: Visits


class Room(NamedTuple):
    """Room for one trial's participants, in order of entry.

    `draws`: by stream. `entry`: calendar time. `marker`, `measured`: true and lowest tested, logarithms. `candidate`:
    number of candidates before. `time`, `cause`: of the end of follow-up. `responses`: baseline and each visit.
    """

    draws: np.ndarray
    entry: np.ndarray
    marker: np.ndarray
    measured: np.ndarray
    part: np.ndarray
    site: np.ndarray
    candidate: np.ndarray
    time: np.ndarray
    cause: np.ndarray
    arm: np.ndarray
    responses: np.ndarray


@njit(cache=True)
def make_room(cohort: Cohort) -> Room:
    """Return room for a trial's participants."""
    most, visits = cohort.most, cohort.visits.months.size
    whole = (np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64), np.empty(most, dtype=np.int64))
    arm, site = np.empty(most, dtype=np.int64), np.zeros(most, dtype=np.int64)
    real = (np.empty(most), np.empty(most), np.empty(most), np.empty(most))
    responses = np.empty((most if visits else 0, visits + 1))
    return Room(
        np.empty((8, most)), real[0], real[1], real[2], whole[0], site, whole[1], real[3], whole[2], arm, responses
    )


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
    n = candidates = stage = 0
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
                marker, measured, part = _tested(cohort, key_1, key_2, candidates + i, draws, i)
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
                    room.site[n] = _site(cohort.site_shares[before], uniform(key_1, key_2, _SITE + candidates + i))
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


@njit(cache=True)
def follow(cohort: Cohort, key_1: np.uint64, key_2: np.uint64, n: int, room: Room) -> None:
    """Allocate the first `n` participants and draw what happens to them, and when.

    Event, competing event and dropout have one waiting time, and the cause is drawn by their hazards at it.

    Args:
        cohort: What is true.
        key_1: The trial's first key.
        key_2: Its second key.
        n: Participants.
        room: Entry, part and marker are read; arm, time (from randomization) and cause are written.
    """
    pairs = np.empty(2 * n)
    fill_uniform(key_1, key_2, _ARM, 0, pairs)
    arm = permuted_blocks(room.part[:n], cohort.admitted.size, cohort.ratio, cohort.sizes, pairs.reshape(n, 2))
    waiting, cause = room.draws[_FOLLOWED, :n], room.draws[_CAUSE, :n]
    fill_exponential(key_1, key_2, _FOLLOWED, 0, waiting)
    fill_uniform(key_1, key_2, _CAUSE, 0, cause)
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
    if cohort.visits.months.size:
        respond(cohort.visits, key_1, key_2, _places(cohort, n, room), arm, room.responses)


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
def one_trial(cohort: Cohort, seed: int, trial: int) -> tuple[Room, int]:
    """Return the participants of a trial that does not adapt, and their number."""
    key_1, key_2 = trial_keys(seed, trial)
    room = make_room(cohort)
    allowed = np.ones((1, cohort.admitted.size), dtype=np.bool_)
    n = screen(cohort, key_1, key_2, np.full(1, -1.0), allowed, room)
    follow(cohort, key_1, key_2, n, room)
    return room, n
