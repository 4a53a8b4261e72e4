"""What happens at a look: closed test of the populations, selection among them, size of the next stage.

Populations and sets of populations are bit masks. Both simulation engines hand their statistics to `judge`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from calor.kernels.counter_random import quantile
from calor.kernels.highest import highest
from calor.kernels.normal import upper_tail

INVERSE_NORMAL, FISHER, CUMULATIVE = 0, 1, 2
BONFERRONI, SIMES, SIDAK, SPIESSENS_DEBOIS = 0, 1, 2, 3
ALL, BEST, EPSILON, POSTERIOR, PREDICTIVE, GIVEN = 0, 1, 2, 3, 4, 5
STATISTIC, EFFECT, RATIO = 0, 1, 2


class Plan(NamedTuple):
    """The design as numbers.

    `planned`: cumulative events, participants or months of each look. `members`: part belongs to population. `bounds`,
    `futility`, `weights`: of the combination test, by stage, and `norms`: root of
    the sum of squared weights up to each. `rule`, `parameter`, `threshold`, `measure`: selection.
    `any_success`: stop when one hypothesis is rejected rather than all followed. `power`, `assumed`, `least`, `most`:
    conditional power aimed at by re-estimation (0: none), the effect it assumes (NaN: the estimate), and how few and
    how many times the planned stage it may make, by stage. `statistic`: of participants.
    `calendar`: `planned` are months.
    """

    planned: np.ndarray
    members: np.ndarray
    combination: int
    bounds: np.ndarray
    futility: np.ndarray
    weights: np.ndarray
    norms: np.ndarray
    intersection: int
    rule: int
    parameter: float
    threshold: float
    measure: int
    any_success: bool
    power: float
    assumed: float
    least: np.ndarray
    most: np.ndarray
    statistic: int
    calendar: bool


@njit(cache=True, inline="always", error_model="numpy")
def intersection_p(p: np.ndarray, inside: int, test: int, correlation: np.ndarray | None) -> float:
    """Return the p-value of the intersection of the hypotheses in the mask `inside`.

    >>> intersection_p(np.array([0.03, 0.04]), 3, SIMES, np.eye(2))
    0.04
    """
    m = 0
    least, most = 2.0, -1.0
    for g in range(p.size):
        if inside >> g & 1:
            m += 1
            least = min(least, p[g])
            most = max(most, p[g])
    if m == 1:
        return least
    if test == SIDAK:
        return -math.expm1(m * math.log1p(-least)) if least < 1.0 else 1.0
    if correlation is not None and test == SPIESSENS_DEBOIS:
        return _highest_inside(-quantile(max(least, 1e-300)), inside, m, correlation) if least < 1.0 else 1.0
    best = min(1.0, m * least)
    if test == SIMES:
        best = min(best, most)
        if m > 2:
            best = min(best, _simes(p, inside, m))
    return best


@njit(cache=True)
def _highest_inside(z: float, inside: int, m: int, correlation: np.ndarray) -> float:
    """Return P(the largest of the statistics in a mask of m populations exceeds z)."""
    own = np.empty((m, m))
    i = 0
    for g in range(correlation.shape[0]):
        if inside >> g & 1:
            j = 0
            for h in range(correlation.shape[0]):
                if inside >> h & 1:
                    own[i, j] = correlation[g, h]
                    j += 1
            i += 1
    return highest(z, own)


@njit(cache=True, error_model="numpy")
def _simes(p: np.ndarray, inside: int, m: int) -> float:
    """Return the smallest of m p / rank."""
    best = 1.0
    for g in range(p.size):
        if inside >> g & 1:
            rank = 0
            for h in range(p.size):
                rank += (inside >> h & 1) and p[h] <= p[g]
            best = min(best, m * p[g] / rank)
    return best


@njit(cache=True, inline="always", error_model="numpy")
def judge(
    plan: Plan,
    stage: int,
    out: np.ndarray,
    followed: int,
    combined: np.ndarray,
    crossed: np.ndarray,
    rho: np.ndarray | None,
) -> tuple[int, int]:
    """Test every intersection at a stage, updating `combined` and `crossed`.

    Args:
        plan: The design.
        stage: Counted from 0.
        out: By population: its statistic from this stage's own data, and from all data so far, which is used where
            nothing is combined; row 4 is room for the p-values.
        followed: Mask of the populations followed at this stage.
        combined: Sum over the stages for each intersection; a stage that nobody follows ends it. The first, of the
            empty set, is that of everyone by Bonferroni's test, from which re-estimation takes its critical value.
        crossed: Whether each intersection has been rejected by now.
        rho: Correlation of the populations' statistics; None where the intersection test needs none.

    Returns:
        Mask of the populations whose closed test rejects by now, and mask of those that are futile.
    """
    row = 1 if plan.combination == CUMULATIVE else 0
    p = out[4]
    populations = p.size
    for g in range(populations):
        p[g] = upper_tail(out[row, g]) if followed >> g & 1 else 1.0
    bound, futility, weight, norm = plan.bounds[stage], plan.futility[stage], plan.weights[stage], plan.norms[stage]
    fisher = plan.combination == FISHER
    rejected = (1 << populations) - 1
    futile = 0
    for subset in range(1, 1 << populations):
        inside = subset & followed
        if inside:
            alone = (inside & (inside - 1)) == 0
            adjusted = 0.0 if alone and not fisher else intersection_p(p, inside, plan.intersection, rho)
            if fisher:
                combined[subset] += weight * math.log(max(adjusted, 1e-300))
                hit = combined[subset] <= bound
                lost = adjusted >= futility
            else:
                score = out[row, _lowest(inside)] if alone else _score(adjusted)
                combined[subset] += weight * score
                if row == 0:
                    score = combined[subset] / norm
                hit = score >= bound
                lost = score <= futility
            if hit:
                crossed[subset] = True
            if lost:
                futile |= subset
        if not crossed[subset]:
            rejected &= ~subset
    if plan.power > 0.0:
        adjusted = intersection_p(p, followed, BONFERRONI, rho)
        combined[0] += weight * (math.log(max(adjusted, 1e-300)) if fisher else _score(adjusted))
    return rejected, futile


@njit(cache=True, inline="always", error_model="numpy")
def _lowest(inside: int) -> int:
    """Return the number of the first population in a mask."""
    g = 0
    while not inside >> g & 1:
        g += 1
    return g


@njit(cache=True, inline="always", error_model="numpy")
def _score(p: float) -> float:
    """Return the normal score of a p-value; minus infinity for 1, which nothing can outweigh."""
    return -math.inf if p >= 1.0 else -quantile(max(p, 1e-300))


@njit(cache=True, inline="always", error_model="numpy")
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
