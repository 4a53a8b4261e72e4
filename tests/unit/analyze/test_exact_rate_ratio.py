"""The exact rate ratio."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest

from calor.analyze.exact_rate_ratio import exact_rate_ratio
from calor.errors import AnalysisError


def test_swapping_the_arms_inverts_the_ratio() -> None:
    there = exact_rate_ratio((2, 5), (15.1, 14.2), n=60)
    back = exact_rate_ratio((5, 2), (14.2, 15.1), n=60)
    assert (back.estimate, back.lower, back.upper) == pytest.approx(
        (1 / there.estimate, 1 / there.upper, 1 / there.lower)
    )
    assert back.p_value == pytest.approx(there.p_value)


def test_equal_times_test_the_split_of_the_events() -> None:
    assert exact_rate_ratio((2, 9), (10.0, 10.0), n=40).p_value == pytest.approx(binomtest(9, 11).pvalue)


def test_no_event_in_an_arm_leaves_one_limit_open() -> None:
    none = exact_rate_ratio((4, 0), (60.0, 64.0), n=63)
    assert (none.estimate, none.lower) == (0, 0)
    assert math.isfinite(none.upper)
    assert exact_rate_ratio((0, 4), (64.0, 60.0), n=63).upper == math.inf


def test_no_event_at_all_and_no_time_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`events` must be counts, at least one above zero"):
        exact_rate_ratio((0, 0), (60.0, 64.0), n=63)
    with pytest.raises(AnalysisError, match="`person_time` must be positive"):
        exact_rate_ratio((0, 1), (0.0, 64.0), n=63)
