"""Critical values of a group-sequential trial, each found on its own look without integrating the earlier ones again.

Newton's method works on the density left by the look before, so that a boundary costs one pass over the looks.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from calor.kernels.group_sequential import crossing, density_at, stay, tail
from calor.kernels.normal import upper_quantile

Array = npt.NDArray[np.float64]


@njit(cache=True)
def solve_tail(nodes: Array, mass: Array, before: float, now: float, drift: float, target: float) -> float:
    """Return the bound whose tail is `target`: infinity for 0, minus infinity when all that is left is too little.

    Newton on the logarithm of the tail, from the bound that would serve had nobody stopped: it lies beyond the root,
    and the logarithm is concave, so that the steps approach from one side.
    """
    if target <= 0.0:
        return math.inf
    if mass.sum() <= target:
        return -math.inf
    z = drift * math.sqrt(now) + upper_quantile(target)
    for _ in range(60):
        reached = tail(nodes, mass, before, now, drift, z)
        slope = density_at(nodes, mass, before, now, drift, z)
        if reached <= 0.0 or slope <= 0.0:
            z -= 1.0
            continue
        step = math.log(reached / target) * reached / slope
        z += max(-2.0, min(2.0, step))
        if abs(step) < 1e-11:
            break
    return z


@njit(cache=True)
def solve_inner(
    nodes: Array, mass: Array, before: float, now: float, drift: float, target: float, outer: float
) -> float:
    """Return a with P(|Z| < a) = `target`, at most `outer`."""
    if target <= 0.0:
        return 0.0
    low, high = 0.0, outer
    a = 0.5 * outer
    for _ in range(200):
        gap = tail(nodes, mass, before, now, drift, -a) - tail(nodes, mass, before, now, drift, a) - target
        if gap > 0.0:
            high = a
        else:
            low = a
        slope = density_at(nodes, mass, before, now, drift, a) + density_at(nodes, mass, before, now, drift, -a)
        proposal = a - gap / slope if slope > 0.0 else low
        if not low < proposal < high:
            proposal = 0.5 * (low + high)
        moved = abs(proposal - a)
        a = proposal
        if moved < 1e-12:
            break
    return a


@njit(cache=True)
def spending_bounds(fractions: Array, spent: Array, lower: Array, inner: Array, symmetric: bool) -> Array:
    """Return the upper bounds that spend `spent` (per look and side) under no drift.

    `symmetric` mirrors each upper bound below; `lower` and `inner` are bounds already known (binding futility).
    """
    looks = fractions.size
    upper = np.empty(looks)
    nodes, mass = np.zeros(1), np.ones(1)
    before = 0.0
    for k in range(looks):
        now = fractions[k]
        upper[k] = solve_tail(nodes, mass, before, now, 0.0, spent[k])
        if k < looks - 1:
            region = (-upper[k] if symmetric else lower[k], inner[k], upper[k])
            nodes, mass = stay(nodes, mass, before, now, fractions[k + 1], 0.0, region)
        before = now
    return upper


@njit(cache=True)
def futility_bound(
    nodes: Array, mass: Array, before: float, now: float, drift: float, spent: float, upper: float, symmetric: bool
) -> float:
    """Return the futility bound that spends `spent` under `drift`, at most the efficacy bound."""
    if symmetric:
        return solve_inner(nodes, mass, before, now, drift, spent, upper)
    return min(upper, -solve_tail(-nodes, mass, before, now, -drift, spent))


@njit(cache=True)
def futility_bounds(fractions: Array, upper: Array, spent: Array, drift: float, symmetric: bool) -> tuple[Array, float]:
    """Return non-binding futility bounds under `drift` for known efficacy bounds, and the error left unspent.

    The second value is P(no rejection) less the error allowed: zero when the drift is the one sought.
    """
    looks = fractions.size
    futility = upper.copy()
    nodes, mass = np.zeros(1), np.ones(1)
    before = 0.0
    accepted = 0.0
    for k in range(looks):
        now = fractions[k]
        if k < looks - 1:
            futility[k] = futility_bound(nodes, mass, before, now, drift, spent[k], upper[k], symmetric)
        accepted += tail(-nodes, mass, before, now, -drift, -futility[k])
        if symmetric:
            accepted -= tail(-nodes, mass, before, now, -drift, futility[k])
        if k < looks - 1:
            region = (-upper[k] if symmetric else futility[k], futility[k] if symmetric else 0.0, upper[k])
            nodes, mass = stay(nodes, mass, before, now, fractions[k + 1], drift, region)
        before = now
    return futility, accepted - spent.sum()


@njit(cache=True)
def binding_bounds(
    fractions: Array, alpha_spent: Array, beta_spent: Array, drift: float, symmetric: bool
) -> tuple[Array, Array, float]:
    """Return efficacy and binding futility bounds that spend both errors under `drift`, and the error left unspent."""
    looks = fractions.size
    upper = np.empty(looks)
    futility = np.empty(looks)
    null_nodes, null_mass = np.zeros(1), np.ones(1)
    nodes, mass = np.zeros(1), np.ones(1)
    before = 0.0
    accepted = 0.0
    for k in range(looks):
        now = fractions[k]
        upper[k] = solve_tail(null_nodes, null_mass, before, now, 0.0, alpha_spent[k])
        futility[k] = upper[k]
        if k < looks - 1:
            futility[k] = futility_bound(nodes, mass, before, now, drift, beta_spent[k], upper[k], symmetric)
        accepted += tail(-nodes, mass, before, now, -drift, -futility[k])
        if symmetric:
            accepted -= tail(-nodes, mass, before, now, -drift, futility[k])
        if k < looks - 1:
            after = fractions[k + 1]
            region = (-upper[k] if symmetric else futility[k], futility[k] if symmetric else 0.0, upper[k])
            null_nodes, null_mass = stay(null_nodes, null_mass, before, now, after, 0.0, region)
            nodes, mass = stay(nodes, mass, before, now, after, drift, region)
        before = now
    return upper, futility, accepted - beta_spent.sum()


@njit(cache=True)
def shaped_bounds(fractions: Array, shape: Array, alpha: float, lower: Array, inner: Array, symmetric: bool) -> Array:
    """Return upper bounds c * shape, with c such that P(any upper crossing) = `alpha` under no drift.

    Secant steps on the logarithm of the crossing probability, which is smooth and concave in c.
    """
    c_old = upper_quantile(alpha)
    upper = c_old * shape
    log_old = math.log(crossing(fractions, -upper if symmetric else lower, inner, upper, 0.0)[0].sum() / alpha)
    if abs(log_old) < 1e-12:
        return upper
    c = c_old + 0.5 * log_old / c_old
    for _ in range(60):
        upper = c * shape
        log_now = math.log(crossing(fractions, -upper if symmetric else lower, inner, upper, 0.0)[0].sum() / alpha)
        if log_now == log_old:
            break
        step = log_now * (c - c_old) / (log_old - log_now)
        c_old, log_old = c, log_now
        c += step
        if abs(step) < 1e-10:
            break
    return c * shape


@njit(cache=True)
def last_bound(fractions: Array, upper: Array, alpha: float, lower: Array, inner: Array, symmetric: bool) -> Array:
    """Return `upper` with its last bound solved so that P(any upper crossing) = `alpha` under no drift.

    The last bound is minus infinity when the earlier ones have spent everything.
    """
    looks = fractions.size
    upper = upper.copy()
    nodes, mass = np.zeros(1), np.ones(1)
    before = 0.0
    spent = 0.0
    for k in range(looks - 1):
        now = fractions[k]
        spent += tail(nodes, mass, before, now, 0.0, upper[k])
        region = (-upper[k] if symmetric else lower[k], inner[k], upper[k])
        nodes, mass = stay(nodes, mass, before, now, fractions[k + 1], 0.0, region)
        before = now
    upper[looks - 1] = solve_tail(nodes, mass, before, fractions[looks - 1], 0.0, alpha - spent)
    return upper
