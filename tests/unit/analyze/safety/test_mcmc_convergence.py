"""Convergence of chains."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.safety.mcmc_convergence import effective_sample_size, r_hat


def _autoregressive(rho: float, rng: np.random.Generator) -> np.ndarray:
    noise = rng.normal(size=(4, 5000))
    chain = np.empty_like(noise)
    chain[:, 0] = noise[:, 0] / np.sqrt(1 - rho**2)
    for at in range(1, noise.shape[1]):
        chain[:, at] = rho * chain[:, at - 1] + noise[:, at]
    return chain


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_effective_size_of_an_autoregressive_chain_is_the_known_one(rho: float) -> None:
    draws = _autoregressive(rho, np.random.default_rng(11))
    assert effective_sample_size(draws) == pytest.approx(draws.size * (1 - rho) / (1 + rho), rel=0.2)


def test_chains_at_different_places_are_noticed() -> None:
    draws = np.random.default_rng(2).normal(size=(4, 1000)) + np.array([[0], [0], [0], [2]])
    assert r_hat(draws) > 1.2


def test_a_drift_shared_by_all_chains_is_noticed() -> None:
    draws = np.random.default_rng(2).normal(size=(4, 1000)) + np.linspace(0, 4, 1000)
    assert r_hat(draws) > 1.2


def test_chains_that_never_move_agree_only_at_one_value() -> None:
    assert r_hat(np.zeros((4, 100))) == 1
    assert r_hat(np.repeat([[0.0], [1.0]], 100, axis=1)) == np.inf
