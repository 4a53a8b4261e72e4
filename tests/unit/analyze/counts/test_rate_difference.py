"""The score interval of a rate difference."""

from __future__ import annotations

import pytest

from calor.analyze.counts.rate_difference import rate_difference
from calor.errors import AnalysisError


def test_swapping_the_arms_mirrors_the_interval() -> None:
    there, back = rate_difference(5, 14.2, 2, 15.1), rate_difference(2, 15.1, 5, 14.2)
    assert (back.estimate, back.lower, back.upper) == pytest.approx((-there.estimate, -there.upper, -there.lower))


def test_no_event_at_all_still_has_limits() -> None:
    none = rate_difference(0, 64.0, 0, 60.0)
    z2 = 1.959963984540054**2
    assert none.estimate == 0
    # With no events the constrained rate is the difference itself: d * T / sqrt(d / T) = z.
    assert (none.lower, none.upper) == pytest.approx((-z2 / 60, z2 / 64))


def test_the_test_of_no_difference_pools_the_rates() -> None:
    result = rate_difference(9, 10.0, 2, 10.0)
    assert result.p_value == pytest.approx(2 * 0.0174, abs=2e-4)  # z = 7 / sqrt(11)
    assert (result.p_value or 1) < 0.05
    assert result.lower > 0


def test_times_that_make_no_rate_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`time_at_risk` must be positive"):
        rate_difference(1, 64.0, 0, 0.0)
