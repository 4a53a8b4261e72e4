"""Fisher's exact test: what it says of tables with few events, none, and only events."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.errors import AnalysisError


@pytest.mark.parametrize(
    ("control", "p"), [(EventCount(3, 27), 0.1115), (EventCount(4, 27), 0.0515)], ids=["3 of 27", "4 of 27"]
)
def test_no_infarction_in_28_against_a_few_gives_the_published_p(control: EventCount, p: float) -> None:
    assert fisher_exact(EventCount(0, 28), control).p_minlike == pytest.approx(p, abs=5e-5)


def test_tails_and_interval_agree_with_scipy() -> None:
    ours = fisher_exact(EventCount(12, 32), EventCount(4, 31), level=0.9)
    table = [[12, 20], [4, 27]]
    assert ours.p_fewer == pytest.approx(stats.fisher_exact(table, alternative="less").pvalue, rel=1e-10)
    assert ours.p_more == pytest.approx(stats.fisher_exact(table, alternative="greater").pvalue, rel=1e-10)
    theirs = stats.contingency.odds_ratio(table)
    assert ours.odds_ratio is not None
    assert ours.odds_ratio.estimate == pytest.approx(theirs.statistic, rel=1e-6)
    assert ours.odds_ratio.lower == pytest.approx(theirs.confidence_interval(0.9).low, rel=1e-6)
    assert ours.odds_ratio.upper == pytest.approx(theirs.confidence_interval(0.9).high, rel=1e-6)


def test_zero_events_in_one_arm_leave_the_lower_limit_at_zero() -> None:
    ratio = fisher_exact(EventCount(0, 32), EventCount(4, 31)).odds_ratio
    assert ratio is not None
    assert (ratio.estimate, ratio.lower) == (0.0, 0.0)
    assert 1 < ratio.upper < math.inf


@pytest.mark.parametrize("events", [0, 30], ids=["nobody", "everybody"])
def test_an_odds_ratio_without_information_is_not_estimable(events: int) -> None:
    result = fisher_exact(EventCount(events, 30), EventCount(events, 30))
    assert result.odds_ratio is None
    assert result.p_minlike == result.p_central == result.p_midp == 1
    assert "not estimable" in str(result)


def test_more_events_than_participants_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`events` must lie between 0 and the 30 participants, got 31"):
        EventCount(31, 30)


@pytest.mark.parametrize(("events", "participants"), [(-1, 10), (1.5, 10), (math.nan, 10), (True, 10), (0, 0)])
def test_counts_that_count_nothing_are_refused(events: int, participants: int) -> None:
    with pytest.raises(AnalysisError, match="must"):
        EventCount(events, participants)


@pytest.mark.parametrize("level", [0, 1, 95, math.nan])
def test_a_level_outside_zero_to_one_is_refused(level: float) -> None:
    with pytest.raises(AnalysisError, match="`level` must lie between 0 and 1"):
        fisher_exact(EventCount(1, 10), EventCount(2, 10), level=level)
