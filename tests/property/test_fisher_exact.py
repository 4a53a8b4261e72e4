"""Laws of Fisher's test: swapping arms or events, order of the p-values, and the interval's agreement with the test."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact


@st.composite
def _counts(draw: st.DrawFn) -> EventCount:
    n = draw(st.integers(1, 120))
    return EventCount(draw(st.integers(0, n)), n)


@given(_counts(), _counts())
def test_swapping_the_arms_swaps_the_tails(active: EventCount, control: EventCount) -> None:
    there, back = fisher_exact(active, control), fisher_exact(control, active)
    assert there.p_minlike == pytest.approx(back.p_minlike, abs=1e-9)
    assert there.p_fewer == pytest.approx(back.p_more, abs=1e-9)


@given(_counts(), _counts())
def test_p_values_are_ordered_and_tails_overlap_in_the_observed_table(active: EventCount, control: EventCount) -> None:
    result = fisher_exact(active, control)
    assert 0 < result.p_minlike <= 1
    assert result.p_midp <= result.p_central <= 1
    assert result.p_fewer + result.p_more >= 1 - 1e-9


@given(_counts(), _counts())
def test_the_exact_interval_excludes_one_exactly_when_the_central_p_is_below_its_level(
    active: EventCount, control: EventCount
) -> None:
    result = fisher_exact(active, control)
    if result.odds_ratio is None or abs(result.p_central - 0.05) < 1e-9:
        return
    excluded = result.odds_ratio.lower > 1 or result.odds_ratio.upper < 1
    assert excluded == (result.p_central < 0.05)
