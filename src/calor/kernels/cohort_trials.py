"""Whole trials of virtual participants: enrollment, looks, tests, selection, re-estimation."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.cohort import Cohort, Room, make_room
from calor.kernels.cohort_statistics import Desk, statistics_at
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
def cohort_trials(  # noqa: PLR0913, PLR0917 - numba leaves out what None rules out for arguments, not for fields
    seed: int,
    first: int,
    plan: Plan,
    cohort: Cohort,
    visits: Visits | None,
    adjusted: bool | None,
    rho: np.ndarray | None,
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
        given: As for `enrichment_trials`.
        results: Written here.
    """
    desk, looks = _make_desk(plan, cohort, visits), plan.planned.size
    for t in range(results.stages.size):
        keys = trial_keys(seed, first + t)
        desk.combined[:], desk.sums[:], desk.prior[:], desk.crossed[:] = 0.0, 0.0, 0.0, False
        followed, rejected = (1 << plan.members.shape[0]) - 1, 0
        factor, since, counted, changed = 1.0, 0.0, 0, True
        reached = n = 0
        for k in range(looks):
            if changed:
                _allow(plan, followed, since if k else -1.0, k, desk)
                n = _enroll(cohort, visits, keys, k, desk)
                reached = k + _plan_looks(plan, cohort, visits, k, factor, since, desk)
            cut = desk.cuts[k]
            statistics_at(plan, visits, adjusted, rho, desk, since, cut)
            closed, futile = judge(plan, k, desk.out, followed, desk.combined, desk.crossed, rho)
            rejected |= closed & followed
            record(results, t, k, followed, rejected, desk.events.sum() - counted, desk.out)
            results.pipeline[t, k] = _in_pipeline(desk.strata, visits, cut)
            results.complete[t] = k < reached
            counted = desk.events.sum()
            if finished(plan, results, t, followed, rejected, futile) or k >= reached:
                break
            ratio = plan.planned[looks - 1] / plan.planned[k]
            chosen = given[t, k] if plan.rule == GIVEN else select(plan, desk.out, ratio, followed)
            if chosen <= 0:
                results.futile[t] = chosen == 0
                break
            chosen &= followed
            new_factor = stage_factor(plan, k, desk.combined[0], next_drift(plan, k, desk.out, chosen))
            changed = chosen != followed or new_factor != factor
            if not changed:
                _allow(plan, followed, math.inf, k + 1, desk)
            followed, factor, since = chosen, new_factor, cut
        _describe(results, t, desk.room, n, desk.cuts[results.stages[t] - 1])


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
def _allow(plan: Plan, followed: int, month: float, k: int, desk: Desk) -> None:
    """From a month on, enroll the parts that a population still followed has."""
    desk.changes[k] = month
    for part in range(desk.events.size):
        desk.allowed[k, part] = False
        for g in range(plan.members.shape[0]):
            desk.allowed[k, part] |= (followed >> g & 1) != 0 and plan.members[g, part]


@njit(cache=True)
def _enroll(cohort: Cohort, visits: Visits | None, keys: tuple[np.uint64, np.uint64], k: int, desk: Desk) -> int:
    """Draw the trial's participants with the changes up to look `k`; those enrolled before come out the same."""
    n = screen(cohort, keys[0], keys[1], desk.changes[: k + 1], desk.allowed[: k + 1], desk.room)
    follow(cohort, visits, keys[0], keys[1], n, desk.room)
    divide(desk.room, n, math.inf if visits is None else visits.months[-1], desk.strata)
    return n


@njit(cache=True)
def _plan_looks(
    plan: Plan, cohort: Cohort, visits: Visits | None, k: int, factor: float, since: float, desk: Desk
) -> int:
    """Get the times of look `k` and those after it, sort who leaves by the last, and return how many are reached."""
    strata, cuts = desk.strata, desk.cuts
    past = plan.planned[k - 1] if k else 0.0
    more = (factor - 1.0) * (plan.planned[k] - past)
    targets = np.empty(cuts.size - k)
    reached = 0
    for look in range(k, cuts.size):
        targets[look - k] = plan.planned[look] - past + more
        cuts[look] = min(plan.planned[look], cohort.duration) if plan.calendar else cohort.duration
        reached += plan.planned[look] <= cohort.duration
    if not plan.calendar:
        reached = look_times(strata, desk.allowed[k], targets, since if k else -1.0, cuts[k:])
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
