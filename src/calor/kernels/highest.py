"""The largest of correlated normal statistics: Spiessens and Debois's test of any number of populations.

Two statistics have a closed form in one integral. Of more, the chance that one exceeds the bound and none before it
does is integrated one after the other, each given those before (Genz), over a fixed lattice, so that one question has
one answer. Where the statistics of some populations determine another's, that one only bounds the last of them.

Reference: Spiessens B, Debois M. Contemporary Clinical Trials 2010;31:647-656. Owen DB. Annals of Mathematical
    Statistics 1956;27:1075-1090. Genz A. Journal of Computational and Graphical Statistics 1992;1:141-149. Genz A,
    Kwong KS. Journal of Statistical Computation and Simulation 2000;68:1-21 (singular correlations).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.counter_random import quantile
from calor.kernels.normal import lower_tail, upper_tail

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_POINTS = 256  # of the lattice: one part in a thousand of the p-value
_STEPS = np.sqrt(np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0]))
_NOTHING = 1e-9


@njit(cache=True)
def highest(z: float, correlation: np.ndarray) -> float:
    """Return P(the largest of standard normal statistics exceeds z).

    >>> round(highest(1.959964, np.eye(3)), 5)  # 1 - 0.975**3
    0.07314
    """
    size = correlation.shape[0]
    if size == 1:
        return upper_tail(z)
    if size == 2:
        return highest_of_two(z, correlation[0, 1])
    total = highest_of_two(z, correlation[0, 1])
    for k in range(2, size):
        total += _first_above(z, correlation, k)
    return min(total, 1.0)


@njit(cache=True)
def _first_above(z: float, correlation: np.ndarray, k: int) -> float:
    """Return P(statistic k exceeds z and none before it does)."""
    order = np.arange(-1, k)
    order[0] = k
    own = np.empty((k + 1, k + 1))
    for i in range(k + 1):
        for j in range(k + 1):
            own[i, j] = correlation[order[i], order[j]]
    root = _root(own)
    ends = _last_used(root)
    total, x = 0.0, np.empty(k + 1)
    for point in range(_POINTS):
        total += _chance(z, root, ends, point + 1, x)
    return total / _POINTS


@njit(cache=True, error_model="numpy")
def highest_of_two(z: float, correlation: float) -> float:
    """Return P(the larger of two standard normal statistics exceeds z), by Owen's T function.

    >>> round(highest_of_two(1.959964, 0.0), 6)
    0.049375
    """
    limit = math.sqrt(max(1.0 - correlation, 0.0) / (1.0 + correlation))
    t = 0.0
    for i in range(_NODES.size):
        x = 0.5 * limit * (1.0 + _NODES[i])
        t += _WEIGHTS[i] * math.exp(-0.5 * z * z * (1.0 + x * x)) / (1.0 + x * x)
    return upper_tail(z) + 2.0 * t * 0.5 * limit / (2.0 * math.pi)


@njit(cache=True)
def _root(correlation: np.ndarray) -> np.ndarray:
    """Return the Cholesky factor, with zeros on the diagonal for statistics that the earlier ones determine."""
    size = correlation.shape[0]
    root = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1):
            left = correlation[i, j]
            for k in range(j):
                left -= root[i, k] * root[j, k]
            if i == j:
                root[i, i] = math.sqrt(left) if left > _NOTHING else 0.0
            elif root[j, j] > 0.0:
                root[i, j] = left / root[j, j]
    return root


@njit(cache=True)
def _last_used(root: np.ndarray) -> np.ndarray:
    """Return the last variable that enters each statistic."""
    ends = np.zeros(root.shape[0], dtype=np.int64)
    for i in range(root.shape[0]):
        for j in range(i + 1):
            if abs(root[i, j]) > math.sqrt(_NOTHING):
                ends[i] = j
    return ends


@njit(cache=True)
def _chance(z: float, root: np.ndarray, ends: np.ndarray, point: int, x: np.ndarray) -> float:
    """Return the probability at one point of the lattice that the first exceeds z and no other; `x` is room."""
    chance = upper_tail(z)
    x[0] = -quantile(max(chance * _turn(point, 0), 1e-300))
    for k in range(1, root.shape[0]):
        low, high = -math.inf, math.inf
        for i in range(k, root.shape[0]):
            if ends[i] == k:
                left = z
                for j in range(k):
                    left -= root[i, j] * x[j]
                if root[i, k] > 0.0:
                    high = min(high, left / root[i, k])
                elif root[i, k] < 0.0:
                    low = max(low, left / root[i, k])
        if high <= low:
            return 0.0
        x[k] = 0.0
        if root[k, k] > 0.0:
            start, width = lower_tail(low), lower_tail(high) - lower_tail(low)
            chance *= width
            x[k] = quantile(min(max(start + _turn(point, k) * width, 1e-16), 1.0 - 1e-16))
    return chance


@njit(cache=True)
def _turn(point: int, dimension: int) -> float:
    """Return a coordinate of a point of the lattice, folded so that the integrand is periodic."""
    turn = point * _STEPS[dimension % _STEPS.size]
    return float(abs(2.0 * (turn - math.floor(turn)) - 1.0))
