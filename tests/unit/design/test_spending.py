"""Spending functions and classical boundaries at the door."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from calor.design import classical, spending
from calor.errors import DesignError

TIMES = np.array([0.1, 0.4, 0.8, 1.0])


def test_formulas_are_those_of_the_papers() -> None:
    z = norm.isf(0.0125)
    assert spending.obrien_fleming(0.025).spent(TIMES) == pytest.approx(2 * norm.sf(z / np.sqrt(TIMES)), rel=1e-12)
    assert spending.pocock(0.025).spent(TIMES) == pytest.approx(0.025 * np.log(1 + (math.e - 1) * TIMES), rel=1e-12)
    assert spending.kim_demets(0.025, rho=1.5).spent(TIMES) == pytest.approx(0.025 * TIMES**1.5, rel=1e-12)
    hsd = 0.025 * (1 - np.exp(4 * TIMES)) / (1 - math.exp(4))
    assert spending.hwang_shih_decani(0.025, gamma=-4).spent(TIMES) == pytest.approx(hsd, rel=1e-12)
    assert spending.hwang_shih_decani(0.025, gamma=0).spent(TIMES) == pytest.approx(0.025 * TIMES, rel=1e-12)


def test_two_sides_spend_half_each() -> None:
    one, two = spending.obrien_fleming(0.025), spending.obrien_fleming(0.05)
    assert two.spent(TIMES, sides=2) == pytest.approx(2 * one.spent(TIMES), rel=1e-12)


def test_nothing_more_is_spent_after_the_planned_information() -> None:
    assert spending.pocock(0.025).spent(np.array([1.3]))[0] == pytest.approx(0.025)


def test_functions_are_equal_when_name_and_total_are() -> None:
    assert spending.pocock(0.025) == spending.pocock(0.025)
    assert spending.kim_demets(0.025, rho=1) != spending.kim_demets(0.025, rho=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: spending.pocock(0.0), "`alpha` must lie strictly between 0 and 1"),
        (lambda: spending.pocock(math.nan), "`alpha` must lie strictly between 0 and 1"),
        (lambda: spending.kim_demets(0.025, rho=0), "`rho` must be positive"),
        (lambda: spending.kim_demets(0.025, rho=math.inf), "`rho` must be positive"),
        (lambda: spending.hwang_shih_decani(0.025, gamma=math.nan), "`gamma` must lie between -100 and 100"),
        (lambda: spending.given([0.02, 0.01]), "`cumulative` must be amounts from 0 up that never fall"),
        (lambda: spending.given([]), "`cumulative` must be amounts"),
        (lambda: spending.custom(0.025, lambda t: 1 - t), "`share` must rise"),
        (lambda: spending.custom(0.025, lambda t: t / 2), "`share` must rise"),
        (lambda: classical.pocock(1.0), "`alpha` must lie strictly between 0 and 1"),
        (lambda: classical.wang_tsiatis(0.025, shape=9), "`shape` must lie between"),
        (lambda: classical.haybittle_peto(0.025, early=math.inf), "`early` must be positive and finite"),
        (lambda: classical.early_bounds(0.025, [-1.0]), "`early` must be positive critical values"),
        (lambda: classical.given([2.0, math.inf]), "`bounds` must be positive critical values"),
        (lambda: classical.given([math.nan]), "`bounds` must be positive critical values"),
    ],
)
def test_a_function_that_cannot_exist_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        make()
