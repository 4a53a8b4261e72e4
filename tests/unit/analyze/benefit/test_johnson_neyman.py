"""Johnson-Neyman regions against the interval they invert."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.johnson_neyman import johnson_neyman
from calor.analyze.continuous.comparison import Comparison

TWO = Comparison("tbr", "arm", ("placebo", "active"))


def trial(slope: float, effect: float, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["placebo", "active"] * 40, "crp": np.exp(rng.normal(2.2, 1.3, 80))})
    active = (table.arm == "active").astype(float)
    table["tbr"] = 2.2 + active * (effect + slope * (np.log(table.crp) - 2.2)) + rng.normal(0, 0.25, 80)
    return table


def test_the_pointwise_region_begins_where_the_interval_of_the_curve_leaves_zero() -> None:
    table = trial(-0.2, -0.1)
    (low, high) = johnson_neyman(table, TWO, biomarker="crp", simultaneous=False).regions[-1]
    curve = interaction(table, TWO, biomarker="crp").curve
    shown = curve[curve.upper < 0].biomarker
    assert low <= shown.min() <= low * 1.1
    assert high == pytest.approx(table.crp.max())


def test_a_simultaneous_region_is_within_the_pointwise_one() -> None:
    table = trial(-0.2, -0.1)
    one = johnson_neyman(table, TWO, biomarker="crp", simultaneous=False)
    other = johnson_neyman(table, TWO, biomarker="crp")
    assert other.regions[-1][0] > one.regions[-1][0]
    assert other.participants <= one.participants


def test_a_crossing_effect_has_two_regions_and_no_effect_has_none() -> None:
    assert len(johnson_neyman(trial(-0.5, 0.0), TWO, biomarker="crp").regions) == 2
    none = johnson_neyman(trial(0.0, 0.0, seed=7), TWO, biomarker="crp")
    assert none.regions == ()
    assert str(none).startswith("No value of crp shows an effect")
