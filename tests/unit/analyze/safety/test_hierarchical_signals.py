"""Berry and Berry's model."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.counts.event_count import EventCount
from calor.analyze.safety.hierarchical_signals import Sampling, hierarchical_signals
from calor.errors import AnalysisError

_QUICK = Sampling(chains=4, warm_up=500, draws=10_000)
_X1, _N1, _X0, _N0 = np.array([5, 1, 0]), np.array([8, 8, 6]), np.array([1, 2, 1]), np.array([8, 8, 6])
_CLASS = [0, 0, 1]


def _importance_sampling(draws: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw from the prior and weigh by the likelihood: slow, but with no chain that could be wrong."""

    def inverse_gamma(*shape: int) -> np.ndarray:
        return 1 / rng.gamma(3, size=shape)

    def class_means() -> np.ndarray:
        top = rng.normal(size=(draws, 1)) * np.sqrt(10)
        return top + np.sqrt(inverse_gamma(draws, 1)) * rng.normal(size=(draws, 2))

    gamma_mean, theta_mean = class_means(), class_means()
    a, b = 1 + rng.exponential(size=(2, draws, 1))
    pi = rng.beta(np.repeat(a, 2, axis=1), np.repeat(b, 2, axis=1))
    gamma = gamma_mean[:, _CLASS] + np.sqrt(inverse_gamma(draws, 1)) * rng.normal(size=(draws, 3))
    slab = theta_mean[:, _CLASS] + np.sqrt(inverse_gamma(draws, 2))[:, _CLASS] * rng.normal(size=(draws, 3))
    theta = np.where(rng.uniform(size=(draws, 3)) < pi[:, _CLASS], 0.0, slab)
    logit = gamma + theta
    likelihood = _X1 * logit - _N1 * np.logaddexp(0, logit) + _X0 * gamma - _N0 * np.logaddexp(0, gamma)
    total = likelihood.sum(axis=1)
    weight = np.exp(total - total.max())
    weight /= weight.sum()
    return weight @ (theta > 0), weight @ (theta == 0)


def test_the_sampler_agrees_with_importance_sampling_from_the_prior() -> None:
    active = [EventCount(int(x), int(n)) for x, n in zip(_X1, _N1, strict=True)]
    control = [EventCount(int(x), int(n)) for x, n in zip(_X0, _N0, strict=True)]
    plan = Sampling(chains=4, warm_up=1000, draws=40_000)
    table = hierarchical_signals(
        ["A", "A", "B"], ["a", "b", "c"], active, control, rng=np.random.default_rng(5), sampling=plan
    ).table
    more, none = _importance_sampling(400_000, np.random.default_rng(6))
    error = 4 * np.sqrt(0.25 / table["effective_draws"].min() + 0.25 / 5000)
    assert table["p_more"].to_numpy() == pytest.approx(more, abs=error), f"Monte Carlo allowance {error:.3f}"
    assert table["p_no_effect"].to_numpy() == pytest.approx(none, abs=error), f"Monte Carlo allowance {error:.3f}"


def _two(first: int, second: int, seed: int = 1) -> float:
    """Return the probability of more events for one term beside another of its class."""
    table = hierarchical_signals(
        ["Skin", "Skin"],
        ["Rash", "Itch"],
        [EventCount(first, 60), EventCount(second, 60)],
        [EventCount(2, 60), EventCount(2, 60)],
        rng=np.random.default_rng(seed),
        sampling=_QUICK,
    ).table
    return float(table["p_more"][0])


def test_a_signal_in_the_same_class_lends_strength() -> None:
    assert _two(6, 20) > _two(6, 2) + 0.05


def test_the_same_generator_gives_the_same_answer() -> None:
    assert _two(6, 6, seed=3) == _two(6, 6, seed=3)


def test_short_chains_and_ragged_lists_are_refused() -> None:
    counts = [EventCount(1, 10)]
    with pytest.raises(AnalysisError, match="`sampling` must have 2 chains"):
        hierarchical_signals(
            ["A"], ["a"], counts, counts, rng=np.random.default_rng(1), sampling=Sampling(1, 1000, 1000)
        )
    with pytest.raises(AnalysisError, match="one entry for each term"):
        hierarchical_signals(["A", "A"], ["a"], counts, counts, rng=np.random.default_rng(1))
    with pytest.raises(AnalysisError, match="one entry for each term"):
        hierarchical_signals(["A", "A"], ["a", "a"], counts * 2, counts * 2, rng=np.random.default_rng(1))
