"""Enrichment trials drawn as normal statistics: one score per disjoint part and stage."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.counter_random import normal, trial_keys
from calor.kernels.interim import GIVEN, Plan, judge, select
from calor.kernels.reestimation import next_drift, stage_factor


class Truth(NamedTuple):
    """What is true of each disjoint part of the full population.

    The score of n units of a part is normal with mean `effect` times n `weight` and variance n `variance`; under the
    null its variance is n `null_variance`, which is what the test divides by.
    """

    shares: np.ndarray
    effect: np.ndarray
    weight: np.ndarray
    null_variance: np.ndarray
    variance: np.ndarray


class Results(NamedTuple):
    """What is kept of each trial (first axis), by stage and population.

    `stages`: looks done. `followed`, `rejected`: masks by stage. `success`: ended with the rejections asked for.
    `futile`: stopped for futility or with nobody selected. `units`: events or participants by stage. `z`, `effect`,
    `se`: of each population from all data so far. `months`, `enrolled`, `screened`: until the end of the trial.
    `complete`: every look it began was reached in time. `pipeline`: participants at a look whose last visit is to come.
    """

    stages: np.ndarray
    followed: np.ndarray
    rejected: np.ndarray
    success: np.ndarray
    futile: np.ndarray
    units: np.ndarray
    z: np.ndarray
    effect: np.ndarray
    se: np.ndarray
    months: np.ndarray
    enrolled: np.ndarray
    screened: np.ndarray
    complete: np.ndarray
    pipeline: np.ndarray


@njit(cache=True, inline="always", error_model="numpy")
def populations_at(plan: Plan, sums: np.ndarray, rho: np.ndarray | None, out: np.ndarray) -> None:
    """Get each population's statistics from its parts' sums, and the correlations of populations that overlap.

    Args:
        plan: The design.
        sums: By part: stage score, stage null variance, score, null variance and weight of all data so far.
        rho: Correlations of the stage statistics, written here; None where the intersection test needs none.
        out: By population: stage z, z, effect, information, written here.
    """
    populations, parts = plan.members.shape
    for g in range(populations):
        s = v = cs = cv = cw = 0.0
        for j in range(parts):
            if plan.members[g, j]:
                s += sums[0, j]
                v += sums[1, j]
                cs += sums[2, j]
                cv += sums[3, j]
                cw += sums[4, j]
        out[0, g] = s / math.sqrt(v) if v > 0.0 else 0.0
        out[1, g] = cs / math.sqrt(cv) if cv > 0.0 else 0.0
        out[2, g] = cs / cw if cw > 0.0 else 0.0
        out[3, g] = cw * cw / cv if cv > 0.0 else 0.0
    if rho is not None:
        correlations(plan, sums[1], rho)


@njit(cache=True, error_model="numpy")
def correlations(plan: Plan, information: np.ndarray, rho: np.ndarray) -> None:
    """Get the correlations of populations' statistics from the information of the parts that they share."""
    populations, parts = plan.members.shape
    for g in range(populations):
        for h in range(g + 1):
            shared = 0.0
            for j in range(parts):
                if plan.members[g, j] and plan.members[h, j]:
                    shared += information[j]
            rho[g, h] = shared
    for g in range(populations):
        for h in range(g):
            own = rho[g, g] * rho[h, h]
            rho[g, h] = rho[h, g] = rho[g, h] / math.sqrt(own) if own > 0.0 else 0.0
    for g in range(populations):
        rho[g, g] = 1.0


@njit(cache=True, error_model="numpy")
def enrichment_trials(
    seed: int, first: int, plan: Plan, truth: Truth, rho: np.ndarray | None, given: np.ndarray, results: Results
) -> None:
    """Draw trials number `first` and following, as many as `results` hold.

    Args:
        seed: Of the whole simulation.
        first: Number of the first trial.
        plan: The design.
        truth: The parts.
        rho: Room for the correlations of populations; None where the intersection test needs none.
        given: For rule GIVEN: mask to follow after each look of each trial; negative where not yet decided, which
            ends the trial there.
        results: Written here.
    """
    populations, parts = plan.members.shape
    looks = plan.planned.size
    sums, out = np.empty((5, parts)), np.empty((6, populations))
    combined, crossed = np.empty(1 << populations), np.empty(1 << populations, dtype=np.bool_)
    everyone = (1 << populations) - 1
    for t in range(results.stages.size):
        key_1, key_2 = trial_keys(seed, first + t)
        combined[:] = 0.0
        crossed[:] = False
        sums[:] = 0.0
        followed = everyone
        rejected = 0
        factor = 1.0
        for k in range(looks):
            units = (plan.planned[k] - (plan.planned[k - 1] if k else 0.0)) * factor
            open_share = 0.0
            for j in range(parts):
                if _open(plan, followed, j):
                    open_share += truth.shares[j]
            for j in range(parts):
                n = units * truth.shares[j] / open_share if _open(plan, followed, j) else 0.0
                draw = normal(key_1, key_2, k * parts + j) if n > 0.0 else 0.0
                sums[0, j] = truth.effect[j] * n * truth.weight[j] + math.sqrt(n * truth.variance[j]) * draw
                sums[1, j] = n * truth.null_variance[j]
                sums[2, j] += sums[0, j]
                sums[3, j] += sums[1, j]
                sums[4, j] += n * truth.weight[j]
            populations_at(plan, sums, rho, out)
            closed, futile = judge(plan, k, out, followed, combined, crossed, rho)
            rejected |= closed & followed  # a population that was dropped is not claimed later
            record(results, t, k, followed, rejected, units, out)
            if finished(plan, results, t, followed, rejected, futile):
                break
            ratio = plan.planned[looks - 1] / plan.planned[k]
            chosen = given[t, k] if plan.rule == GIVEN else select(plan, out, ratio, followed)
            if chosen <= 0:
                results.futile[t] = chosen == 0
                break
            followed &= chosen
            drift = next_drift(plan, k, out, followed)
            factor = stage_factor(plan, k, combined[0], drift)


@njit(cache=True, inline="always", error_model="numpy")
def _open(plan: Plan, followed: int, part: int) -> bool:
    """Say whether a population that is followed has the part."""
    for g in range(plan.members.shape[0]):  # noqa: SIM110 - no generators in numba
        if followed >> g & 1 and plan.members[g, part]:
            return True
    return False


@njit(cache=True, inline="always", error_model="numpy")
def record(results: Results, t: int, k: int, followed: int, rejected: int, units: float, out: np.ndarray) -> None:
    """Keep a look's statistics."""
    results.stages[t] = k + 1
    results.followed[t, k] = followed
    results.rejected[t, k] = rejected
    results.units[t, k] = units
    for g in range(out.shape[1]):
        results.z[t, k, g] = out[1, g]
        results.effect[t, k, g] = out[2, g]
        results.se[t, k, g] = 1.0 / math.sqrt(out[3, g]) if out[3, g] > 0.0 else math.inf


@njit(cache=True, inline="always", error_model="numpy")
def finished(plan: Plan, results: Results, t: int, followed: int, rejected: int, futile: int) -> bool:
    """Say whether the trial stops here: hypotheses rejected, every population followed futile, or the last look."""
    results.success[t] = (plan.any_success and rejected != 0) or (rejected & followed) == followed
    last = results.stages[t] == plan.planned.size
    results.futile[t] = not last and not results.success[t] and (futile & followed) == followed
    return bool(last or results.success[t] or results.futile[t])
