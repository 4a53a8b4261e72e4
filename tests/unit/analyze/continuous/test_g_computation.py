"""Standardization."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.g_computation import g_computation


def test_with_common_slopes_it_is_the_ancova_but_factors_keep_their_own_shares() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"arm": ["p", "a"] * 20, "x": rng.normal(5, 1, 40), "site": (np.arange(40) < 10).astype(int)})
    table["y"] = 3 + table.x + 4 * table.site - 1.0 * (table.arm == "a") + rng.normal(0, 1, 40)
    found = g_computation(table, Comparison("y", "arm", ("p", "a"), ("x",), ("site",)), se="model")
    adjusted = ancova(table, response="y", arm="arm", arms=("p", "a"), covariates=["x"], factors=["site"])
    assert found.differences[0].estimate == pytest.approx(adjusted.differences[0].estimate)
    assert found.differences[0].se == pytest.approx(adjusted.differences[0].se)
    shares = 0.25 - 0.5
    effect_of_site = (found.ls_means[0].estimate - adjusted.ls_means[0].estimate) / shares
    assert effect_of_site == pytest.approx(4.0, abs=1.0)
