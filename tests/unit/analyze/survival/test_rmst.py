"""Restricted means: areas by hand, their variance against resampling, and the horizon's limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.survival_trial import ARMS, trial

from calor.analyze.survival.rmst import area, rmst
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event", "arm": "arm", "arms": ARMS}


def test_without_censoring_the_area_is_the_mean_of_the_restricted_times() -> None:
    time = np.array([1.0, 2.0, 4.0, 7.0])
    value, se = area(time, np.ones(4, dtype=bool), 5.0)
    restricted = np.minimum(time, 5.0)
    assert value == pytest.approx(restricted.mean())
    assert se == pytest.approx(restricted.std() / 2)  # the estimator's, not the variable's


def test_the_standard_error_agrees_with_the_bootstrap() -> None:
    table = trial(n=300)
    rng = np.random.default_rng(11)
    time, event = table["time"].to_numpy(), table["event"].to_numpy(dtype=bool)
    draws = [area(time[rows], event[rows], 8.0)[0] for rows in rng.integers(0, 300, (400, 300))]
    error = np.std(draws) / np.sqrt(2 * 400)
    assert abs(area(time, event, 8.0)[1] - np.std(draws)) < 4 * error


def test_time_survived_and_time_lost_add_up_to_the_horizon() -> None:
    result = rmst(trial(), **COLUMNS, horizon=8.0)
    for kept, lost in zip(result.by_arm, result.lost_by_arm, strict=True):
        assert kept.estimate + lost.estimate == pytest.approx(8.0)
    assert result.difference.estimate == pytest.approx(result.by_arm[1].estimate - result.by_arm[0].estimate)


@pytest.mark.parametrize("horizon", [0.0, -1.0, 25.0, float("nan")])
def test_a_horizon_that_follow_up_does_not_reach_is_refused(horizon: float) -> None:
    with pytest.raises(AnalysisError, match="horizon"):
        rmst(trial(), **COLUMNS, horizon=horizon)


def test_an_arm_without_events_has_a_difference_but_no_ratio_of_time_lost() -> None:
    table = pd.DataFrame(
        {"time": [1, 2, 9, 9, 9, 9], "event": [1, 1, 0, 0, 0, 0], "arm": ["placebo"] * 3 + ["active"] * 3}
    )
    result = rmst(table, **COLUMNS, horizon=5.0)
    assert result.lost_ratio is None
    # Areas 1 + 2/3 + 3/3 and 5; the variance is the first arm's: 1 event of 3, then 1 of 2, times the area to come.
    assert result.difference.estimate == pytest.approx(5 - (1 + 2 / 3 + 1))
    assert result.difference.se == pytest.approx(((5 / 3) ** 2 / 6 + 1.0**2 / 2) ** 0.5)
    assert len(result.to_frame()) == 6
    assert "times lost" not in str(result)
