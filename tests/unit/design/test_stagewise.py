"""Inference after stopping, by the stage-wise ordering."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from calor.design import GroupSequential, spending
from calor.design.stagewise import stagewise
from calor.errors import DesignError

DESIGN = GroupSequential([0.5, 0.75, 1.0], efficacy=spending.obrien_fleming(0.025))


def test_stopping_at_the_first_look_is_the_fixed_analysis() -> None:
    found = stagewise(DESIGN, 1, 3.2, standard_error=0.5)
    assert found.p_value == pytest.approx(norm.sf(3.2), rel=1e-10)
    assert found.median_unbiased == pytest.approx(3.2 * 0.5, abs=1e-9)
    assert found.lower == pytest.approx((3.2 - norm.isf(0.025)) * 0.5, abs=1e-9)
    assert found.upper == pytest.approx((3.2 + norm.isf(0.025)) * 0.5, abs=1e-9)
    assert found.level == pytest.approx(0.95)


@pytest.mark.parametrize("z", [-60.0, 60.0])
def test_an_extreme_statistic_is_no_error(z: float) -> None:
    found = stagewise(DESIGN, 1, z, standard_error=1.0)
    assert found.median_unbiased == pytest.approx(z, abs=1e-6)


def test_a_later_stop_is_less_extreme() -> None:
    assert stagewise(DESIGN, 2, 4.0).p_value > stagewise(DESIGN, 1, 3.0).p_value


def test_the_median_unbiased_estimate_has_median_the_truth() -> None:
    rng = np.random.default_rng(3)
    drift, trials = 2.5, 400
    below = 0
    for _ in range(trials):
        b = np.cumsum(rng.standard_normal(3) * np.sqrt([0.5, 0.25, 0.25]) + drift * np.array([0.5, 0.25, 0.25]))
        z = b / np.sqrt(DESIGN.information_fractions)
        crossed = np.flatnonzero(z >= DESIGN.efficacy_bounds)
        look = int(crossed[0]) + 1 if crossed.size else 3
        below += stagewise(DESIGN, look, float(z[look - 1])).median_unbiased < drift
    half = 4 * math.sqrt(0.25 / trials)
    assert abs(below / trials - 0.5) < half, f"{below / trials} outside 0.5 +- {half}"


def test_a_two_sided_design_doubles_the_p_value() -> None:
    design = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.05), sides=2)
    high, low = stagewise(design, 2, 2.2), stagewise(design, 2, -2.2)
    assert high.p_value == pytest.approx(low.p_value, abs=1e-9)
    assert high.lower == pytest.approx(-low.upper, abs=1e-6)
    assert high.level == pytest.approx(0.95)


def test_information_as_in_the_design_changes_nothing() -> None:
    plain = stagewise(DESIGN, 3, 2.4, standard_error=0.2)
    same = stagewise(DESIGN, 3, 2.4, standard_error=0.2, stage_information=[0.5, 0.25, 0.25])
    assert plain.lower == pytest.approx(same.lower, abs=1e-12)


def test_a_result_prints_and_tabulates() -> None:
    found = stagewise(DESIGN, 3, 2.4, standard_error=0.2)
    assert str(found).startswith("stopped at look 3: median-unbiased estimate")
    assert found.to_frame()["p_value"][0] == found.p_value


@pytest.mark.parametrize("look", [0, 4, 1.5])
def test_a_look_that_does_not_exist_is_refused(look: float) -> None:
    with pytest.raises(DesignError, match="`look` must be one of the 3 looks"):
        stagewise(DESIGN, look, 2.0)  # type: ignore[arg-type]


def test_nonsense_is_refused() -> None:
    with pytest.raises(DesignError, match="`z` must be finite"):
        stagewise(DESIGN, 1, math.inf)
    with pytest.raises(DesignError, match="`standard_error` must be positive"):
        stagewise(DESIGN, 1, 2.0, standard_error=0.0)
    with pytest.raises(DesignError, match="`stage_information` must be 2 positive numbers"):
        stagewise(DESIGN, 2, 2.0, stage_information=[1.0, 0.0])
