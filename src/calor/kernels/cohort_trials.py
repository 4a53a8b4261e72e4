"""Whole trials of virtual participants: enrollment, looks, tests, selection, re-estimation."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.cohort import Cohort, Room, make_room
from calor.kernels.cohort_statistics import statistics_at
from calor.kernels.counter_random import trial_keys
from calor.kernels.enrichment_statistics import Results, finished, record
from calor.kernels.follow_up import follow
from calor.kernels.interim import GIVEN, Plan, judge, select
from calor.kernels.reestimation import next_drift, stage_factor
from calor.kernels.screening import screen
from calor.kernels.staged_logrank import order_leavers
from calor.kernels.strata import Strata, divide, look_times, make_strata
from calor.kernels.visits import Visits


@njit(cache=True)
def cohort_trials(  # noqa: PLR0913, PLR0917 - what is None is decided when this is compiled, and so stands apart
    seed: int,
    first: int,
    plan: Plan,
    cohort: Cohort,
    visits: Visits | None,
    adjusted: bool | None,
    rho: np.ndarray | None,
    calendar: bool,
    given: np.ndarray,
    results: Results,
) -> None:
    """Run trials number `first` and following, as many as `results` hold.

    Args:
        seed: Of the whole simulation.
        first: Number of the first trial.
        plan: The design; `planned` are events of the populations followed, or months.
        cohort: What is true.
        visits: Of the continuous endpoint; None where events are tested.
        adjusted: Of Cox's score: whether for the measured marker; None for another statistic.
        rho: Room for the correlations of populations; None where the intersection test needs none.
        calendar: The looks are at calendar times.
        given: As for `enrichment_trials`.
        results: Written here.
    """
    populations, parts = plan.members.shape
    looks = plan.planned.size
    room, strata = make_room(cohort.most, visits), make_strata(parts, cohort.most)
    sums, out = np.empty((5, parts)), np.empty((6, populations))
    prior = np.empty((2, populations))
    combined, crossed = np.empty(1 << populations), np.empty(1 << populations, dtype=np.bool_)
    changes, allowed = np.empty(looks), np.empty((looks, parts), dtype=np.bool_)
    cuts, events = np.empty(looks), np.empty(parts, dtype=np.int64)
    for t in range(results.stages.size):
        keys = trial_keys(seed, first + t)
        combined[:], sums[:], prior[:], crossed[:] = 0.0, 0.0, 0.0, False
        followed, rejected = (1 << populations) - 1, 0
        factor, since, counted, changed = 1.0, 0.0, 0, True
        results.complete[t] = True
        reached = n = 0
        for k in range(looks):
            if changed:
                _allow(plan, followed, allowed[k])
                changes[k] = since if k else -1.0
                n = _enroll(cohort, visits, keys, changes[: k + 1], allowed[: k + 1], room, strata)
                reached = k + _plan_looks(plan, cohort, visits, calendar, k, factor, since, allowed[k], strata, cuts)
            cut = cuts[k]
            statistics_at(plan, room, strata, visits, adjusted, since, cut, sums, prior, events, out, rho)
            closed, futile = judge(plan, k, out, followed, combined, crossed, rho)
            rejected |= closed & followed
            record(results, t, k, followed, rejected, events.sum() - counted, out)
            results.pipeline[t, k] = _in_pipeline(strata, visits, cut)
            counted = events.sum()
            results.complete[t] = k < reached
            if finished(plan, results, t, followed, rejected, futile) or k >= reached:
                break
            ratio = plan.planned[looks - 1] / plan.planned[k]
            chosen = given[t, k] if plan.rule == GIVEN else select(plan, out, ratio, followed)
            if chosen <= 0:
                results.futile[t] = chosen == 0
                break
            new_factor = stage_factor(plan, k, combined[0], next_drift(plan, k, out, followed & chosen))
            changed = (followed & chosen) != followed or new_factor != factor
            if not changed:
                changes[k + 1] = math.inf
                _allow(plan, followed, allowed[k + 1])
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
    visits: Visits | None,
    keys: tuple[np.uint64, np.uint64],
    changes: np.ndarray,
    allowed: np.ndarray,
    room: Room,
    strata: Strata,
) -> int:
    """Draw the trial's participants with all changes so far; those enrolled before a change come out the same."""
    n = screen(cohort, keys[0], keys[1], changes, allowed, room)
    follow(cohort, visits, keys[0], keys[1], n, room)
    divide(room, n, math.inf if visits is None else visits.months[-1], strata)
    return n


@njit(cache=True)
def _plan_looks(  # noqa: PLR0913, PLR0917 - the state of the trial under way
    plan: Plan,
    cohort: Cohort,
    visits: Visits | None,
    calendar: bool,
    k: int,
    factor: float,
    since: float,
    counts: np.ndarray,
    strata: Strata,
    cuts: np.ndarray,
) -> int:
    """Get the times of look `k` and those after it, sort who leaves by the last, and return how many are reached."""
    past = plan.planned[k - 1] if k else 0.0
    more = (factor - 1.0) * (plan.planned[k] - past)
    targets = np.empty(cuts.size - k)
    reached = 0
    for look in range(k, cuts.size):
        targets[look - k] = plan.planned[look] - past + more
        cuts[look] = min(plan.planned[look], cohort.duration) if calendar else cohort.duration
        reached += plan.planned[look] <= cohort.duration
    if not calendar:
        reached = look_times(strata, counts, targets, since if k else -1.0, cuts[k:])
    if visits is not None:
        return reached
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


@njit(cache=True)
def _in_pipeline(strata: Strata, visits: Visits | None, cut: float) -> float:
    """Return the participants who have entered and whose last visit is still to come; NaN for events."""
    if visits is None:
        return math.nan
    waiting = 0
    for part in range(strata.size.size):
        for i in range(strata.size[part]):
            waiting += strata.entry[part, i] <= cut < strata.end[part, i]
    return float(waiting)
