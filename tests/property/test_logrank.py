"""The one-pass kernel against two-by-two tables, and the laws of the test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.kernels.logrank import logrank

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def draw(seed: int, n: int) -> Data:
    rng = np.random.default_rng(seed)
    time = rng.integers(1, 8, n).astype(float)
    stratum = rng.integers(0, 3, n)
    order = np.lexsort((time, stratum))
    return time[order], (rng.random(n) < 0.6)[order], (rng.random(n) < 0.5)[order], stratum[order]


def slow(data: Data, rho: float, gamma: float) -> tuple[float, float]:
    time, event, active, stratum = data
    score = variance = 0.0
    for s in np.unique(stratum):
        survival = 1.0
        for t in np.unique(time[(stratum == s) & event]):
            at_risk, dead = (stratum == s) & (time >= t), (stratum == s) & (time == t) & event
            n, n1, d = at_risk.sum(), (at_risk & active).sum(), dead.sum()
            weight = survival**rho * (1 - survival) ** gamma
            score += weight * ((dead & active).sum() - d * n1 / n)
            variance += weight**2 * (d * n1 * (n - n1) * (n - d) / (n**2 * (n - 1)) if n > 1 else 0.0)
            survival *= 1 - d / n
    return float(score), float(variance)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 40),
    rho=st.sampled_from([0.0, 0.5, 1.0]),
    gamma=st.sampled_from([0.0, 1.0]),
)
def test_the_fast_path_equals_the_slow_path(seed: int, n: int, rho: float, gamma: float) -> None:
    data = draw(seed, n)
    score, variance, observed, expected, _ = logrank(*data, rho, gamma)
    assert (score, variance) == pytest.approx(slow(data, rho, gamma), abs=1e-10)
    assert observed - expected == pytest.approx(score, abs=1e-12)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 40))
def test_exchanging_the_arms_changes_only_the_sign(seed: int, n: int) -> None:
    time, event, active, stratum = draw(seed, n)
    here, there = (logrank(time, event, a, stratum, 0.0, 0.0) for a in (active, ~active))
    assert here[0] == pytest.approx(-there[0], abs=1e-12)
    assert here[1] == pytest.approx(there[1], abs=1e-12)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 40))
def test_only_the_order_of_times_matters(seed: int, n: int) -> None:
    time, event, active, stratum = draw(seed, n)
    assert logrank(time, event, active, stratum, 0.0, 0.0) == logrank(np.exp(time), event, active, stratum, 0.0, 0.0)
