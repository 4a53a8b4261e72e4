"""Several biomarkers at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.joint_interaction import joint_interaction
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"), ("base",))


def trial(seed: int, n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2.3, 0.3, n)})
    table["crp"] = np.exp(2 + 2 * (table.base - 2.3) + rng.normal(0, 0.8, n))
    table["tbr"] = table.base - 0.2 * (table.arm == "a") * np.log(table.crp) + rng.normal(0, 0.25, n)
    return table


def test_only_the_biomarker_that_carries_the_interaction_keeps_it() -> None:
    crp, base = joint_interaction(trial(1), TWO, biomarkers={"crp": "log", "base": "linear"}).slopes
    assert crp.upper < 0
    assert base.lower < 0 < base.upper


def test_alone_each_of_two_correlated_biomarkers_seems_to_carry_it() -> None:
    alone = interaction(trial(1), Comparison("tbr", "arm", ("p", "a")), biomarker="base", scale="linear")
    assert alone.slope_difference.upper < 0


def test_the_joint_test_is_the_change_of_residuals_when_both_products_go() -> None:
    table = trial(2)
    found = joint_interaction(table, TWO, biomarkers={"crp": "log", "base": "linear"}).joint
    a, logs = (table.arm == "a").astype(float), np.log(table.crp)
    main = np.column_stack([np.ones(200), a, logs, table.base])
    both = np.column_stack([main, a * logs, a * table.base])
    rss = [float(np.linalg.lstsq(x, table.tbr, rcond=None)[1][0]) for x in (main, both)]
    assert found.f == pytest.approx((rss[0] - rss[1]) / 2 / (rss[1] / 194))
    assert (found.df1, found.df2) == (2, 194)


def test_one_biomarker_is_not_two() -> None:
    with pytest.raises(AnalysisError, match="Use `interaction` for one"):
        joint_interaction(trial(1), TWO, biomarkers={"crp": "log"})
