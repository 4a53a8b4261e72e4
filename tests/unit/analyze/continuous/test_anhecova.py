"""Slopes for each arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.continuous.anhecova import anhecova
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.g_computation import g_computation

THREE = Comparison("y", "arm", ("p", "low", "high"), covariates=("x", "z"), factors=("site",))


def trial(seed: int, n: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = np.arange(n) % 3
    table = pd.DataFrame({"arm": np.array(["p", "low", "high"])[arm], "site": rng.integers(0, 2, n)})
    table["x"], table["z"] = rng.normal(2, 1, n), rng.normal(0, 3, n)
    table["y"] = 10 + table.x * (1 + arm) + 0.2 * table.z + 0.3 * arm + rng.normal(0, 1, n)
    return table


def test_it_is_the_difference_of_two_separate_regressions_at_the_common_means() -> None:
    table = trial(1)
    covariates = np.column_stack([table.x, table.z, table.site])
    at = np.r_[1.0, covariates.mean(axis=0)]
    means = {}
    for name in THREE.arms:
        rows = (table.arm == name).to_numpy()
        design = np.column_stack([np.ones(rows.sum()), covariates[rows]])
        means[name] = at @ np.linalg.lstsq(design, table.y.to_numpy()[rows], rcond=None)[0]
    low, high = anhecova(table, THREE).differences
    assert low.estimate == pytest.approx(means["low"] - means["p"])
    assert high.estimate == pytest.approx(means["high"] - means["p"])


def test_standardizing_the_same_model_gives_the_same_answer() -> None:
    table = trial(2)
    one, other = anhecova(table, THREE), g_computation(table, THREE, by_arm=True)
    for a, b in zip((*one.differences, *one.ls_means), (*other.differences, *other.ls_means), strict=True):
        assert b.estimate == pytest.approx(a.estimate)
        assert b.se == pytest.approx(a.se)


def test_the_superpopulation_adds_the_variance_of_the_covariate_means() -> None:
    """Repeated trials: the interval for the population's effect covers it 95 times in 100, the other one less."""
    rng = np.random.default_rng(3)
    two = Comparison("y", "arm", ("p", "a"), covariates=("x",))
    covered = {"participants": 0, "superpopulation": 0}
    trials = 150
    for _ in range(trials):
        table = pd.DataFrame({"arm": ["p", "a"] * 30, "x": rng.normal(0, 1, 60)})
        table["y"] = 3.0 * table.x * (table.arm == "a") + rng.normal(0, 1, 60)
        for population in ("participants", "superpopulation"):
            d = anhecova(table, two, population=population).differences[0]
            covered[population] += d.lower < 0 < d.upper
    assert abs(covered["superpopulation"] / trials - 0.95) < 3 * np.sqrt(0.95 * 0.05 / trials), covered
    assert covered["participants"] / trials < 0.85, covered
