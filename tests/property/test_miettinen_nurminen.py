"""Laws of the score interval: swapping arms mirrors it, swapping events mirrors it, and it holds its estimate."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calor.analyze.counts.constrained_score import Contrast
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen
from calor.errors import AnalysisError


@st.composite
def _counts(draw: st.DrawFn) -> EventCount:
    n = draw(st.integers(2, 200))
    return EventCount(draw(st.integers(0, n)), n)


_contrasts = st.sampled_from(["difference", "ratio", "odds ratio"])


@settings(max_examples=60)
@given(_counts(), _counts(), _contrasts, st.booleans())
def test_the_interval_holds_its_estimate_and_stays_in_range(
    active: EventCount, control: EventCount, contrast: Contrast, skewness: bool
) -> None:
    try:
        result = miettinen_nurminen(active, control, contrast=contrast, skewness_correction=skewness).estimate
    except AnalysisError as error:
        assert "not estimable" in str(error)
        return
    slack = 1e-9 if math.isfinite(result.estimate) else 0.0
    if not skewness:  # the correction may move the limits past an estimate at the end of its range
        assert result.lower - slack <= result.estimate <= result.upper + slack
    assert result.lower <= result.upper
    low, high = (-1, 1) if contrast == "difference" else (0, math.inf)
    assert low <= result.lower
    assert result.upper <= high
    assert result.p_value is not None
    assert 0 <= result.p_value <= 1


@settings(max_examples=60)
@given(_counts(), _counts())
def test_swapping_the_arms_mirrors_the_difference(active: EventCount, control: EventCount) -> None:
    there, back = (miettinen_nurminen(a, b).estimate for a, b in ((active, control), (control, active)))
    assert (back.lower, back.upper) == pytest.approx((-there.upper, -there.lower), abs=1e-8)


@settings(max_examples=60)
@given(_counts(), _counts())
def test_counting_the_others_mirrors_the_difference(active: EventCount, control: EventCount) -> None:
    others = [EventCount(c.participants - c.events, c.participants) for c in (active, control)]
    there, back = miettinen_nurminen(active, control).estimate, miettinen_nurminen(*others).estimate
    assert (back.lower, back.upper) == pytest.approx((-there.upper, -there.lower), abs=1e-8)
