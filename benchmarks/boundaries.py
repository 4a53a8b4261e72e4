"""Time the bounds of group-sequential designs with 3 to 20 looks, one-sided alpha 0.025.

Baseline in the same run: the textbook's way in NumPy, Simpson's rule on Jennison and Turnbull's grid (r = 40), where
each step of the root search for a bound repeats the recursion from the first look. It is run for few looks only.

Run: python benchmarks/boundaries.py
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

START = time.perf_counter()

from calor.design import GroupSequential, classical, spending  # noqa: E402

LOOKS = (3, 5, 10, 20)
FAMILIES = {
    "Lan-DeMets O'Brien-Fleming": spending.obrien_fleming(0.025),
    "Lan-DeMets Pocock": spending.pocock(0.025),
    "Hwang-Shih-DeCani (-4)": spending.hwang_shih_decani(0.025, gamma=-4),
    "O'Brien-Fleming": classical.obrien_fleming(0.025),
    "Pocock": classical.pocock(0.025),
}


def milliseconds(call: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Median CPU and wall time of a call."""
    call()
    cpu, wall = [], []
    for _ in range(repeats):
        c, w = time.process_time(), time.perf_counter()
        call()
        cpu.append(1e3 * (time.process_time() - c))
        wall.append(1e3 * (time.perf_counter() - w))
    return float(np.median(cpu)), float(np.median(wall))


def grid(upper: float, r: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Jennison and Turnbull's nodes below a bound, with Simpson's weights."""
    i = np.arange(1, 6 * r)
    x = np.where(
        i < r, -3 - 4 * np.log(r / i), np.where(i <= 5 * r, -3 + 3 * (i - r) / (2 * r), 3 + 4 * np.log(r / (6 * r - i)))
    )
    x = np.append(x[x < upper], upper)
    z = np.sort(np.concatenate((x, (x[1:] + x[:-1]) / 2)))
    width = np.diff(z[::2])
    weights = np.zeros(z.size)
    weights[1::2] = 4 * width / 6
    weights[0:-1:2] += width / 6
    weights[2::2] += width / 6
    return z, weights


def tail(bounds: list[float], fractions: np.ndarray) -> float:
    """Probability of crossing the last bound and none before, integrated from the first look."""
    z, mass = np.zeros(1), np.ones(1)
    before = 0.0
    for k, now in enumerate(fractions[: len(bounds)]):
        step = np.sqrt(now - before)
        if k == len(bounds) - 1:
            return float(mass @ ndtr(-(bounds[k] * np.sqrt(now) - z * np.sqrt(before)) / step))
        nodes, weights = grid(bounds[k])
        u = (nodes[:, None] * np.sqrt(now) - z * np.sqrt(before)) / step
        mass = weights * (np.exp(-0.5 * u**2) @ mass) * np.sqrt(now) / step / np.sqrt(2 * np.pi)
        z, before = nodes, now
    raise AssertionError


def textbook(fractions: np.ndarray, spent: np.ndarray) -> list[float]:
    """Bounds by a root search that starts each time from the first look."""
    bounds: list[float] = []
    for alpha in spent:
        bounds.append(brentq(lambda b, a=alpha: tail([*bounds, b], fractions) - a, 0.0, 12.0, xtol=1e-9))
    return bounds


def main() -> None:
    GroupSequential([0.5, 1.0], efficacy=classical.pocock(0.025))
    print(f"import and first design: {time.perf_counter() - START:.2f} s wall (compiled kernels are cached)")
    names = ("python", "numpy", "numba", "calor")
    print(f"{platform.machine()}, " + ", ".join([platform.python_version(), *(f"{n} {version(n)}" for n in names[1:])]))
    print(f"{'ms per design, CPU (wall)':32}" + "".join(f"{k:>18} looks" for k in LOOKS))
    for name, efficacy in FAMILIES.items():
        cells = []
        for looks in LOOKS:
            fractions = np.arange(1, looks + 1) / looks
            cpu, wall = milliseconds(lambda f=fractions, e=efficacy: GroupSequential(f, efficacy=e), 21)
            cells.append(f"{cpu:12.2f} ({wall:7.2f})")
        print(f"{name:32}" + "".join(f"{cell:>24}" for cell in cells))
    efficacy = spending.obrien_fleming(0.025)
    cells = []
    for looks in LOOKS[:2]:
        fractions = np.arange(1, looks + 1) / looks
        cpu, wall = milliseconds(lambda f=fractions: textbook(f, efficacy.increments(f)), 1)
        cells.append(f"{cpu:12.2f} ({wall:7.2f})")
        ours = GroupSequential(fractions, efficacy=efficacy).efficacy_bounds
        assert np.max(np.abs(ours - textbook(fractions, efficacy.increments(fractions)))) < 1e-5
    print(f"{'baseline: textbook, LDOF':32}" + "".join(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    main()
