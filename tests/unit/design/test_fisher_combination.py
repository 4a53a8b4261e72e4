"""Fisher's combination test."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from calor.design.fisher_combination import FisherCombination
from calor.design.fisher_conditional import conditional_power
from calor.design.fisher_paths import rejection_by_stage, stage_level
from calor.errors import DesignError


def test_two_stages_have_the_closed_form_of_bauer_and_koehne() -> None:
    """alpha1 + c log(alpha0 / alpha1) = alpha with c = exp(-chi2(4) / 2)."""
    design = FisherCombination([0.5, 1.0], 0.025, futility_p=(0.5,), method="full_last_level")
    alpha1, c = design.critical_values
    assert c == pytest.approx(math.exp(-0.5 * chi2.isf(0.025, 4)), rel=1e-10)
    assert alpha1 + c * math.log(0.5 / alpha1) == pytest.approx(0.025, abs=1e-12)
    assert round(alpha1, 4) == 0.0102  # their table: 0.0102 for alpha0 = 0.5


@pytest.mark.parametrize("method", ["equal_levels", "full_last_level", "no_interaction"])
@pytest.mark.parametrize("fractions", [[1 / 3, 2 / 3, 1.0], [0.2, 0.6, 0.7, 1.0]])
def test_every_method_spends_alpha(method: Any, fractions: list[float]) -> None:
    limits = (0.6,) * (len(fractions) - 1)
    design = FisherCombination(fractions, 0.025, futility_p=limits, method=method)
    assert design.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)


def test_given_spending_is_met() -> None:
    design = FisherCombination([0.3, 0.6, 1.0], 0.025, method="given", spent=(0.005, 0.01, 0.025))
    assert design.alpha_spent == pytest.approx([0.005, 0.01, 0.025], abs=1e-10)


def test_unequal_weights_agree_with_simulation() -> None:
    design = FisherCombination([0.3, 0.7, 1.0], 0.05, futility_p=(0.5, 0.7))
    rng = np.random.default_rng(2)
    p = rng.random((1_000_000, 3))
    products = np.exp(np.cumsum(np.log(p) * design.weights, axis=1))
    running = np.ones(len(p), dtype=bool)
    for k in range(3):
        reject = running & (products[:, k] <= design.critical_values[k])
        rate, want = reject.mean(), np.diff(design.alpha_spent, prepend=0.0)[k]
        half = 4 * math.sqrt(want / len(p))
        assert abs(rate - want) < half, f"stage {k + 1}: {rate} outside {want} +- {half}"
        running &= ~reject & (p[:, k] <= (*design.futility_p, 1.0)[k])


def test_unequal_weights_have_the_level_of_the_hypoexponential() -> None:
    weights, c = np.array([1.0, 0.5]), 0.01
    s = -math.log(c)
    want = (math.exp(-s / 1.0) * 1.0 - math.exp(-s / 0.5) * 0.5) / (1.0 - 0.5)
    assert stage_level(c, weights) == pytest.approx(want, rel=1e-10)


def test_the_conditional_rejection_averages_to_alpha() -> None:
    design = FisherCombination([1 / 3, 2 / 3, 1.0], 0.025, futility_p=(0.5, 0.5))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    low, high = design.critical_values[0], 0.5
    log_p = np.log(low) + 0.5 * (np.log(high) - np.log(low)) * (1 + nodes)
    later = np.array([design.conditional_rejection([float(p)]) for p in np.exp(log_p)])
    average = 0.5 * (np.log(high) - np.log(low)) * float(weights @ (later * np.exp(log_p)))
    assert low + average == pytest.approx(0.025, abs=1e-10)


def test_conditional_power_under_the_null_is_the_conditional_rejection() -> None:
    """Two engines: nested quadrature over z, and integrated Chebyshev series over -log p."""
    design = FisherCombination([0.25, 0.5, 0.75, 1.0], 0.025, futility_p=(0.5, 0.6, 0.7))
    found = conditional_power(design, [0.08], [0.0, 0.0, 0.0])
    assert found[-1] == pytest.approx(design.conditional_rejection([0.08]), abs=1e-6)
    assert np.all(np.diff(found) > 0)


def test_the_repeated_p_value_is_alpha_at_the_critical_value() -> None:
    design = FisherCombination([0.5, 1.0], 0.025)
    assert design.repeated_p([float(design.critical_values[0])]) == pytest.approx(0.025, abs=1e-8)
    assert design.repeated_p([0.9]) == 0.5


def test_a_certain_p_value_is_no_error() -> None:
    design = FisherCombination([0.5, 1.0], 0.025)
    assert design.products([1.0, 0.0])[1] < 1e-100
    assert rejection_by_stage(np.array([0.0, 0.01]), np.array([1.0, 1.0]), np.ones(2))[0] == 0.0


def test_a_design_prints_and_tabulates() -> None:
    design = FisherCombination([0.5, 1.0], 0.025)
    assert str(design) == "2 stages, Fisher's combination, alpha 0.025: product <= 0.0158, 0.00222"
    assert design.to_frame().shape == (2, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"information_fractions": [0.5, 0.4]}, "`information_fractions` must increase"),
        ({"information_fractions": [0.5, 0.9]}, "must end at 1"),
        ({"alpha": 0.5}, "`alpha` must lie between 0 and 0.5"),
        ({"futility_p": (0.5, 0.5)}, "`futility_p` must be 1 p-values"),
        ({"futility_p": (0.01,)}, "`futility_p` must be 1 p-values above alpha"),
        ({"method": "best"}, "`method` must be a way to divide alpha"),
        ({"method": "given"}, "`spent` must go with method 'given'"),
        ({"method": "given", "spent": (0.02, 0.02)}, "`spent` must rise to alpha"),
    ],
)
def test_a_design_that_cannot_exist_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        FisherCombination(**{"information_fractions": [0.5, 1.0], **arguments})


@pytest.mark.parametrize("p_values", [[], [0.1, 0.1, 0.1], [1.2], [math.nan]])
def test_p_values_that_are_none_are_refused(p_values: list[float]) -> None:
    with pytest.raises(DesignError, match="`p_values` must be 1 to 2 numbers between 0 and 1"):
        FisherCombination([0.5, 1.0]).products(p_values)


def test_shifts_must_fit_the_stages_left() -> None:
    with pytest.raises(DesignError, match="`shifts` must be 1 finite numbers"):
        conditional_power(FisherCombination([0.5, 1.0]), [0.1], [1.0, 1.0])
