"""Recursive integration over the looks of a group-sequential trial.

The statistic is a Brownian motion B(t) = Z sqrt(t) with drift per unit of t, seen at the information fractions t of the
looks. What has not stopped at a look is kept as point masses on composite Gauss-Legendre nodes inside the continuation
region; the next look's density and tail are sums over these masses (Armitage, McPherson and Rowe 1969; Jennison and
Turnbull 2000, ch. 19). The quadrature is adaptive: panels follow the narrowest feature of the integrand, which is the
width of the step to the next look together with the smoothness left by the step before; ten nodes per panel then
integrate to about 1e-12, where equal spacing (Simpson) would need hundreds of nodes per SD. A continuation region is
(lower, upper) less an inner gap (-inner, inner).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from calor.kernels.normal import density, upper_tail

Array = npt.NDArray[np.float64]
State = tuple[Array, Array, float, float]  # nodes (z), masses, information fraction, mean had nobody stopped

PANEL_NODES, PANEL_WEIGHTS = np.polynomial.legendre.leggauss(10)
PANEL_SDS = 3.0  # a 10-point panel of three SDs integrates a normal density to about 1e-12
REACH_BELOW = 9.0  # SDs below the mean; beyond lies 1e-19
REACH_ABOVE = 13.0  # farther above, where bounds sit whose tiny tails must keep their relative accuracy
BRIDGE_SDS = 7.5  # a path's earlier value given its later one lies within so many SDs (6e-14 outside)


@njit(cache=True)
def panel_grid(low: float, high: float, width: float) -> tuple[Array, Array]:
    """Return nodes and weights of composite Gauss-Legendre on (low, high) in panels no wider than `width`."""
    if not low < high:
        return np.empty(0), np.empty(0)
    panels = math.ceil((high - low) / width)
    half = 0.5 * (high - low) / panels
    points = PANEL_NODES.size
    nodes = np.empty(panels * points)
    weights = np.empty(panels * points)
    for panel in range(panels):
        middle = low + (2 * panel + 1) * half
        for i in range(points):
            nodes[panel * points + i] = middle + half * PANEL_NODES[i]
            weights[panel * points + i] = half * PANEL_WEIGHTS[i]
    return nodes, weights


@njit(cache=True)
def region_grid(region: tuple[float, float, float], mean: float, width: float) -> tuple[Array, Array]:
    """Return nodes and weights over a continuation region, cut where the density vanishes."""
    lower, inner, upper = region
    low = max(lower, mean - REACH_BELOW)
    high = min(upper, mean + REACH_ABOVE)
    if inner <= 0.0:
        return panel_grid(low, high, width)
    nodes_low, weights_low = panel_grid(low, min(high, -inner), width)
    nodes_high, weights_high = panel_grid(max(low, inner), high, width)
    return np.concatenate((nodes_low, nodes_high)), np.concatenate((weights_low, weights_high))


@njit(cache=True)
def panel_width(before: float, now: float, after: float) -> float:
    """Return a panel's width at fraction `now`, between the looks at fractions `before` and `after`."""
    variance_in = 1.0 - before / now
    variance_out = (after - now) / now
    return PANEL_SDS / math.sqrt(1.0 / variance_in + 1.0 / variance_out)


@njit(cache=True)
def beginning(z: float, fraction: float) -> State:
    """Return the state of a trial that stands at `z` at an information fraction (0 and 0 before it starts)."""
    return np.full(1, z), np.ones(1), fraction, z


@njit(cache=True)
def mirrored(state: State) -> State:
    """Return the state with the sign of z turned; its nodes descend."""
    nodes, mass, before, mean = state
    return -nodes, mass, before, -mean


@njit(cache=True)
def mean_at(state: State, now: float, drift: float) -> float:
    """Return the mean of z at `now` had nobody stopped."""
    _, _, before, mean = state
    return (mean * math.sqrt(before) + drift * (now - before)) / math.sqrt(now)


@njit(cache=True)
def advance(state: State, now: float, drift: float, targets: Array) -> Array:
    """Return the density of z at `now` on ascending `targets`, from a state with ascending nodes."""
    nodes, mass, before, mean = state
    step = math.sqrt(now - before)
    root_now = math.sqrt(now) / step
    root_before = math.sqrt(before) / step
    bridge = math.sqrt(before / now)
    centre_0 = mean - bridge * mean_at(state, now, drift)
    reach = BRIDGE_SDS * math.sqrt(1.0 - before / now)
    result = np.zeros(targets.size)
    first = 0
    for j in range(targets.size):
        centre = centre_0 + targets[j] * bridge
        while first < nodes.size and nodes[first] < centre - reach:
            first += 1
        scaled = targets[j] * root_now - drift * step
        total = 0.0
        for i in range(first, nodes.size):
            if nodes[i] > centre + reach:
                break
            u = scaled - nodes[i] * root_before
            total += mass[i] * math.exp(-0.5 * u * u)
        result[j] = total * root_now / math.sqrt(2.0 * math.pi)
    return result


@njit(cache=True)
def tail(state: State, now: float, drift: float, bound: float) -> float:
    """Return P(still in the trial, z > bound at `now`)."""
    nodes, mass, before, _ = state
    if bound == math.inf:
        return 0.0
    if bound == -math.inf:
        return float(mass.sum())
    step = math.sqrt(now - before)
    scaled = bound * math.sqrt(now) / step - drift * step
    root_before = math.sqrt(before) / step
    total = 0.0
    for i in range(nodes.size):
        total += mass[i] * upper_tail(scaled - nodes[i] * root_before)
    return total


@njit(cache=True)
def tail_below(state: State, now: float, drift: float, bound: float) -> float:
    """Return P(still in the trial, z < bound at `now`)."""
    return float(tail(mirrored(state), now, -drift, -bound))


@njit(cache=True)
def density_at(state: State, now: float, drift: float, z: float) -> float:
    """Return the sub-density of z at `now` in one point."""
    nodes, mass, before, _ = state
    step = math.sqrt(now - before)
    scaled = z * math.sqrt(now) / step - drift * step
    root_before = math.sqrt(before) / step
    total = 0.0
    for i in range(nodes.size):
        total += mass[i] * density(scaled - nodes[i] * root_before)
    return total * math.sqrt(now) / step


@njit(cache=True)
def stay(state: State, now: float, after: float, drift: float, region: tuple[float, float, float]) -> State:
    """Return the state of those who continue past `now` towards `after`; region is (lower, inner, upper)."""
    mean = mean_at(state, now, drift)
    targets, weights = region_grid(region, mean, panel_width(state[2], now, after))
    return targets, weights * advance(state, now, drift, targets), now, mean


@njit(cache=True)
def crossing(
    fractions: Array, lower: Array, inner: Array, upper: Array, drifts: Array, start_z: float, start_fraction: float
) -> Array:
    """Return per look P(z > upper), P(z < lower), P(`|z|` < inner) as the rows of a (3, looks) array.

    `drifts` holds one drift per step; the trial stands at `start_z` at `start_fraction` (0 and 0: before it starts).
    """
    looks = fractions.size
    result = np.zeros((3, looks))
    state = beginning(start_z, start_fraction)
    for k in range(looks):
        now, drift = fractions[k], drifts[k]
        result[0, k] = tail(state, now, drift, upper[k])
        result[1, k] = tail_below(state, now, drift, lower[k])
        if inner[k] > 0.0:
            result[2, k] = tail(state, now, drift, -inner[k]) - tail(state, now, drift, inner[k])
        if k < looks - 1:
            state = stay(state, now, fractions[k + 1], drift, (lower[k], inner[k], upper[k]))
    return result
