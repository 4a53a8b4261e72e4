"""Fractional polynomial interaction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.mfpi import mfpi
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"), ("base",))


def trial(seed: int, slope: float = 0.0, n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2, 0.3, n), "crp": rng.lognormal(2, 0.8, n)})
    shape = (np.log(table.crp) - 2) / 0.8
    table["tbr"] = table.base + (0.5 + slope * (table.arm == "a")) * shape + rng.normal(0, 0.2, n)
    return table


@pytest.mark.parametrize("flexibility", [1, 2, 3, 4])
def test_a_strong_interaction_is_seen_at_every_flexibility(flexibility: int) -> None:
    found = mfpi(trial(4, slope=-0.4), TWO, biomarker="crp", degree=1, flexibility=flexibility)  # type: ignore[arg-type]
    assert found.p_f < 0.001
    assert found.df == (2 if flexibility == 4 else 1)
    low, high = found.curve.effect.iloc[[0, -1]]
    assert high < 0 < low


def test_more_flexibility_never_fits_the_interaction_worse() -> None:
    table = trial(5, slope=-0.1)
    fits = {k: mfpi(table, TWO, biomarker="crp", flexibility=k) for k in (1, 3, 4)}  # type: ignore[arg-type]
    assert fits[1].likelihood_ratio <= fits[3].likelihood_ratio <= fits[4].likelihood_ratio


def test_flexibility_one_keeps_its_level_under_a_null() -> None:
    rejected = [mfpi(trial(seed, n=60), TWO, biomarker="crp").p_f < 0.05 for seed in range(200)]
    assert abs(np.mean(rejected) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 200), np.mean(rejected)


def test_what_has_no_logarithm_is_refused() -> None:
    with pytest.raises(AnalysisError, match="positive on the log scale"):
        mfpi(trial(1).assign(crp=-1.0), TWO, biomarker="crp")
    with pytest.raises(AnalysisError, match="`flexibility` must be 1 to 4"):
        mfpi(trial(1), TWO, biomarker="crp", flexibility=5)  # type: ignore[arg-type]
