"""Estimates after a trial that selected populations: ordinary, from later stages, shrunken, median-unbiased."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.counter_random import quantile
from calor.kernels.enrichment_statistics import Results
from calor.kernels.group_sequential import beginning, stay, tail
from calor.kernels.highest import highest
from calor.kernels.interim import FISHER, Plan
from calor.kernels.normal import upper_tail

ORDINARY, LATER, SHRUNKEN, MEDIAN_UNBIASED = 0, 1, 2, 3
_Z = 1.959963984540054


@njit(cache=True)
def add_estimates(results: Results, plan: Plan, truth: np.ndarray, sums: np.ndarray) -> None:
    """Add the errors of estimates at the end of trials to sums.

    Args:
        results: The trials.
        plan: The design.
        truth: True effect of each population.
        sums: By estimator and population: number, sum and sum of squares of errors; the same where the hypothesis is
            rejected; intervals that hold the truth; estimates above it.
    """
    for t in range(results.stages.size):
        last = results.stages[t] - 1
        reference = _widest(results.se[t, 0])
        for g in range(truth.size):
            se = results.se[t, last, g]
            if not (results.followed[t, last] >> g & 1 and math.isfinite(se) and math.isfinite(results.se[t, 0, g])):
                continue
            hit = (results.rejected[t, last] >> g & 1) != 0
            effect = results.effect[t, last, g]
            _add(sums[ORDINARY, g], effect - truth[g], hit, abs(effect - truth[g]) <= _Z * se)
            first, then = results.effect[t, 0, g], results.se[t, 0, g] ** -2.0
            gained = se**-2.0 - then
            later = (effect * se**-2.0 - first * then) / gained if last > 0 and gained > 0.0 else 0.0
            if last > 0 and gained > 0.0:
                _add(sums[LATER, g], later - truth[g], hit, abs(later - truth[g]) <= _Z / math.sqrt(gained))
            drawn = shrunken(first, results.se[t, 0, g], results.effect[t, 0, reference], results.se[t, 0, reference])
            if last > 0 and gained > 0.0:
                drawn = (drawn * then + later * gained) / (then + gained)
            _add(sums[SHRUNKEN, g], drawn - truth[g], hit, abs(drawn - truth[g]) <= _Z * se)
            if plan.combination != FISHER:
                middle = median_unbiased(results, plan, t, g)
                above = extreme(results, plan, t, g, truth[g])
                _add(sums[MEDIAN_UNBIASED, g], middle - truth[g], hit, 0.025 <= above <= 0.975)


@njit(cache=True)
def _add(sums: np.ndarray, error: float, hit: bool, covered: bool) -> None:
    for row in range(2 if hit else 1):
        sums[3 * row] += 1.0
        sums[3 * row + 1] += error
        sums[3 * row + 2] += error * error
    sums[6] += covered
    sums[7] += error > 0.0


@njit(cache=True)
def _widest(se: np.ndarray) -> int:
    """Return the population with the most information."""
    best = 0
    for g in range(se.size):
        best = g if se[g] < se[best] else best
    return best


@njit(cache=True)
def shrunken(effect: float, se: float, whole: float, whole_se: float) -> float:
    """Draw a population's estimate towards that of the widest population, by what chance alone would make of it.

    >>> round(shrunken(0.5, 0.2, 0.2, 0.1), 4), shrunken(0.3, 0.2, 0.2, 0.1)
    (0.4, 0.2)

    Reference: Efron B, Morris C. Journal of the American Statistical Association 1973;68:117-130 (empirical Bayes).
        Carreras M, Brannath W. Statistics in Medicine 2013;32:1677-1690 (two stages: the first alone is shrunk).
    """
    apart = (effect - whole) ** 2
    chance = max(se**2 - whole_se**2, 0.0)
    return float(whole + max(0.0, 1.0 - chance / apart) * (effect - whole) if apart > 0.0 else whole)


@njit(cache=True)
def median_unbiased(results: Results, plan: Plan, t: int, g: int) -> float:
    """Return the effect under which the outcome of a trial for population g lies in the middle, by false position.

    Reference: Posch M et al. Statistics in Medicine 2005;24:3697-3714 (adaptive treatment selection).
    """
    last = results.stages[t] - 1
    middle, reach = results.effect[t, last, g], 6.0 * results.se[t, 0, g]
    low, high = middle - reach, middle + reach
    at_low, at_high = extreme(results, plan, t, g, low) - 0.5, extreme(results, plan, t, g, high) - 0.5
    if at_low >= 0.0 or at_high <= 0.0:
        return float(low if at_low >= 0.0 else high)
    theta = float(low)
    for _ in range(60):
        theta = high - at_high * (high - low) / (at_high - at_low)
        here = extreme(results, plan, t, g, theta) - 0.5
        if abs(here) < 1e-7 or high - low < 1e-9:
            break
        if here > 0.0:
            high, at_high = theta, here
            at_low *= 0.5  # Illinois: keeps the other end from standing still
        else:
            low, at_low = theta, here
            at_high *= 0.5
    return theta


@njit(cache=True)
def extreme(results: Results, plan: Plan, t: int, g: int, theta: float) -> float:
    """Return the probability of an outcome at least as good for population g, were its and its rivals' effect `theta`.

    Outcomes are ordered by the look at which the trial stops, then by the combined statistic. A stage's statistic is
    the normal score of the largest among the populations followed in it, so that selection is allowed for.
    """
    last = results.stages[t] - 1
    total, above = plan.norms[last] ** 2, 0.0
    state = beginning(0.0, 0.0)
    shifted = plain = 0.0
    for k in range(last + 1):
        now = plan.norms[k] ** 2 / total
        shifted += plan.weights[k] * _stage_score(results, plan, t, g, k, theta)
        plain += plan.weights[k] * _stage_score(results, plan, t, g, k, 0.0)
        if k == last:
            return above + tail(state, now, 0.0, shifted / plan.norms[k])
        bound = plan.bounds[k] - (plain - shifted) / plan.norms[k]
        above += tail(state, now, 0.0, bound)
        state = stay(state, now, plan.norms[k + 1] ** 2 / total, 0.0, (-math.inf, 0.0, bound))
    return above


@njit(cache=True)
def _stage_score(results: Results, plan: Plan, t: int, g: int, k: int, theta: float) -> float:
    """Return the normal score of the largest statistic of a stage about `theta`; that of population g if alone."""
    rivals = np.empty(results.se.shape[2], dtype=np.int64)
    count, top = 0, -math.inf
    information = np.zeros(rivals.size)
    for h in range(rivals.size):
        before = results.se[t, k - 1, h] ** -2.0 if k > 0 else 0.0
        information[h] = results.se[t, k, h] ** -2.0 - before
        if results.followed[t, k] >> h & 1 and information[h] > 0.0:
            score = results.effect[t, k, h] * results.se[t, k, h] ** -2.0
            score -= results.effect[t, k - 1, h] * before if k > 0 else 0.0
            top = max(top, (score - theta * information[h]) / math.sqrt(information[h]))
            rivals[count] = h
            count += 1
    if count <= 1:
        return max(top, -40.0)
    chance = highest(top, _rivals_correlation(plan, rivals[:count], information))
    return -quantile(min(max(chance, 1e-300), 1.0 - 1e-16)) if chance > upper_tail(37.0) else top


@njit(cache=True)
def _rivals_correlation(plan: Plan, rivals: np.ndarray, information: np.ndarray) -> np.ndarray:
    """Return the correlation of nested populations; others count as independent, which widens the interval."""
    matrix = np.eye(rivals.size)
    for i in range(rivals.size):
        for j in range(rivals.size):
            g, h = rivals[i], rivals[j]
            inside = True
            for part in range(plan.members.shape[1]):
                inside &= (not plan.members[g, part]) or plan.members[h, part]
            if inside and i != j and information[h] > information[g]:
                matrix[i, j] = matrix[j, i] = math.sqrt(information[g] / information[h])
    return matrix
