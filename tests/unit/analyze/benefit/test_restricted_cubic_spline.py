"""Spline interaction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.restricted_cubic_spline import harrell_percentiles, spline_basis, spline_interaction
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("placebo", "active"), covariates=("base",))


def trial(seed: int, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["placebo", "active"] * (n // 2), "base": rng.normal(2.3, 0.28, n)})
    table["crp"] = np.exp(rng.normal(2.2, 1.2, n))
    effect = -0.2 - 0.3 * (np.log(table.crp) > 2.2) * (np.log(table.crp) - 2.2)
    table["tbr"] = 1.1 + 0.5 * table.base + (table.arm == "active") * effect + rng.normal(0, 0.2, n)
    return table


def test_the_basis_is_linear_beyond_the_outer_knots_and_smooth_at_all() -> None:
    knots = np.array([-1.0, 0.0, 0.7, 2.0])
    left, right = np.linspace(-9, -1, 9), np.linspace(2, 10, 9)
    for outside in (left, right):
        assert np.abs(np.diff(spline_basis(outside, knots), n=2, axis=0)).max() < 1e-9
    h = 1e-4
    for knot in knots:
        at = spline_basis(knot + h * np.array([-3, -2, -1, 0, 1, 2, 3]), knots)
        second = np.diff(at, n=2, axis=0) / h**2
        assert np.abs(np.diff(second, axis=0)).max() < 0.02


@pytest.mark.parametrize(("knots", "first"), [(3, 10), (4, 5), (5, 5), (7, 2.5)])
def test_outer_knots_are_where_harrell_puts_them(knots: int, first: float) -> None:
    places = harrell_percentiles(knots)
    assert (places[0], places[-1]) == pytest.approx((first, 100 - first))
    assert len(places) == knots


def test_the_curve_passes_through_the_effects_and_stays_a_line_outside_the_knots() -> None:
    found = spline_interaction(trial(1), TWO, biomarker="crp", percentiles=(0, 50, 100))
    assert found.curve.effect.iloc[0] == pytest.approx(found.effects[0].effect.estimate)
    tail = found.curve[found.curve.biomarker > found.knots[-1]]
    slopes = np.diff(tail.effect) / np.diff(np.log(tail.biomarker))
    assert slopes == pytest.approx(slopes[0])


def test_a_truly_straight_effect_leaves_little_to_the_nonlinear_part() -> None:
    rng = np.random.default_rng(2)
    rejected = 0
    for _ in range(200):
        table = trial(0)
        logs = np.log(table.crp)
        table["tbr"] = 2 + 0.1 * logs - 0.1 * (table.arm == "active") * logs + rng.normal(0, 0.2, 80)
        rejected += spline_interaction(table, TWO, biomarker="crp").nonlinearity.p_value < 0.05
    assert abs(rejected / 200 - 0.05) < 0.055, rejected


def test_an_effect_that_bends_is_seen_to_bend() -> None:
    table = trial(3, 400)
    spline = spline_interaction(table, TWO, biomarker="crp", knots=4)
    assert spline.nonlinearity.p_value < 0.05
    assert spline.effects[-1].effect.estimate < interaction(table, TWO, biomarker="crp").effects[-1].effect.upper
    assert "restricted cubic spline with 4 knots" in str(spline)


@pytest.mark.parametrize(
    ("knots", "message"), [(2, "`knots` must be a whole number from 3"), ((1.0, 5.0, 4.0), "at least 3 and increase")]
)
def test_knots_that_make_no_spline_are_refused(knots: int | tuple[float, ...], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        spline_interaction(trial(1), TWO, biomarker="crp", knots=knots)
