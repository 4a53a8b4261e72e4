"""Whole trials of virtual participants: enrollment, looks, log-rank tests, selection, re-estimation."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.cohort import EVENT, Cohort, Room, follow, make_room, screen
from calor.kernels.counter_random import trial_keys
from calor.kernels.enrichment_statistics import Results, finished, next_drift, populations_at, record
from calor.kernels.interim import GIVEN, Plan, judge, select, stage_factor
from calor.kernels.staged_logrank import logrank_at, order_leavers

_BUCKETS = 512


class Strata(NamedTuple):
    """Participants by part, in order of entry within it; `size` of each part, `leavers` among them, sorted."""

    size: np.ndarray
    entry: np.ndarray
    time: np.ndarray
    end: np.ndarray
    flags: np.ndarray
    leavers: np.ndarray
    leaver: np.ndarray
    left: np.ndarray
    before: np.ndarray


@njit(cache=True)
def make_strata(parts: int, most: int) -> Strata:
    """Return room for `most` participants in each part."""
    shape = (parts, most)
    flags = np.empty(shape, dtype=np.int64)
    sizes = (np.zeros(parts, dtype=np.int64), np.zeros(parts, dtype=np.int64))
    real = (np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape), np.empty(shape))
    before = np.empty(most + 1, dtype=np.uint64)
    return Strata(sizes[0], real[0], real[1], real[2], flags, sizes[1], real[3], real[4], before)


@njit(cache=True)
def divide(room: Room, n: int, strata: Strata) -> None:
    """Put the first `n` participants into their parts."""
    strata.size[:] = 0
    for i in range(n):
        part = room.part[i]
        place = strata.size[part]
        strata.entry[part, place] = room.entry[i]
        strata.time[part, place] = room.time[i]
        strata.end[part, place] = room.entry[i] + room.time[i]
        strata.flags[part, place] = room.arm[i] + 2 * (room.cause[i] == EVENT)
        strata.size[part] = place + 1


@njit(cache=True)
def look_times(  # noqa: C901, PLR0912 - two passes over arrays, with nothing to name apart
    strata: Strata, counts: np.ndarray, targets: np.ndarray, since: float, duration: float, cuts: np.ndarray
) -> int:
    """Get the calendar times at which the parts that count reach each target, and how many targets are reached.

    Args:
        strata: The participants.
        counts: Whether a part's events count.
        targets: Further events after `since`, ascending.
        since: Calendar time after which events count.
        duration: Latest look; written for a target that is not reached.
        cuts: Written here.
    """
    scale = _BUCKETS / duration
    histogram = np.zeros(_BUCKETS + 1, dtype=np.int64)
    for part in range(counts.size):
        if counts[part]:
            for i in range(strata.size[part]):
                end = strata.end[part, i]
                if strata.flags[part, i] >= 2 and since < end <= duration:
                    histogram[int(end * scale)] += 1
    reached = bucket = passed = 0
    wanted = np.empty(targets.size, dtype=np.int64)
    within = np.full(_BUCKETS + 1, -1, dtype=np.int64)
    for k in range(targets.size):
        while bucket <= _BUCKETS and passed + histogram[bucket] < targets[k]:
            passed += histogram[bucket]
            bucket += 1
        cuts[k] = duration
        if bucket <= _BUCKETS:
            wanted[k] = int(math.ceil(targets[k]))  # noqa: RUF046 - a float in numba
            wanted[k] -= passed + 1
            within[bucket] = reached if within[bucket] < 0 else within[bucket]
            reached += 1
    near, found = np.empty((targets.size, histogram.max())), np.zeros(targets.size, dtype=np.int64)
    for part in range(counts.size):
        if counts[part]:
            for i in range(strata.size[part]):
                end = strata.end[part, i]
                if strata.flags[part, i] >= 2 and since < end <= duration:
                    row = within[int(end * scale)]
                    if row >= 0:
                        near[row, found[row]] = end
                        found[row] += 1
    row = 0
    for k in range(reached):
        row = k if found[k] > 0 else row  # looks within one bucket share the first one's row
        if row == k:
            near[k, : found[k]] = np.sort(near[k, : found[k]])
        cuts[k] = near[row, wanted[k]]
    return reached


@njit(cache=True)
def measure(strata: Strata, cut: float, sums: np.ndarray, events: np.ndarray) -> None:
    """Get each part's log-rank sums at a cut, and what this stage added to them; benefit is positive."""
    for part in range(strata.size.size):
        size, leavers = strata.size[part], strata.leavers[part]
        score, variance, events[part] = logrank_at(
            strata.entry[part, :size],
            strata.end[part, :size],
            strata.flags[part, :size],
            strata.leaver[part, :leavers],
            strata.left[part, :leavers],
            cut,
            strata.before,
        )
        sums[0, part] = -score - sums[2, part]
        sums[1, part] = max(variance - sums[3, part], 0.0)
        sums[2, part] = -score
        sums[3, part] = variance
        sums[4, part] = variance


