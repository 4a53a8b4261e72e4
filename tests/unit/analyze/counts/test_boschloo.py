"""Boschloo's test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from calor.analyze.counts.boschloo import boschloo
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.errors import AnalysisError


def test_the_p_value_is_the_largest_chance_of_a_table_as_extreme_by_fishers_p() -> None:
    n = 12
    x, y = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    fisher = hypergeom.cdf(x, 2 * n, x + y, n)
    extreme = fisher <= fisher[1, 7] * (1 + 1e-12)
    grid = np.linspace(0, 1, 2001)
    mass = binom.pmf(np.arange(n + 1)[:, None], n, grid)
    chance = np.einsum("ip,ij,jp->p", mass, extreme.astype(float), mass).max()
    assert boschloo(EventCount(1, n), EventCount(7, n), alternative="less").p_value == pytest.approx(chance, abs=1e-5)


def test_it_is_never_less_powerful_than_fishers_test() -> None:
    for control in (3, 4, 6):
        counts = EventCount(0, 32), EventCount(control, 31)
        assert boschloo(*counts, alternative="less").p_value <= fisher_exact(*counts).p_fewer


def test_tables_without_information_and_unknown_sides_are_refused() -> None:
    with pytest.raises(AnalysisError, match="participants with and without an event"):
        boschloo(EventCount(0, 10), EventCount(0, 12))
    with pytest.raises(AnalysisError, match="`alternative` must be one of"):
        boschloo(EventCount(1, 10), EventCount(0, 12), alternative="lower")  # type: ignore[arg-type]
