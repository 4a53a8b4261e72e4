"""Landmark comparison of responders: what it refuses (its null simulation is among the guards)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.responder import Responder, landmark_responder
from calor.errors import AnalysisError


def run(table: pd.DataFrame) -> Responder:
    return landmark_responder(
        table, response="tbr", response_day="day", responder="low", arm="arm", arms=("p", "a"), landmark_day=28
    )


@pytest.fixture
def trial() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    low = np.arange(40) % 4 < 2
    return pd.DataFrame({"arm": ["p", "a"] * 20, "low": low, "day": 61.0, "tbr": rng.normal(2.2, 0.3, 40)})


def test_those_without_an_answer_are_counted(trial: pd.DataFrame) -> None:
    trial.loc[3, "tbr"] = np.nan
    assert run(trial).difference.excluded[0].participants == 1
    assert run(trial).difference.n == 19


def test_an_endpoint_before_the_landmark_is_refused(trial: pd.DataFrame) -> None:
    trial.loc[[0, 1], "day"] = 28.0
    with pytest.raises(AnalysisError, match="after the landmark on study day 28, got 2 measured on or before it"):
        run(trial)


def test_an_arm_without_responders_is_refused(trial: pd.DataFrame) -> None:
    trial["low"] = False
    with pytest.raises(AnalysisError, match="two participants on either side, got 0 responders and 20 others"):
        run(trial)
