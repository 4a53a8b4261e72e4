"""The fast path equals the slow one."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.continuous.batched_least_squares import batched_least_squares
from calor.analyze.continuous.least_squares import least_squares


def test_each_weighting_is_the_fit_of_the_repeated_rows() -> None:
    rng = np.random.default_rng(1)
    n = 40
    design = np.column_stack([np.ones(n), rng.normal(50, 3, n), rng.integers(0, 2, n)])
    y = 100 + design @ [1.0, 0.2, -3.0] + rng.normal(0, 1, n)
    weights = rng.multinomial(n, np.full(n, 1 / n), size=20).astype(float)
    fits = batched_least_squares(weights, design, y)
    for b in range(20):
        rows = np.repeat(np.arange(n), weights[b].astype(int))
        one = least_squares(design[rows], y[rows], ["1", "x", "z"])
        assert fits.coefficients[b] == pytest.approx(one.coefficients, rel=1e-6)
        assert fits.rss[b] == pytest.approx(one.rss, rel=1e-6)
        assert fits.unscaled[b] == pytest.approx(one.inverse @ one.inverse.T, rel=1e-5)
    assert fits.usable.all()


def test_a_sample_without_one_arm_is_marked() -> None:
    design = np.column_stack([np.ones(4), [0.0, 0.0, 1.0, 1.0]])
    fits = batched_least_squares(np.array([[1.0, 1, 0, 0], [1, 1, 1, 1]]), design, np.array([1.0, 2, 3, 5]))
    assert fits.usable.tolist() == [False, True]
