"""Fractional polynomials."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.fractional_polynomials import fp_terms, fractional_polynomials
from calor.analyze.continuous.comparison import Comparison

TWO = Comparison("tbr", "arm", ("p", "a"), ("base",))


def trial(seed: int, power: float = 0.0, slope: float = 0.0, n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2, 0.3, n), "crp": rng.lognormal(2, 0.8, n)})
    shape = np.log(table.crp) if power == 0 else table.crp**power
    shape = (shape - shape.mean()) / shape.std()
    table["tbr"] = table.base + (0.5 + slope * (table.arm == "a")) * shape + rng.normal(0, 0.2, n)
    return table


@pytest.mark.parametrize("power", [-1.0, 0.0, 2.0])
def test_the_true_power_is_found_when_noise_is_small(power: float) -> None:
    found = fractional_polynomials(trial(1, power, n=600), TWO, biomarker="crp")
    assert found.best_first == (power,)


def test_a_change_of_unit_changes_no_deviance() -> None:
    table = trial(2)
    one = fractional_polynomials(table, TWO, biomarker="crp")
    other = fractional_polynomials(table.assign(crp=1000 * table.crp), TWO, biomarker="crp")
    assert list(other.second.values()) == pytest.approx(list(one.second.values()), abs=1e-6)


def test_a_biomarker_without_bearing_is_selected_once_in_twenty() -> None:
    rng = np.random.default_rng(3)
    selected = 0
    for _ in range(200):
        table = trial(0, n=60)
        table["tbr"] = rng.normal(2, 1, 60)
        selected += fractional_polynomials(table, TWO, biomarker="crp").selected != ()
    assert selected / 200 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200), selected


def test_repeated_powers_take_a_logarithm_more_each() -> None:
    x = np.array([1.0, 2.0, 4.0])
    wanted = np.array([x**2, x**2 * np.log(x), x**2 * np.log(x) ** 2])
    np.testing.assert_allclose(fp_terms(x, (2, 2, 2)).T, wanted)
    np.testing.assert_allclose(fp_terms(x, (0, 0)).T, np.array([np.log(x), np.log(x) ** 2]))
