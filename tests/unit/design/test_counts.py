from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from calor.design import GroupSequential, counts, spending
from calor.design.comparison import Comparison
from calor.design.counts import EventCounts
from calor.errors import DesignError

ONE_SIDED = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.025))
THREE = GroupSequential(np.array([1 / 3, 2 / 3, 1]), efficacy=spending.obrien_fleming(0.025))


def test_poisson_counts_need_the_classic_number_of_events() -> None:
    """Without dispersion, participants of the Poisson regression follow from the two rates alone."""
    table = counts.sample_size(ONE_SIDED, counts=EventCounts(0.5, 2.0), rate_ratio=0.7, power=0.9)
    z = norm.isf(0.025) + norm.isf(0.1)
    assert table.participants[-1, 0] == pytest.approx(z**2 * (1 / 1.0 + 1 / 0.7) / np.log(0.7) ** 2)


def test_dispersion_costs_participants_that_exposure_cannot_buy_back() -> None:
    endless = counts.sample_size(ONE_SIDED, counts=EventCounts(1.0, 1e9, 0.5), rate_ratio=0.7, power=0.9)
    z = norm.isf(0.025) + norm.isf(0.1)
    assert endless.participants[-1, 0] == pytest.approx(z**2 * 2 * 0.5 / np.log(0.7) ** 2)


def test_sample_size_and_power_agree() -> None:
    assumed = {"counts": EventCounts(0.8, 1.5, 0.4), "rate_ratio": 0.75, "comparison": Comparison(2.0)}
    needed = counts.sample_size(THREE, power=0.85, **assumed)
    assert counts.power(THREE, participants=needed.total, **assumed).power == pytest.approx(0.85)
    assert needed.fixed_participants == pytest.approx(needed.total / THREE.inflation_factor(0.85))


def test_non_inferiority_takes_a_margin() -> None:
    margin = Comparison(null=1.25, benefit="lower")
    table = counts.sample_size(THREE, counts=EventCounts(0.8, 1.0), rate_ratio=1.0, power=0.9, comparison=margin)
    assert 1.0 < table.efficacy_effect[-1] < 1.25


def test_the_power_of_simulated_counts_is_as_computed() -> None:
    """Wald tests of negative binomial counts with known dispersion."""
    rng, trials, n = np.random.default_rng(1), 20_000, 300
    assumed = EventCounts(0.8, 1.0, 0.5)
    said = counts.power(ONE_SIDED, counts=assumed, rate_ratio=0.65, participants=2 * n).power
    means = [rng.negative_binomial(2, 2 / (2 + 0.8 * r), (trials, n)).mean(axis=1) for r in (1.0, 0.65)]
    se = np.sqrt(sum((1 / m + 0.5) / n for m in means))
    got = float(np.mean(np.log(means[1] / means[0]) / se < -norm.isf(0.025)))
    error = np.sqrt(said * (1 - said) / trials)
    assert abs(got - said) < 4 * error + 0.01, f"{got} v {said} +- {error}"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: EventCounts(0, 1), "`rate` must be positive"),
        (lambda: EventCounts(1, float("inf")), "`exposure` must be positive and finite"),
        (lambda: EventCounts(1, 1, -0.1), "`dispersion` must not be negative"),
        (
            lambda: counts.sample_size(ONE_SIDED, counts=EventCounts(1, 1), rate_ratio=0, power=0.9),
            "`rate_ratio` must be positive",
        ),
        (
            lambda: counts.sample_size(ONE_SIDED, counts=EventCounts(1, 1), rate_ratio=1, power=0.9),
            "`effect` must lie on the side of benefit",
        ),
        (
            lambda: counts.power(ONE_SIDED, counts=EventCounts(1, 1), rate_ratio=0.7, participants=0),
            "`participants` must be positive",
        ),
    ],
)
def test_impossible_questions_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()
