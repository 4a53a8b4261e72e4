"""Win ratio and Finkelstein-Schoenfeld: pairs by hand, order of importance, strata."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.survival_trial import ARMS, trial

from calor.analyze.survival.finkelstein_schoenfeld import finkelstein_schoenfeld
from calor.analyze.survival.hierarchy import EventTime, Measure, compare
from calor.analyze.survival.win_ratio import win_ratio
from calor.errors import AnalysisError

DEATH, CRP = EventTime("days", "died"), Measure("crp", better="lower")
COLUMNS = {"hierarchy": [EventTime("time", "event"), Measure("age", better="lower")], "arm": "arm", "arms": ARMS}


def pair(first: tuple[float, int, float], second: tuple[float, int, float]) -> list[int]:
    table = pd.DataFrame([first, second], columns=["days", "died", "crp"])
    return compare(table, [DEATH, CRP], np.array([0]), np.array([1]))[:, 0, 0].tolist()


@pytest.mark.parametrize(
    ("first", "second", "levels"),
    [
        ((9, 0, 1.0), (4, 1, 1.0), [1, 0]),  # the other died while this one was followed
        ((4, 0, 1.0), (9, 1, 2.0), [0, 1]),  # not known who died first: CRP decides
        ((4, 0, 1.0), (4, 1, 1.0), [1, 0]),  # an event comes before censoring on the same day
        ((4, 1, 3.0), (4, 1, 2.0), [0, -1]),  # died together: CRP decides
        ((9, 0, 2.0), (9, 0, 2.0), [0, 0]),
    ],
)
def test_the_first_endpoint_that_can_decide_decides(first: tuple, second: tuple, levels: list[int]) -> None:
    assert pair(first, second) == levels
    assert pair(second, first) == [-level for level in levels]


def test_a_margin_makes_small_differences_ties() -> None:
    table = pd.DataFrame({"crp": [1.0, 1.4, 2.0]})
    got = compare(table, [Measure("crp", "lower", margin=0.5)], np.array([0]), np.array([1, 2]))
    assert got.tolist() == [[[0, 1]]]


def test_every_pair_is_a_win_a_loss_or_a_tie() -> None:
    result = win_ratio(trial(), **COLUMNS)
    assert result.wins + result.losses + result.ties == 40 * 40
    assert sum(result.wins_by_level) == result.wins


def test_exchanging_the_arms_inverts_the_ratio() -> None:
    there = win_ratio(trial(), **COLUMNS)
    back = win_ratio(trial(), **{**COLUMNS, "arms": ARMS[::-1]})
    assert back.ratio.estimate == pytest.approx(1 / there.ratio.estimate)
    assert back.net_benefit.estimate == pytest.approx(-there.net_benefit.estimate)
    assert back.ratio.se == pytest.approx(there.ratio.se)


def test_strata_of_one_size_pool_their_counts() -> None:
    table = trial()
    parts = [win_ratio(part, **COLUMNS) for _, part in table.groupby("site")]
    wins, losses = (sum(getattr(p, k) for p in parts) for k in ("wins", "losses"))
    assert win_ratio(table, **COLUMNS, strata=["site"]).ratio.estimate == pytest.approx(wins / losses)


def test_the_test_of_ranks_agrees_with_the_net_benefit() -> None:
    table = trial(log_hazard_ratio=-0.3)
    benefit = win_ratio(table, **COLUMNS).net_benefit
    test = finkelstein_schoenfeld(table, **COLUMNS)
    assert test.statistic / 1600 == pytest.approx(benefit.estimate)
    assert test.z == pytest.approx(benefit.estimate / (benefit.se or 1), rel=0.15)


def test_what_decides_nothing_is_refused() -> None:
    same = trial().assign(time=9.0, event=0, age=60.0)
    with pytest.raises(AnalysisError, match="0 wins"):
        win_ratio(same, **COLUMNS)
    with pytest.raises(AnalysisError, match="decide"):
        finkelstein_schoenfeld(same, **COLUMNS)
    with pytest.raises(AnalysisError, match="hierarchy"):
        win_ratio(trial(), **{**COLUMNS, "hierarchy": []})
    with pytest.raises(AnalysisError, match="both arms"):
        win_ratio(trial().assign(site=lambda t: t["arm"]), **COLUMNS, strata=["site"])
