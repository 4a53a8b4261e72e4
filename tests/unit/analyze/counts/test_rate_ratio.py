"""The exact rate ratio."""

from __future__ import annotations

import math

import pytest
from scipy.stats import binomtest

from calor.analyze.counts.rate_ratio import rate_ratio
from calor.errors import AnalysisError


def test_swapping_the_arms_inverts_the_ratio() -> None:
    there, back = rate_ratio(5, 14.2, 2, 15.1), rate_ratio(2, 15.1, 5, 14.2)
    assert (back.estimate, back.lower, back.upper) == pytest.approx(
        (1 / there.estimate, 1 / there.upper, 1 / there.lower)
    )
    assert back.p_value == pytest.approx(there.p_value)


def test_equal_times_test_the_split_of_the_events() -> None:
    assert rate_ratio(9, 10.0, 2, 10.0).p_value == pytest.approx(binomtest(9, 11).pvalue)


def test_no_event_in_an_arm_leaves_one_limit_open() -> None:
    none = rate_ratio(0, 64.0, 4, 60.0)
    assert (none.estimate, none.lower) == (0, 0)
    assert math.isfinite(none.upper)
    assert rate_ratio(4, 60.0, 0, 64.0).upper == math.inf


def test_no_event_at_all_is_refused() -> None:
    with pytest.raises(AnalysisError, match="hold at least one event"):
        rate_ratio(0, 64.0, 0, 60.0)
    with pytest.raises(AnalysisError, match="`time_at_risk` must be positive"):
        rate_ratio(1, 64.0, 0, 0.0)
