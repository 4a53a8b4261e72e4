"""Kaplan-Meier: curves by hand, intervals, medians, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.survival_trial import ARMS, trial

from calor.analyze.survival.kaplan_meier import kaplan_meier
from calor.errors import AnalysisError

FOUR = pd.DataFrame({"time": [1.0, 2.0, 3.0, 4.0], "event": [1, 0, 1, 0]})
COLUMNS = {"time": "time", "event": "event"}


def test_the_curve_of_four_agrees_with_arithmetic() -> None:
    curve = kaplan_meier(FOUR, **COLUMNS).to_frame()
    assert curve["survival"].tolist() == pytest.approx([1, 3 / 4, 3 / 4, 3 / 8, 3 / 8])
    assert curve["se"].iloc[3] == pytest.approx(3 / 8 * np.sqrt(1 / 12 + 1 / 2))


@pytest.mark.parametrize("interval", ["plain", "log", "log-log", "logit", "arcsin"])
def test_every_interval_holds_the_estimate_and_stays_within_0_and_1(interval: str) -> None:
    curve = kaplan_meier(trial(), **COLUMNS, arm="arm", interval=interval).to_frame().dropna()  # type: ignore[arg-type]
    assert (curve["lower"] <= curve["survival"] + 1e-12).all()
    assert (curve["upper"] >= curve["survival"] - 1e-12).all()
    assert curve[["lower", "upper"]].to_numpy().min() >= 0
    assert curve[["lower", "upper"]].to_numpy().max() <= 1


def test_a_median_that_is_not_reached_says_so() -> None:
    table = pd.DataFrame({"time": range(1, 11), "event": [1] + [0] * 9})
    fit = kaplan_meier(table, **COLUMNS)
    assert fit.median("all").time is None
    assert "not reached" in str(fit)


def test_a_curve_level_at_one_half_has_its_median_in_the_middle() -> None:
    table = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 1, 1, 1]})
    assert kaplan_meier(table, **COLUMNS).median("all").time == 2.5


def test_numbers_at_risk_count_those_followed_to_the_time() -> None:
    table = trial()
    counts = kaplan_meier(table, **COLUMNS, arm="arm", arms=ARMS).at_risk([0, 5])
    assert counts.loc["placebo", 0] == 40
    assert counts.loc["active", 5] == ((table["time"] >= 5) & (table["arm"] == "active")).sum()


def test_a_time_beyond_follow_up_is_refused() -> None:
    with pytest.raises(AnalysisError, match="Nobody is followed"):
        kaplan_meier(FOUR, **COLUMNS).at([5])


def test_limits_where_nobody_survives_are_missing_not_invented() -> None:
    table = pd.DataFrame({"time": [1, 2], "event": [1, 1]})
    assert kaplan_meier(table, **COLUMNS).to_frame()["upper"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(("options", "says"), [({"interval": "wald"}, "log-log"), ({"level": 95}, "level")])
def test_unknown_options_are_refused(options: dict, says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        kaplan_meier(FOUR, **COLUMNS, **options)
