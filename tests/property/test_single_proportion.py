"""Laws of intervals of one proportion: mirrored by counting the others, wider at a higher level, ordered by method."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.single_proportion import agresti_coull, blaker, jeffreys, mid_p, wilson
from calor.analyze.estimate import Estimate

_methods = st.sampled_from([clopper_pearson, wilson, agresti_coull, jeffreys, mid_p, blaker])


@st.composite
def _counts(draw: st.DrawFn) -> EventCount:
    n = draw(st.integers(1, 80))
    return EventCount(draw(st.integers(0, n)), n)


@given(_counts(), _methods)
def test_counting_the_others_mirrors_the_interval(count: EventCount, method: Callable[..., Estimate]) -> None:
    there = method(count)
    back = method(EventCount(count.participants - count.events, count.participants))
    assert (back.lower, back.upper) == pytest.approx((1 - there.upper, 1 - there.lower), abs=1e-9)


@given(_counts(), _methods)
def test_a_higher_level_is_wider_and_holds_the_estimate(count: EventCount, method: Callable[..., Estimate]) -> None:
    narrow, wide = method(count, level=0.8), method(count, level=0.99)
    assert wide.lower <= narrow.lower + 1e-12
    assert narrow.upper <= wide.upper + 1e-12
    assert 0 <= wide.lower <= count.proportion <= wide.upper <= 1


@given(_counts())
def test_mid_p_lies_inside_clopper_pearson(count: EventCount) -> None:
    inner, outer = mid_p(count), clopper_pearson(count)
    assert outer.lower <= inner.lower + 1e-12
    assert inner.upper <= outer.upper + 1e-12
