"""The fast recursion against a slow, obvious one: same integrals, far finer quadrature, another root search."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from calor.design import GroupSequential, classical, spending
from calor.kernels import group_sequential as kernel

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


def fine_grid(low: float, high: float, width: float) -> tuple[np.ndarray, np.ndarray]:
    edges = np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + NODES)).ravel(), (half * WEIGHTS).ravel()


class SlowRecursion:
    """Density of B = Z sqrt(t) among those who continue, on nodes several times denser than the kernel's."""

    def __init__(self) -> None:
        self.time, self.b, self.mass = 0.0, np.zeros(1), np.ones(1)

    def tail(self, time: float, z: float, drift: float = 0.0) -> float:
        step = time - self.time
        return float(self.mass @ ndtr(-(z * np.sqrt(time) - self.b - drift * step) / np.sqrt(step)))

    def move(self, time: float, low: float, high: float, drift: float = 0.0, ahead: float = 1.0) -> None:
        step = time - self.time
        mean = drift * np.sqrt(time)
        grid, weights = fine_grid(max(low, mean - 11), min(high, mean + 14), 0.5 * min(1.0, np.sqrt(ahead / time)))
        b = grid * np.sqrt(time)
        u = (b[:, None] - self.b - drift * step) / np.sqrt(step)
        density = np.exp(-0.5 * u**2) @ self.mass / np.sqrt(2 * np.pi * step)
        self.time, self.b, self.mass = time, b, density * weights * np.sqrt(time)


def slow_spending_bounds(fractions: np.ndarray, spent: np.ndarray, two_sided: bool) -> list[float]:
    state, bounds = SlowRecursion(), []
    for k, (time, alpha) in enumerate(zip(fractions, spent, strict=True)):

        def gap(z: float, time: float = time, alpha: float = alpha) -> float:
            return float(np.log(max(state.tail(time, z), 1e-300)) - np.log(alpha))

        bounds.append(brentq(gap, -3.0, 14.0, xtol=1e-13))
        if k < fractions.size - 1:
            state.move(time, -bounds[-1] if two_sided else -np.inf, bounds[-1], ahead=fractions[k + 1] - time)
    return bounds


@pytest.mark.parametrize("looks", [2, 5, 20])
@pytest.mark.parametrize("sides", [1, 2])
@pytest.mark.parametrize("family", [spending.obrien_fleming, spending.pocock])
def test_spending_bounds_are_within_1e_8_of_a_finer_run(looks: int, sides: int, family: object) -> None:
    fractions = np.arange(1, looks + 1) / looks
    efficacy = family(0.025 * sides)  # type: ignore[operator]
    fast = GroupSequential(fractions, efficacy=efficacy, sides=sides).efficacy_bounds
    slow = slow_spending_bounds(fractions, efficacy.increments(fractions, sides=sides), sides == 2)
    assert np.max(np.abs(fast - slow)) < 1e-8


def test_bounds_beyond_six_keep_their_accuracy() -> None:
    fractions = np.arange(1, 21) / 20
    efficacy = spending.obrien_fleming(0.025)
    fast = GroupSequential(fractions, efficacy=efficacy).efficacy_bounds
    slow = slow_spending_bounds(fractions, efficacy.increments(fractions), two_sided=False)
    assert fast[0] > 9.9
    assert fast[1] > 6.9
    assert np.max(np.abs(fast[:3] - slow[:3])) < 1e-9


def test_very_unequal_looks_keep_their_accuracy() -> None:
    fractions = np.array([0.3, 0.33, 0.5, 0.95, 0.98, 1.0])
    efficacy = spending.pocock(0.025)
    fast = GroupSequential(fractions, efficacy=efficacy).efficacy_bounds
    slow = slow_spending_bounds(fractions, efficacy.increments(fractions), two_sided=False)
    assert np.max(np.abs(fast - slow)) < 1e-8


@pytest.mark.parametrize("drift", [-1.0, 0.0, 3.0])
def test_crossing_probabilities_are_within_1e_9_of_a_finer_run(drift: float) -> None:
    fractions = np.array([0.2, 0.5, 0.6, 1.0])
    design = GroupSequential(fractions, efficacy=classical.pocock(0.025), futility=[-0.5, 0.3, 0.8])
    found = design.crossing(drift)
    state = SlowRecursion()
    for k, time in enumerate(fractions):
        upper, lower = design.efficacy_bounds[k], design.futility_bounds[k]
        above = state.tail(time, upper, drift)
        below = float(state.mass.sum()) - state.tail(time, lower, drift)
        assert found.efficacy[k] == pytest.approx(above, abs=1e-9)
        assert found.futility[k] == pytest.approx(below, abs=1e-9)
        if k < 3:
            state.move(time, lower, upper, drift, fractions[k + 1] - time)


def test_inner_futility_region_is_left_out() -> None:
    """By simulation: stopping inside (-a, a) at the first of two looks."""
    rng = np.random.default_rng(11)
    first = rng.standard_normal(1_000_000)
    second = (first + rng.standard_normal(first.size)) / np.sqrt(2)
    go_on = (np.abs(first) > 0.7) & (np.abs(first) < 2.5)
    rate = float(np.mean(go_on & (second > 2.0)))
    found = kernel.crossing(
        np.array([0.5, 1.0]), np.array([-2.5, -2.0]), np.array([0.7, 2.0]), np.array([2.5, 2.0]), np.zeros(2), 0.0, 0.0
    )
    half_width = 4 * np.sqrt(rate / first.size)
    assert abs(found[0, 1] - rate) < half_width, f"{found[0, 1]} outside {rate} +- {half_width}"


def test_the_start_of_a_conditional_crossing_is_a_point() -> None:
    found = kernel.crossing(np.array([1.0]), np.array([-9.0]), np.zeros(1), np.array([2.0]), np.zeros(1), 1.5, 0.5)
    want = float(np.exp(log_ndtr(-(2.0 - 1.5 * np.sqrt(0.5)) / np.sqrt(0.5))))
    assert found[0, 0] == pytest.approx(want, rel=1e-12)
