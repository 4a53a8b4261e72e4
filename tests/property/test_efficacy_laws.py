"""Laws that hold for every method on one row per participant: units, names of arms, order of rows, interval and p."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.efficacy_methods import METHODS, SWAPPED, TWO, Method, trial

SEEDS = st.integers(0, 10_000)
COMPARING = [name for name, method in METHODS.items() if method != METHODS["landmark_responder"]]
ORDERLESS = [name for name in COMPARING if not METHODS[name].seeded]


def numbers(method: Method, found: object) -> tuple[np.ndarray, np.ndarray]:
    """Return estimate and standard error of each effect, and all p-values."""
    effects = method.effects(found)
    pairs = [(np.log(e.estimate) if method.ratio else e.estimate, e.se) for e in effects]
    tests = [e.p_value for e in effects if e.p_value is not None]
    return np.array(pairs, dtype=float).reshape(-1, 2), np.array([*tests, *method.tests(found)], dtype=float)


@pytest.mark.parametrize("name", COMPARING)
@given(seed=SEEDS, unit=st.floats(0.01, 100))
@settings(max_examples=4)
def test_a_unit_of_the_endpoint_scales_the_effects_and_leaves_the_tests(name: str, seed: int, unit: float) -> None:
    method, table = METHODS[name], trial(seed)
    if name == "tobit":
        unit = 1.0  # its limit has a unit too; the law with both is below
    scaled = table.assign(tbr=unit * table.tbr)
    (one, tests), (other, again) = (numbers(method, method.run(t, TWO)) for t in (table, scaled))
    np.testing.assert_allclose(other, one if method.ratio else unit * one, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(again, tests, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ORDERLESS)
@given(seed=SEEDS)
@settings(max_examples=4)
def test_swapping_the_arms_turns_the_effects_around_and_leaves_the_tests(name: str, seed: int) -> None:
    method, table = METHODS[name], trial(seed)
    (one, tests), (other, again) = (numbers(method, method.run(table, c)) for c in (TWO, SWAPPED))
    np.testing.assert_allclose(other, one * [-1, 1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(again, tests, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ORDERLESS)
@given(seed=SEEDS)
@settings(max_examples=4)
def test_the_order_of_rows_does_not_matter(name: str, seed: int) -> None:
    method, table = METHODS[name], trial(seed)
    shuffled = table.sample(frac=1, random_state=seed)
    for one, other in zip(*(numbers(method, method.run(t, TWO)) for t in (table, shuffled)), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", COMPARING)
@given(seed=SEEDS)
@settings(max_examples=6)
def test_an_interval_excludes_no_effect_exactly_when_p_is_below_alpha(name: str, seed: int) -> None:
    method = METHODS[name]
    null = 1.0 if method.ratio else 0.0
    for effect in method.effects(method.run(trial(seed), TWO)):
        assert effect.lower <= effect.estimate <= effect.upper
        if effect.p_value is not None:
            assert (effect.lower > null or effect.upper < null) == (effect.p_value < 1 - effect.level), effect
