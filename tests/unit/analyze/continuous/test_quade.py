"""Rank analysis of covariance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.quade import quade
from calor.errors import AnalysisError


def trial(seed: int, effect: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * 20, "base": rng.lognormal(2, 1, 40)})
    table["crp"] = table.base * np.exp(effect * (table.arm == "a") + rng.standard_t(2, 40))
    return table


def test_monotone_changes_of_scale_change_nothing() -> None:
    two = Comparison("crp", "arm", ("p", "a"), ("base",))
    table = trial(1, -0.5)
    logged = table.assign(crp=np.log(table.crp), base=table.base**3)
    assert quade(logged, two).f == pytest.approx(quade(table, two).f, rel=1e-10)


def test_it_rejects_one_null_trial_in_twenty() -> None:
    two = Comparison("crp", "arm", ("p", "a"), ("base",))
    rate = np.mean([quade(trial(seed, 0.0), two).p_value < 0.05 for seed in range(300)])
    assert abs(rate - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 300), rate


def test_without_covariates_the_rank_sum_test_is_named() -> None:
    with pytest.raises(AnalysisError, match="Use `rank_sum`"):
        quade(trial(1, 0.0), Comparison("crp", "arm", ("p", "a")))
