"""The test statistics of a look at participants: log-rank, Cox's score, analysis of covariance, repeated measures."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.cohort import Room
from calor.kernels.cox_score import cox_score
from calor.kernels.enrichment_statistics import correlations, populations_at
from calor.kernels.interim import Plan
from calor.kernels.staged_logrank import logrank_at
from calor.kernels.strata import Strata
from calor.kernels.student import normal_score
from calor.kernels.visit_statistics import ancova, attended, mmrm
from calor.kernels.visits import Visits

LOGRANK, COX_SCORE, ANCOVA, MMRM = 0, 1, 2, 3


class Desk(NamedTuple):
    """Room for one trial under way.

    `room`: the participants, and `strata`, by part. `sums`: by part, as `populations_at` reads them. `prior`: by
    population: score and information (of a mixed model, in units of the residual variance) at the look before. `out`:
    by population, as `populations_at` writes it. `combined`, `crossed`: by intersection, as `judge` keeps them.
    `changes`, `allowed`: calendar times from which only some parts are enrolled. `cuts`: calendar times of the looks.
    `events`: events or last visits of each part.
    """

    room: Room
    strata: Strata
    sums: np.ndarray
    prior: np.ndarray
    out: np.ndarray
    combined: np.ndarray
    crossed: np.ndarray
    changes: np.ndarray
    allowed: np.ndarray
    cuts: np.ndarray
    events: np.ndarray


@njit(cache=True)
def statistics_at(
    plan: Plan,
    visits: Visits | None,
    adjusted: bool | None,
    rho: np.ndarray | None,
    desk: Desk,
    since: float,
    cut: float,
) -> None:
    """Get each population's statistics at a look, given what was there at the look before.

    What is None is decided when this is compiled, so that a trial compiles its own statistic and no other.

    Args:
        plan: The design.
        visits: Of the continuous endpoint; None where events are tested.
        adjusted: Of Cox's score: whether for the measured marker; None for another statistic.
        rho: Correlations of the stage statistics, written here; None where the intersection test needs none.
        desk: The trial; `sums`, `prior`, `events` and `out` are written.
        since: Calendar time of the look before.
        cut: Calendar time of the look.
    """
    if visits is None:
        _events_at(desk.strata, cut, desk.sums, desk.events)
        if adjusted is None:
            populations_at(plan, desk.sums, rho, desk.out)
        else:
            _scores_at(plan, desk, adjusted, cut)
    else:
        _last_visits(desk, visits.months, since, cut)
        for g in range(plan.members.shape[0]):
            _visits_at(plan, g, desk, visits.months, since, cut)
    if rho is not None:
        correlations(plan, desk.sums[1], rho)


@njit(cache=True)
def _scores_at(plan: Plan, desk: Desk, adjusted: bool, cut: float) -> None:
    """Get each population's statistics from Cox's score."""
    prior, out = desk.prior, desk.out
    for g in range(plan.members.shape[0]):
        score, information = cox_score(desk.room, desk.strata, plan.members[g], adjusted, cut)
        gained = max(information - prior[1, g], 0.0)
        out[0, g] = (-score - prior[0, g]) / math.sqrt(gained) if gained > 0.0 else 0.0
        out[1, g] = -score / math.sqrt(information) if information > 0.0 else 0.0
        out[2, g] = -score / information if information > 0.0 else 0.0
        out[3, g] = information
        prior[0, g], prior[1, g] = -score, information


@njit(cache=True)
def _events_at(strata: Strata, cut: float, sums: np.ndarray, events: np.ndarray) -> None:
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
def _last_visits(desk: Desk, months: np.ndarray, since: float, cut: float) -> None:
    """Count each part's last visits by a cut, and get the information, but for the variance, that the stage added."""
    one = np.zeros(desk.events.size, dtype=np.bool_)
    for part in range(one.size):
        one[:] = False
        one[part] = True
        desk.events[part] = attended(desk.room, desk.strata, one, months[-1], -math.inf, cut)[0].size
        rows = attended(desk.room, desk.strata, one, months[-1], since, cut)[0]
        active = desk.room.arm[rows].sum()
        desk.sums[1, part] = active * (rows.size - active) / rows.size if rows.size else 0.0


@njit(cache=True)
def _visits_at(plan: Plan, g: int, desk: Desk, months: np.ndarray, since: float, cut: float) -> None:
    """Get the statistics of population `g` at the last visit.

    The stage of an analysis of covariance is that of the participants whose last visit the stage brought; the stage of
    a mixed model is what the estimate gained, weighted by its information in units of the residual variance, so that
    both looks are judged by the later one's estimate of that.
    """
    inside, prior, out = plan.members[g], desk.prior[:, g], desk.out[:, g]
    if plan.statistic == ANCOVA:
        estimate, variance, df, _ = ancova(desk.room, desk.strata, inside, months, -math.inf, cut)
        stage, own, stage_df, _ = ancova(desk.room, desk.strata, inside, months, since, cut)
        out[0] = normal_score(stage / math.sqrt(own), stage_df)
    else:
        estimate, variance, df, spread = mmrm(desk.room, desk.strata, inside, months, cut)
        size = spread / variance
        gained = size - prior[1]
        out[0] = 0.0
        if gained > 0.0:
            out[0] = normal_score((estimate * size - prior[0]) / math.sqrt(gained * spread), df)
        prior[0], prior[1] = estimate * size, size
    out[1] = normal_score(estimate / math.sqrt(variance), df)
    out[2] = estimate
    out[3] = 1.0 / variance
