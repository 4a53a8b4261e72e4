"""Clopper-Pearson: no events, only events, one side."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.errors import AnalysisError


def test_no_event_in_32_cannot_exclude_nine_percent() -> None:
    assert clopper_pearson(EventCount(0, 32), side="upper").upper == pytest.approx(0.0894, abs=5e-5)
    assert clopper_pearson(EventCount(0, 32)).upper == pytest.approx(0.1089, abs=5e-5)


def test_only_events_put_the_upper_limit_at_one() -> None:
    both = clopper_pearson(EventCount(31, 31))
    assert both.upper == 1
    assert both.lower == pytest.approx(0.025 ** (1 / 31))


def test_the_limits_are_scipys() -> None:
    theirs = binomtest(7, 60).proportion_ci(0.9, method="exact")
    ours = clopper_pearson(EventCount(7, 60), level=0.9)
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_a_one_sided_limit_leaves_the_other_side_open() -> None:
    lower = clopper_pearson(EventCount(7, 60), side="lower")
    assert lower.upper == 1
    assert lower.lower == pytest.approx(clopper_pearson(EventCount(7, 60), level=0.9).lower)


def test_an_unknown_side_is_refused() -> None:
    with pytest.raises(AnalysisError, match="`side` must be one of"):
        clopper_pearson(EventCount(1, 10), side="left")  # type: ignore[arg-type]
