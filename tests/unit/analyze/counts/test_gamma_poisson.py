"""Posterior of a rate: closed forms, draws, and the prior in print."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest

from calor.analyze.counts.gamma_poisson import GammaPrior, gamma_poisson
from calor.errors import AnalysisError

FLAT = GammaPrior(1.0, 0.0)


def test_no_events_after_a_flat_prior_leave_an_exponential_posterior() -> None:
    posterior = gamma_poisson(0, 50.0, prior=FLAT, n=25)
    assert posterior.probability_below(0.02) == pytest.approx(1 - exp(-1))
    assert posterior.predictive_probability(at_most=0, follow_up=50.0) == pytest.approx(0.5)


def test_the_comparison_of_two_rates_agrees_with_draws() -> None:
    active, control = gamma_poisson(2, 60.0, prior=FLAT, n=30), gamma_poisson(6, 55.0, prior=FLAT, n=30)
    rng = np.random.default_rng(9)
    draws = rng.gamma(active.shape, 1 / active.rate, 100_000) < 0.8 * rng.gamma(
        control.shape, 1 / control.rate, 100_000
    )
    exact = active.probability_below_rate_of(control, ratio=0.8)
    assert abs(draws.mean() - exact) < 4 * np.sqrt(exact * (1 - exact) / 100_000)


def test_the_prior_is_printed_and_matters() -> None:
    skeptical = gamma_poisson(0, 50.0, prior=GammaPrior(5.0, 50.0), n=25)
    assert "Gamma(5, 50)" in str(skeptical)
    assert skeptical.estimate().estimate > gamma_poisson(0, 50.0, prior=FLAT, n=25).estimate().estimate


def test_what_makes_no_rate_is_refused() -> None:
    with pytest.raises(AnalysisError, match="Jeffreys"):
        GammaPrior(0.0, 1.0)
    with pytest.raises(AnalysisError, match="events"):
        gamma_poisson(-1, 50.0, prior=FLAT, n=25)
    with pytest.raises(AnalysisError, match="follow_up"):
        gamma_poisson(1, 0.0, prior=FLAT, n=25)
    with pytest.raises(AnalysisError, match="at_most"):
        gamma_poisson(1, 5.0, prior=FLAT, n=25).predictive_probability(at_most=-1, follow_up=1.0)
