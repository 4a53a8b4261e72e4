"""E-values."""

from __future__ import annotations

import math

import pytest

from calor.analyze.multiplicity.e_value import e_value
from calor.errors import AnalysisError


def test_the_papers_example_is_reproduced() -> None:
    # VanderWeele TJ, Ding P, Ann Intern Med 2017;167:268: risk ratio 3.9 (1.8 to 8.7).
    result = e_value(3.9, 1.8, 8.7)
    assert (round(result.estimate, 2), round(result.limit, 1)) == (7.26, 3.0)


def test_protective_and_harmful_ratios_mirror_each_other() -> None:
    harm, protection = e_value(3.9, 1.8, 8.7), e_value(1 / 3.9, 1 / 8.7, 1 / 1.8)
    assert (protection.estimate, protection.limit) == pytest.approx((harm.estimate, harm.limit))


def test_an_interval_that_includes_one_needs_no_confounder() -> None:
    assert e_value(0.8, 0.6, 1.1).limit == 1
    assert e_value(1.0, 0.9, 1.1).estimate == 1


def test_common_events_are_put_on_the_risk_scale_first() -> None:
    assert e_value(4.0, 2.25, 9.0, measure="common odds ratio").estimate == e_value(2.0, 1.5, 3.0).estimate
    hazard = e_value(2.0, 1.5, 3.0, measure="common hazard ratio").estimate
    assert hazard == pytest.approx(e_value((1 - 0.5 ** math.sqrt(2)) / (1 - 0.5 ** math.sqrt(0.5)), 0.5, 9).estimate)


@pytest.mark.parametrize("numbers", [(0.0, 0.0, 1.0), (-1.0, -2.0, 1.0), (2.0, 2.5, 3.0), (math.inf, 1.0, math.inf)])
def test_ratios_outside_their_limits_are_refused(numbers: tuple[float, float, float]) -> None:
    with pytest.raises(AnalysisError, match="`ratio` must be positive, finite and between its limits"):
        e_value(*numbers)


def test_an_unknown_measure_is_refused() -> None:
    with pytest.raises(AnalysisError, match="`measure` must be one of"):
        e_value(2.0, 1.0, 3.0, measure="hazard ratio")  # type: ignore[arg-type]
