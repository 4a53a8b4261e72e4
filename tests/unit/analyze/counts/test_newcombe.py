"""Newcombe's interval of a difference."""

from __future__ import annotations

import pytest

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.newcombe import newcombe, stratified_newcombe
from calor.errors import AnalysisError


@pytest.mark.parametrize(
    ("active", "control", "limits"),
    [
        # Newcombe RG, Stat Med 1998;17:873, table II, method 10.
        (EventCount(56, 70), EventCount(48, 80), (0.0524, 0.3339)),
        (EventCount(9, 10), EventCount(3, 10), (0.1705, 0.8090)),
        (EventCount(10, 10), EventCount(0, 10), (0.6075, 1.0)),
    ],
)
def test_the_papers_examples_are_reproduced(
    active: EventCount, control: EventCount, limits: tuple[float, float]
) -> None:
    ours = newcombe(active, control)
    assert (round(ours.lower, 4), round(ours.upper, 4)) == limits


def test_swapping_the_arms_mirrors_the_interval() -> None:
    there, back = (newcombe(EventCount(a, 20), EventCount(b, 30)) for a, b in ((3, 9), (3, 9)))
    mirrored = newcombe(EventCount(9, 30), EventCount(3, 20))
    assert (there.lower, there.upper) == (back.lower, back.upper)
    assert (mirrored.lower, mirrored.upper) == pytest.approx((-there.upper, -there.lower))


def test_equal_strata_pool_to_the_plain_interval_of_their_sum() -> None:
    half = (EventCount(5, 20), EventCount(8, 20))
    pooled, plain = stratified_newcombe([half, half]), newcombe(EventCount(10, 40), EventCount(16, 40))
    assert (pooled.lower, pooled.upper) == pytest.approx((plain.lower, plain.upper))


def test_no_stratum_is_refused() -> None:
    with pytest.raises(AnalysisError, match="at least one stratum"):
        stratified_newcombe([])
