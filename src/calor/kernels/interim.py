"""What happens at a look: closed test of the populations, selection among them, size of the next stage.

Populations and sets of populations are bit masks. Both simulation engines hand their statistics to `judge`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.counter_random import quantile
from calor.kernels.normal import upper_tail

INVERSE_NORMAL, FISHER, CUMULATIVE = 0, 1, 2
BONFERRONI, SIMES, SIDAK, SPIESSENS_DEBOIS = 0, 1, 2, 3
ALL, BEST, EPSILON, POSTERIOR, PREDICTIVE, GIVEN = 0, 1, 2, 3, 4, 5
STATISTIC, EFFECT, RATIO = 0, 1, 2
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


class Plan(NamedTuple):
    """The design as numbers.

    `planned`: cumulative events or participants of each look. `members`: part belongs to population. `bounds`,
    `futility`, `weights`: of the combination test, by stage. `rule`, `parameter`, `threshold`, `measure`: selection.
    `any_success`: stop when one hypothesis is rejected rather than all followed. `power`, `most`: conditional power
    aimed at by re-estimation (0: none) and how many times the planned stage it may make. `statistic`: of participants.
    """

    planned: np.ndarray
    members: np.ndarray
    combination: int
    bounds: np.ndarray
    futility: np.ndarray
    weights: np.ndarray
    intersection: int
    rule: int
    parameter: float
    threshold: float
    measure: int
    any_success: bool
    power: float
    most: float
    statistic: int


@njit(cache=True)
def highest_of_two(z: float, correlation: float) -> float:
    """Return P(the larger of two standard normal statistics exceeds z).

    Reference: Owen DB. Annals of Mathematical Statistics 1956;27:1075-1090 (the T function).

    >>> round(highest_of_two(1.959964, 0.0), 6)
    0.049375
    """
    limit = math.sqrt((1.0 - correlation) / (1.0 + correlation))
    t = 0.0
    for i in range(_NODES.size):
        x = 0.5 * limit * (1.0 + _NODES[i])
        t += _WEIGHTS[i] * math.exp(-0.5 * z * z * (1.0 + x * x)) / (1.0 + x * x)
    return upper_tail(z) + 2.0 * t * 0.5 * limit / (2.0 * math.pi)


@njit(cache=True)
def intersection_p(p: np.ndarray, inside: int, test: int, correlation: np.ndarray) -> float:
    """Return the p-value of the intersection of the hypotheses in the mask `inside`.

    >>> intersection_p(np.array([0.03, 0.04]), 3, SIMES, np.eye(2))
    0.04
    """
    m = 0
    least = 2.0
    first = second = -1
    for g in range(p.size):
        if inside >> g & 1:
            m += 1
            least = min(least, p[g])
            second = first
            first = g
    if m == 1:
        return least
    if test == SIDAK:
        return -math.expm1(m * math.log1p(-least)) if least < 1.0 else 1.0
    if test == SPIESSENS_DEBOIS:
        return min(1.0, highest_of_two(-quantile(max(least, 1e-300)), correlation[first, second]))
    best = min(1.0, m * least)
    if test == SIMES:
        for g in range(p.size):
            if inside >> g & 1:
                rank = 0
                for h in range(p.size):
                    rank += (inside >> h & 1) and p[h] <= p[g]
                best = min(best, m * p[g] / rank)
    return best


@njit(cache=True)
def judge(  # noqa: C901 - a table of two tests, by stage and intersection
    plan: Plan, stage: int, out: np.ndarray, followed: int, combined: np.ndarray, crossed: np.ndarray, rho: np.ndarray
) -> tuple[int, int]:
    """Test every intersection at a stage, updating `combined` and `crossed`.

    Args:
        plan: The design.
        stage: Counted from 0.
        out: By population: its statistic from this stage's own data, and from all data so far, which is used where
            nothing is combined; row 4 is room for the p-values.
        followed: Mask of the populations followed at this stage.
        combined: Sum over the stages for each intersection; a stage that nobody follows ends it.
        crossed: Whether each intersection has been rejected by now.
        rho: Correlation of the populations' statistics.

    Returns:
        Mask of the populations whose closed test rejects by now, and mask of those that are futile.
    """
    z = out[1] if plan.combination == CUMULATIVE else out[0]
    populations = z.size
    p = out[4]
    for g in range(populations):
        p[g] = upper_tail(z[g]) if followed >> g & 1 else 1.0
    total = 0.0
    for k in range(stage + 1):
        total += plan.weights[k] ** 2
    rejected = (1 << populations) - 1
    futile = 0
    for subset in range(1, 1 << populations):
        inside = subset & followed
        if inside:
            adjusted = intersection_p(p, inside, plan.intersection, rho)
            if plan.combination == FISHER:
                combined[subset] += plan.weights[stage] * math.log(max(adjusted, 1e-300))
                hit = combined[subset] <= plan.bounds[stage]
                lost = adjusted >= plan.futility[stage]
            else:
                alone = (inside & (inside - 1)) == 0
                score = -math.inf if adjusted >= 1.0 else -quantile(max(adjusted, 1e-300))
                if alone:
                    g = 0
                    while not inside >> g & 1:
                        g += 1
                    score = z[g]
                if plan.combination == INVERSE_NORMAL:
                    combined[subset] += plan.weights[stage] * score
                    score = combined[subset] / math.sqrt(total)
                hit = score >= plan.bounds[stage]
                lost = score <= plan.futility[stage]
            if hit:
                crossed[subset] = True
            if lost:
                futile |= subset
        if not crossed[subset]:
            rejected &= ~subset
    return rejected, futile


@njit(cache=True)
def select(plan: Plan, out: np.ndarray, ratio: float, followed: int) -> int:  # noqa: C901 - a rule each
    """Return the mask of the populations to follow in the next stage.

    Args:
        plan: The design.
        out: By population, from all data so far and positive for benefit: row 1 its statistic, row 2 its estimate; row
            5 is room for the measure.
        ratio: Information at the end over information now.
        followed: Mask of the populations followed so far.
    """
    best = -math.inf
    z, effect, value = out[1], out[2], out[5]
    for g in range(z.size):
        value[g] = z[g] if plan.measure == STATISTIC else effect[g]
        if plan.measure == RATIO:
            value[g] = math.exp(effect[g])
        if followed >> g & 1:
            best = max(best, value[g])
    chosen = 0
    for g in range(z.size):
        if not followed >> g & 1:
            continue
        keep = True
        if plan.rule == BEST:
            better = 0
            for h in range(z.size):
                better += (followed >> h & 1) and value[h] > value[g]
            keep = better < plan.parameter
        elif plan.rule == EPSILON:
            keep = value[g] >= best - plan.parameter
        elif plan.rule == POSTERIOR:
            keep = upper_tail(-z[g]) >= plan.parameter
        elif plan.rule == PREDICTIVE:
            now = z[g] * math.sqrt(ratio) - plan.bounds[plan.bounds.size - 1]
            keep = upper_tail(-now / math.sqrt(max(ratio - 1.0, 1e-12))) >= plan.parameter
        if keep and value[g] >= plan.threshold:
            chosen |= 1 << g
    return chosen


@njit(cache=True)
def stage_factor(plan: Plan, stage: int, combined: np.ndarray, followed: int, drift: float) -> float:
    """Return how many times the planned next stage reaches the conditional power aimed at, between 1 and `plan.most`.

    `drift` is the expected statistic of the next stage as planned, at the estimate so far. The combined statistic is
    that of the intersection of all populations followed, which is the last to be rejected. Fisher's product is read as
    the level that the next stage's p-value must reach.

    Reference: Proschan MA, Hunsberger SA. Biometrics 1995;51:1315-1324.
    """
    if plan.power <= 0.0:
        return 1.0
    if plan.combination == FISHER:
        level = math.exp((plan.bounds[stage + 1] - combined[followed]) / plan.weights[stage + 1])
        critical = -quantile(max(1e-300, level)) if level < 1.0 else -8.0
    else:
        before = 0.0
        for k in range(stage + 1):
            before += plan.weights[k] ** 2
        after = before + plan.weights[stage + 1] ** 2
        critical = (plan.bounds[stage + 1] * math.sqrt(after) - combined[followed]) / plan.weights[stage + 1]
    if drift <= 1e-9:
        return plan.most
    needed = max(0.0, critical + quantile(plan.power)) / drift
    return min(plan.most, max(1.0, needed * needed))