@njit(cache=True)
def cohort_trials(
    seed: int, first: int, plan: Plan, cohort: Cohort, calendar: bool, given: np.ndarray, results: Results
) -> None:
    """Run trials number `first` and following, as many as `results` hold.

    Args:
        seed: Of the whole simulation.
        first: Number of the first trial.
        plan: The design; `planned` are events of the populations followed, or months.
        cohort: What is true.
        calendar: The looks are at calendar times.
        given: As for `enrichment_trials`.
        results: Written here.
    """
    populations, parts = plan.members.shape
    looks = plan.planned.size
    room, strata = make_room(cohort.most), make_strata(parts, cohort.most)
    sums, out, rho = np.empty((5, parts)), np.empty((6, populations)), np.eye(populations)
    combined, crossed = np.empty(1 << populations), np.empty(1 << populations, dtype=np.bool_)
    changes, allowed = np.empty(looks), np.empty((looks, parts), dtype=np.bool_)
    cuts, events = np.empty(looks), np.empty(parts, dtype=np.int64)
    for t in range(results.stages.size):
        keys = trial_keys(seed, first + t)
        combined[:] = 0.0
        crossed[:] = False
        sums[:] = 0.0
        changes[0] = -1.0
        followed = (1 << populations) - 1
        rejected = 0
        factor, since, counted = 1.0, 0.0, 0
        results.complete[t] = True
        changed = True
        reached = n = 0
        for k in range(looks):
            if changed:
                _allow(plan, followed, allowed[k])
                changes[k] = since
                n = _enroll(cohort, keys, changes[: k + 1], allowed[: k + 1], room, strata)
                reached = k + _plan_looks(plan, cohort, calendar, k, factor, since, allowed[k], strata, cuts)
            cut = cuts[k]
            measure(strata, cut, sums, events)
            populations_at(plan, sums, rho, out)
            closed, futile = judge(plan, k, out, followed, combined, crossed, rho)
            rejected |= closed & followed
            record(results, t, k, followed, rejected, events.sum() - counted, out)
            counted = events.sum()
            results.complete[t] = k < reached
            if finished(plan, results, t, followed, rejected, futile) or k >= reached:
                break
            ratio = plan.planned[looks - 1] / plan.planned[k]
            chosen = given[t, k] if plan.rule == GIVEN else select(plan, out, ratio, followed)
            if chosen <= 0:
                results.futile[t] = chosen == 0
                break
            new_factor = stage_factor(plan, k, combined, followed & chosen, next_drift(plan, k, out, followed & chosen))
            changed = (followed & chosen) != followed or new_factor != factor
            if not changed:
                changes[k + 1] = math.inf
                allowed[k + 1] = allowed[k]
            followed &= chosen
            factor = new_factor
            since = cut
        _describe(results, t, room, n, cuts[results.stages[t] - 1])


@njit(cache=True)
def _allow(plan: Plan, followed: int, allowed: np.ndarray) -> None:
    """Get the parts that a population still followed has."""
    for part in range(allowed.size):
        allowed[part] = False
        for g in range(plan.members.shape[0]):
            allowed[part] |= (followed >> g & 1) != 0 and plan.members[g, part]


@njit(cache=True)
def _enroll(
    cohort: Cohort,
    keys: tuple[np.uint64, np.uint64],
    changes: np.ndarray,
    allowed: np.ndarray,
    room: Room,
    strata: Strata,
) -> int:
    """Draw the trial's participants with all changes so far; those enrolled before a change come out the same."""
    n = screen(cohort, keys[0], keys[1], changes, allowed, room)
    follow(cohort, keys[0], keys[1], n, room)
    divide(room, n, strata)
    return n


@njit(cache=True)
def _plan_looks(  # noqa: PLR0913, PLR0917 - the state of the trial under way
    plan: Plan,
    cohort: Cohort,
    calendar: bool,
    k: int,
    factor: float,
    since: float,
    counts: np.ndarray,
    strata: Strata,
    cuts: np.ndarray,
) -> int:
    """Get the times of look `k` and those after it, sort who leaves by the last, and return how many are reached."""
    if calendar:
        cuts[k:] = np.minimum(plan.planned[k:], cohort.duration)
        reached = int((plan.planned[k:] <= cohort.duration).sum())
    else:
        past = plan.planned[k - 1] if k else 0.0
        targets = plan.planned[k:] - past
        targets += (factor - 1.0) * targets[0]
        reached = look_times(strata, counts, targets, since if k else -1.0, cohort.duration, cuts[k:])
    for part in range(strata.size.size):
        size = strata.size[part]
        strata.leavers[part] = order_leavers(
            strata.time[part, :size],
            strata.end[part, :size],
            strata.flags[part, :size],
            cuts[cuts.size - 1],
            strata.leaver[part],
            strata.left[part],
        )
    return reached


@njit(cache=True)
def _describe(results: Results, t: int, room: Room, n: int, end: float) -> None:
    """Count participants and candidates until the trial's end."""
    enrolled = n
    while enrolled > 0 and room.entry[enrolled - 1] > end:
        enrolled -= 1
    results.months[t] = end
    results.enrolled[t] = enrolled
    results.screened[t] = room.candidate[enrolled - 1] + 1 if enrolled else 0
