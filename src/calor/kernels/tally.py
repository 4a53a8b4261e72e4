"""Add up simulated trials."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.enrichment_statistics import Results

_Z = 1.959963984540054


@njit(cache=True)
def add_up(
    results: Results,
    truth: np.ndarray,
    once: np.ndarray,
    by_look: np.ndarray,
    by_population: np.ndarray,
    errors: np.ndarray,
    covered: np.ndarray,
) -> None:
    """Add trials to sums.

    Args:
        results: The trials.
        truth: True effect of each population.
        once: Entries 1 to 3: trials that reject anything, stop for futility, are incomplete; then sum and sum of
            squares of units, participants, candidates and months.
        by_look: Trials that reach the look, that end there with success, and that end there for futility; sum and sum
            of squares of the pipeline there.
        by_population: By look and population: first rejected there, followed there.
        errors: Number, sum and sum of squares (second axis) of the errors of estimates at the end: of populations
            followed to it; of those rejected; of the stages after the first alone.
        covered: 95 % intervals at the end that hold the truth.
    """
    looks = by_look.shape[1]
    for t in range(results.stages.size):
        last = results.stages[t] - 1
        before = 0
        units = 0.0
        for k in range(last + 1):
            by_look[0, k] += 1
            by_look[3, k] += results.pipeline[t, k]
            by_look[4, k] += results.pipeline[t, k] ** 2
            units += results.units[t, k]
            new = results.rejected[t, k] & ~before
            before |= results.rejected[t, k]
            for g in range(truth.size):
                by_population[0, k, g] += new >> g & 1
                by_population[1, k, g] += results.followed[t, k] >> g & 1
        by_look[1, last] += results.success[t]
        by_look[2, last] += results.futile[t]
        once[1] += before != 0
        once[2] += results.futile[t]
        once[3] += not results.complete[t]
        _add_square(once, 4, units)
        _add_square(once, 6, results.enrolled[t])
        _add_square(once, 8, results.screened[t])
        _add_square(once, 10, results.months[t])
        for g in range(truth.size):
            if results.followed[t, last] >> g & 1 and math.isfinite(results.se[t, last, g]):
                error = results.effect[t, last, g] - truth[g]
                _add_error(errors, 0, g, error)
                if before >> g & 1:
                    _add_error(errors, 1, g, error)
                covered[g] += abs(error) <= _Z * results.se[t, last, g]
                now, then = results.se[t, last, g] ** -2, results.se[t, 0, g] ** -2
                if last > 0 and looks > 1 and now > then:
                    later = results.effect[t, last, g] * now - results.effect[t, 0, g] * then
                    _add_error(errors, 2, g, later / (now - then) - truth[g])


@njit(cache=True)
def _add_square(sums: np.ndarray, at: int, value: float) -> None:
    sums[at] += value
    sums[at + 1] += value * value


@njit(cache=True)
def _add_error(errors: np.ndarray, kind: int, population: int, error: float) -> None:
    errors[kind, 0, population] += 1.0
    errors[kind, 1, population] += error
    errors[kind, 2, population] += error * error
