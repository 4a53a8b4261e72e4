"""Laws of adjusting draws to given summaries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.errors import SimulationError
from calor.simulate.exact_moments import residuals_with, with_mean_sd, with_ranks

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(3, 60), st.floats(-50, 50), st.floats(1, 20))
def test_mean_is_right_to_the_last_decimal_and_sd_nearly(seed: int, n: int, mean: float, sd: float) -> None:
    adjusted = with_mean_sd(np.random.default_rng(seed).standard_normal(n), mean, sd, 2)
    assert abs(adjusted.sum() - mean * n) <= 0.005 + 1e-6
    assert abs(adjusted.std(ddof=1) - sd) < 0.02


@given(SEEDS, st.integers(5, 40))
def test_given_ranks_have_their_values_and_order_is_kept(seed: int, n: int) -> None:
    draws = np.random.default_rng(seed).standard_normal(n)
    ranks = {1: 2.0, 3: 4.4, n - 1: 20.0, n: 118.0}
    mapped = with_ranks(draws, ranks, 1, log=True)
    assert {rank: np.sort(mapped)[rank - 1] for rank in ranks} == ranks
    assert (np.diff(mapped[np.argsort(draws)]) >= 0).all()


@given(SEEDS)
def test_residuals_have_their_products_and_sum_of_squares(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = np.column_stack([np.ones(20), rng.standard_normal(20)])
    extra = rng.standard_normal((20, 2))
    residuals = residuals_with(rng.standard_normal(20), design, 50.0, extra, np.array([1.0, -2.0]))
    np.testing.assert_allclose(design.T @ residuals, 0, atol=1e-9)
    np.testing.assert_allclose(extra.T @ residuals, [1.0, -2.0], atol=1e-9)
    np.testing.assert_allclose(residuals @ residuals, 50.0)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: with_mean_sd(np.ones(5), 0, 1, 2), "draws"),
        (lambda: with_mean_sd(np.array([1.0, 2.0]), 0, 1, 2), "draws"),
        (lambda: with_ranks(np.arange(3.0), {1: 1.0, 2: 3.0}, 1), "ranks"),
        (lambda: with_ranks(np.arange(3.0), {1: 4.0, 3: 3.0}, 1), "ranks"),
        (lambda: with_ranks(np.arange(3.0), {1: 0.0, 3: 3.0}, 1, log=True), "ranks"),
        (
            lambda: residuals_with(np.arange(4.0), np.ones((4, 1)), 0.1, np.arange(4.0)[:, None] ** 2, np.array([9.0])),
            "sum_of_squares",
        ),
    ],
)
def test_summaries_that_cannot_be_are_refused(call, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SimulationError, match=says):
        call()
