"""Whole trials of virtual participants: enrollment, looks, tests, selection, re-estimation."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.cohort import Cohort, Room, make_room
from calor.kernels.cohort_statistics import Desk, Tested, statistics_at
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
def cohort_trials(
    seed: int, first: int, plan: Plan, cohort: Cohort, tested: Tested, given: np.ndarray, results: Results
) -> None:
    """Run trials number `first` and following, as many as `results` hold.

    Args:
        seed: Of the whole simulation.
        first: Number of the first trial.
        plan: The design; `planned` are events of the populations followed, or months.
        cohort: What is true.
        tested: What is tested, and when.
        given: As for `enrichment_trials`.
        results: Written here.
    """
    desk = _make_desk(plan, cohort, tested.visits)
    for t in range(results.stages.size):
        _run(trial_keys(seed, first + t), t, plan, cohort, tested, given, desk, results)


@njit(cache=True)
def _make_desk(plan: Plan, cohort: Cohort, visits: Visits | None) -> Desk:
    """Return room for one trial at a time."""
    populations, parts = plan.members.shape
    looks = plan.planned.size
    return Desk(
        make_room(cohort.most, visits),
        make_strata(parts, cohort.most),
        np.empty((5, parts)),
        np.empty((2, populations)),
        np.empty((6, populations)),
        np.empty(1 << populations),
        np.empty(1 << populations, dtype=np.bool_),
        np.empty(looks),
        np.empty((looks, parts), dtype=np.bool_),
        np.empty(looks),
        np.empty(parts, dtype=np.int64),
    )


@njit(cache=True)
def _run(
    keys: tuple[np.uint64, np.uint64],
    t: int,
    plan: Plan,
    cohort: Cohort,
    tested: Tested,
    given: np.ndarray,
    desk: Desk,
    results: Results,
) -> None:
    """Run a trial from its first candidate to its end; row `t` of `given` and `results` is its own."""
    looks = plan.planned.size
    desk.combined[:], desk.sums[:], desk.prior[:], desk.crossed[:] = 0.0, 0.0, 0.0, False
    followed, rejected = (1 << plan.members.shape[0]) - 1, 0
    factor, since, counted, changed = 1.0, 0.0, 0, True
    results.complete[t] = True
    reached = n = 0
    for k in range(looks):
        if changed:
            _allow(plan, followed, desk.allowed[k])
            desk.changes[k] = since if k else -1.0
            n = _enroll(cohort, tested.visits, keys, k, desk)
            reached = k + _plan_looks(plan, cohort, tested, k, factor, since, desk)
        cut = desk.cuts[k]
        statistics_at(plan, tested, desk, since, cut)
        closed, futile = judge(plan, k, desk.out, followed, desk.combined, desk.crossed, tested.rho)
        rejected |= closed & followed
        record(results, t, k, followed, rejected, desk.events.sum() - counted, desk.out)
        results.pipeline[t, k] = _in_pipeline(desk.strata, tested.visits, cut)
        counted = desk.events.sum()
        results.complete[t] = k < reached
        if finished(plan, results, t, followed, rejected, futile) or k >= reached:
            break
        ratio = plan.planned[looks - 1] / plan.planned[k]
        chosen = given[t, k] if plan.rule == GIVEN else select(plan, desk.out, ratio, followed)
        if chosen <= 0:
            results.futile[t] = chosen == 0
            break
        new_factor = stage_factor(plan, k, desk.combined[0], next_drift(plan, k, desk.out, followed & chosen))
        changed = (followed & chosen) != followed or new_factor != factor
        if not changed:
            desk.changes[k + 1] = math.inf
            _allow(plan, followed, desk.allowed[k + 1])
        followed &= chosen
        factor = new_factor
        since = cut
    _describe(results, t, desk.room, n, desk.cuts[results.stages[t] - 1])


@njit(cache=True)
def _allow(plan: Plan, followed: int, allowed: np.ndarray) -> None:
    """Get the parts that a population still followed has."""
    for part in range(allowed.size):
        allowed[part] = False
        for g in range(plan.members.shape[0]):
            allowed[part] |= (followed >> g & 1) != 0 and plan.members[g, part]


@njit(cache=True)
def _enroll(cohort: Cohort, visits: Visits | None, keys: tuple[np.uint64, np.uint64], k: int, desk: Desk) -> int:
    """Draw the trial's participants with the changes up to look `k`; those enrolled before come out the same."""
    n = screen(cohort, keys[0], keys[1], desk.changes[: k + 1], desk.allowed[: k + 1], desk.room)
    follow(cohort, visits, keys[0], keys[1], n, desk.room)
    divide(desk.room, n, math.inf if visits is None else visits.months[-1], desk.strata)
    return n


@njit(cache=True)
def _plan_looks(plan: Plan, cohort: Cohort, tested: Tested, k: int, factor: float, since: float, desk: Desk) -> int:
    """Get the times of look `k` and those after it, sort who leaves by the last, and return how many are reached."""
    strata, cuts = desk.strata, desk.cuts
    past = plan.planned[k - 1] if k else 0.0
    more = (factor - 1.0) * (plan.planned[k] - past)
    targets = np.empty(cuts.size - k)
    reached = 0
    for look in range(k, cuts.size):
        targets[look - k] = plan.planned[look] - past + more
        cuts[look] = min(plan.planned[look], cohort.duration) if tested.calendar else cohort.duration
        reached += plan.planned[look] <= cohort.duration
    if not tested.calendar:
        reached = look_times(strata, desk.allowed[k], targets, since if k else -1.0, cuts[k:])
    if tested.visits is not None:
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
