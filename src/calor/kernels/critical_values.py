"""Critical values of a group-sequential trial, each found on its own look without integrating the earlier ones again.

Newton's method works on the density left by the look before, so that a boundary costs one pass over the looks.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from calor.kernels.group_sequential import (
    State,
    beginning,
    crossing,
    density_at,
    mean_at,
    mirrored,
    stay,
    tail,
    tail_below,
)
from calor.kernels.normal import upper_quantile

Array = npt.NDArray[np.float64]


@njit(cache=True)
def solve_tail(state: State, now: float, drift: float, target: float) -> float:
    """Return the bound whose tail is `target`: infinity for 0, minus infinity when all that is left is too little.

    Newton on the logarithm of the tail, from the bound that would serve had nobody stopped: it lies beyond the root,
    and the logarithm is concave, so that the steps approach from one side.
    """
    if target <= 0.0:
        return math.inf
    if state[1].sum() <= target:
        return -math.inf
    z = mean_at(state, now, drift) + upper_quantile(target)
    for _ in range(60):
        reached = tail(state, now, drift, z)
        slope = density_at(state, now, drift, z)
        if reached <= 0.0 or slope <= 0.0:
            z -= 1.0
            continue
        step = math.log(reached / target) * reached / slope
        z += max(-2.0, min(2.0, step))
        if abs(step) < 1e-11:
            break
    return z


@njit(cache=True)
def solve_inner(state: State, now: float, drift: float, target: float, outer: float) -> float:
    """Return a with P(|z| < a) = `target`, at most `outer`: Newton kept inside a shrinking bracket."""
    if target <= 0.0:
        return 0.0
    low, high = 0.0, min(outer, abs(mean_at(state, now, drift)) + 40.0)
    a = 0.5 * high
    for _ in range(200):
        gap = tail(state, now, drift, -a) - tail(state, now, drift, a) - target
        if gap > 0.0:
            high = a
        else:
            low = a
        slope = density_at(state, now, drift, a) + density_at(state, now, drift, -a)
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
    state = beginning(0.0, 0.0)
    for k in range(looks):
        now = fractions[k]
        upper[k] = solve_tail(state, now, 0.0, spent[k])
        if k < looks - 1:
            region = (-upper[k] if symmetric else lower[k], inner[k], upper[k])
            state = stay(state, now, fractions[k + 1], 0.0, region)
    return upper


@njit(cache=True)
def last_bound(fractions: Array, upper: Array, alpha: float, lower: Array, inner: Array, symmetric: bool) -> Array:
    """Return `upper` with its last bound solved so that P(any upper crossing) = `alpha` under no drift.

    The last bound is infinite when the earlier ones have spent everything.
    """
    looks = fractions.size
    upper = upper.copy()
    state = beginning(0.0, 0.0)
    spent = 0.0
    for k in range(looks - 1):
        now = fractions[k]
        spent += tail(state, now, 0.0, upper[k])
        region = (-upper[k] if symmetric else lower[k], inner[k], upper[k])
        state = stay(state, now, fractions[k + 1], 0.0, region)
    upper[looks - 1] = solve_tail(state, fractions[looks - 1], 0.0, alpha - spent)
    return upper


@njit(cache=True)
def shaped_bounds(fractions: Array, shape: Array, alpha: float, lower: Array, inner: Array, symmetric: bool) -> Array:
    """Return upper bounds c * shape, with c such that P(any upper crossing) = `alpha` under no drift.

    Secant steps on the logarithm of the crossing probability, which is smooth and concave in c.
    """
    no_drift = np.zeros(fractions.size)
    c_old, c = upper_quantile(alpha), 0.0
    log_old, step = 0.0, 0.0
    for iteration in range(60):
        upper = (c_old if iteration == 0 else c) * shape
        crossed = crossing(fractions, -upper if symmetric else lower, inner, upper, no_drift, 0.0, 0.0)
        log_now = math.log(crossed[0].sum() / alpha)
        if iteration == 0:
            step = 0.8 * log_now / c_old
        else:
            slope = (log_now - log_old) / (c - c_old)
            step = -log_now / slope if slope < 0.0 else 0.0
            c_old = c
        log_old = log_now
        c = c_old + step
        if abs(step) < 1e-7:  # the step after would be below 1e-11
            break
    return c * shape


@njit(cache=True)
def futility_bound(state: State, now: float, drift: float, spent: float, upper: float, symmetric: bool) -> float:
    """Return the futility bound that spends `spent` under `drift`, at most the efficacy bound."""
    if symmetric:
        return float(solve_inner(state, now, drift, spent, upper))
    return min(upper, -solve_tail(mirrored(state), now, -drift, spent))


@njit(cache=True)
def accepting(state: State, now: float, drift: float, futility: float, symmetric: bool) -> float:
    """Return the probability of stopping without rejection at `now`."""
    below = tail_below(state, now, drift, futility)
    return float(below - tail_below(state, now, drift, -futility) if symmetric else below)


@njit(cache=True)
def continuation(upper: float, futility: float, symmetric: bool) -> tuple[float, float, float]:
    """Return the continuation region (lower, inner, upper) between efficacy and futility bounds."""
    return (-upper if symmetric else futility, futility if symmetric else 0.0, upper)


@njit(cache=True)
def futility_bounds(fractions: Array, upper: Array, spent: Array, drift: float, symmetric: bool) -> tuple[Array, float]:
    """Return non-binding futility bounds under `drift` for known efficacy bounds, and the error left unspent.

    The second value is P(no rejection) less the error allowed: zero when the drift is the one sought.
    """
    looks = fractions.size
    futility = upper.copy()
    state = beginning(0.0, 0.0)
    accepted = 0.0
    for k in range(looks):
        now = fractions[k]
        if k < looks - 1:
            futility[k] = futility_bound(state, now, drift, spent[k], upper[k], symmetric)
        accepted += accepting(state, now, drift, futility[k], symmetric)
        if k < looks - 1:
            state = stay(state, now, fractions[k + 1], drift, continuation(upper[k], futility[k], symmetric))
    return futility, accepted - spent.sum()


@njit(cache=True)
def binding_bounds(
    fractions: Array, alpha_spent: Array, beta_spent: Array, drift: float, symmetric: bool
) -> tuple[Array, Array, float]:
    """Return efficacy and binding futility bounds that spend both errors under `drift`, and the error left unspent."""
    looks = fractions.size
    upper, futility = np.empty(looks), np.empty(looks)
    null, state = beginning(0.0, 0.0), beginning(0.0, 0.0)
    accepted = 0.0
    for k in range(looks):
        now = fractions[k]
        upper[k] = solve_tail(null, now, 0.0, alpha_spent[k])
        futility[k] = upper[k]
        if k < looks - 1:
            futility[k] = futility_bound(state, now, drift, beta_spent[k], upper[k], symmetric)
        accepted += accepting(state, now, drift, futility[k], symmetric)
        if k < looks - 1:
            region = continuation(upper[k], futility[k], symmetric)
            null = stay(null, now, fractions[k + 1], 0.0, region)
            state = stay(state, now, fractions[k + 1], drift, region)
    return upper, futility, accepted - beta_spent.sum()
