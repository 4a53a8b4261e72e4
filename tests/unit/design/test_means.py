from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower

from calor.design import GroupSequential, means, spending
from calor.design.comparison import Comparison
from calor.errors import DesignError

TWO_SIDED = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.05), sides=2)
ONE_SIDED = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.025))
THREE = GroupSequential(np.array([1 / 3, 2 / 3, 1]), efficacy=spending.obrien_fleming(0.025))


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("effect", [0.2, 0.5, 0.9])
def test_the_fixed_t_test_is_that_of_statsmodels(effect: float, ratio: float) -> None:
    table = means.sample_size(ONE_SIDED, difference=effect, sd=1, power=0.85, comparison=Comparison(ratio))
    judge = TTestIndPower().solve_power(effect, alpha=0.025, power=0.85, ratio=ratio, alternative="larger")
    assert table.participants[-1, 0] == pytest.approx(judge, rel=1e-6)


def test_two_sided_power_is_that_of_statsmodels_where_the_other_side_is_negligible() -> None:
    table = means.power(TWO_SIDED, difference=0.5, sd=1, participants=120)
    judge = TTestIndPower().power(0.5, nobs1=60, alpha=0.05, alternative="two-sided")
    assert table.power == pytest.approx(judge, abs=1e-5)


def test_a_covariate_saves_the_variance_it_explains() -> None:
    plain = means.sample_size(THREE, difference=0.5, sd=1, power=0.9, test="z")
    adjusted = means.sample_size(THREE, difference=0.5, sd=1, power=0.9, test="z", baseline_correlation=0.6)
    assert adjusted.total == pytest.approx(0.64 * plain.total)
    assert "ANCOVA" in str(adjusted)


def test_a_covariate_costs_a_degree_of_freedom() -> None:
    tiny = 1e-6  # explains nothing
    without = means.sample_size(ONE_SIDED, difference=1.5, sd=1, power=0.9)
    with_covariate = means.sample_size(ONE_SIDED, difference=1.5, sd=1, power=0.9, baseline_correlation=tiny)
    assert 0 < with_covariate.total - without.total < 1


def test_a_margin_moves_the_null() -> None:
    shifted = means.sample_size(THREE, difference=0.1, sd=1, power=0.9, comparison=Comparison(null=-0.3))
    plain = means.sample_size(THREE, difference=0.4, sd=1, power=0.9)
    assert shifted.total == pytest.approx(plain.total)
    assert shifted.efficacy_effect == pytest.approx(plain.efficacy_effect - 0.3)


def test_lower_may_be_better() -> None:
    lower = means.sample_size(THREE, difference=-0.4, sd=1, power=0.9)
    higher = means.sample_size(THREE, difference=0.4, sd=1, power=0.9)
    assert lower.total == pytest.approx(higher.total)
    assert lower.efficacy_effect == pytest.approx(-higher.efficacy_effect)


def test_an_effect_in_the_wrong_direction_has_less_power_than_alpha() -> None:
    wrong = means.power(ONE_SIDED, difference=-0.3, sd=1, participants=100, comparison=Comparison(benefit="higher"))
    assert wrong.power < 0.001


def test_no_effect_has_power_alpha() -> None:
    assert means.power(THREE, difference=0.0, sd=1, participants=100).power == pytest.approx(0.025)


def test_an_overwhelming_effect_has_power_one() -> None:
    assert means.power(THREE, difference=5.0, sd=1, participants=1e6).power == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"difference": 0.0}, "`effect` must lie on the side of benefit"),
        ({"difference": 0.3, "comparison": Comparison(benefit="lower")}, "`effect` must lie on the side of benefit"),
        ({"difference": float("nan")}, "`difference` must be finite"),
        ({"sd": 0.0}, "`sd` must be positive"),
        ({"sd": float("inf")}, "`sd` must be positive and finite"),
        ({"power": 1.0}, "`power` must"),
        ({"power": 0.01}, "`power` must"),
        ({"baseline_correlation": 1.0}, "`baseline_correlation` must lie between -1 and 1"),
        ({"test": "wilcoxon"}, "`test` must be t or z"),
    ],
)
def test_impossible_questions_are_refused(changes, says) -> None:  # type: ignore[no-untyped-def]
    asked = {"difference": 0.5, "sd": 1.0, "power": 0.9} | changes
    with pytest.raises(DesignError, match=says):
        means.sample_size(THREE, **asked)


def test_too_few_participants_are_refused() -> None:
    with pytest.raises(DesignError, match="degree of freedom"):
        means.power(THREE, difference=1, sd=1, participants=5)
    with pytest.raises(DesignError, match="`participants` must be positive"):
        means.power(THREE, difference=1, sd=1, participants=-5)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Comparison(allocation_ratio=0), "`allocation_ratio` must be positive"),
        (lambda: Comparison(null=float("inf")), "`null` must be finite"),
        (lambda: Comparison(benefit="up"), "`benefit` must be higher, lower or None"),  # type: ignore[arg-type]
    ],
)
def test_impossible_comparisons_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.0454, 1.2])
def test_half_power_for_a_large_effect_needs_a_dozen_participants_per_arm(ratio: float) -> None:
    """The noncentral t is useless below one degree of freedom: a root there once gave 0.9 participants."""
    fixed = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.025))
    asked = {"difference": 0.8, "sd": 1.0, "comparison": Comparison(ratio)}
    size = means.sample_size(fixed, power=0.5, **asked)
    assert 20 < size.total < 32
    assert means.power(fixed, participants=size.total, **asked).power == pytest.approx(0.5, abs=1e-9)
