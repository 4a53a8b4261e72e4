"""What the door lets through, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.survival.time_to_event import time_to_event
from calor.errors import AnalysisError


def trial(**changes: object) -> pd.DataFrame:
    columns: dict[str, object] = {
        "days": [5.0, 8.0, 3.0, 9.0],
        "mi": [1, 0, 1, 0],
        "arm": ["placebo", "placebo", "active", "active"],
        "site": ["x", "y", "x", "y"],
    }
    return pd.DataFrame({**columns, **changes}, index=["S1", "S2", "S3", "S4"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"days": [5.0, 0.0, 3.0, 9.0]}, "row S2"),
        ({"days": [5.0, -1.0, -3.0, 9.0]}, "rows S2, S3"),
        ({"days": [5.0, np.nan, 3.0, 9.0]}, "row S2"),
        ({"days": [5.0, np.inf, 3.0, 9.0]}, "row S2"),
        ({"days": pd.to_datetime(["2026-01-01"] * 4)}, "datetime64"),
        ({"days": pd.to_timedelta([5, 8, 3, 9], unit="D")}, "timedelta64"),
        ({"mi": [1, 2, 1, 0]}, "row S2"),
        ({"mi": [1, None, 1, 0]}, "row S2"),
        ({"arm": ["placebo", None, "active", "active"]}, "row S2"),
        ({"arm": ["placebo", "placebo", "active", "other"]}, "row S4"),
        ({"arm": ["placebo", "placebo", "placebo", "active"]}, "1 in active"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused_by_name(changes: dict[str, object], says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        time_to_event(trial(**changes), time="days", event="mi", arm="arm", arms=("placebo", "active"))


def test_a_stratum_without_events_is_refused_by_name() -> None:
    with pytest.raises(AnalysisError, match="at y, rows S2, S4"):
        time_to_event(trial(), time="days", event="mi", strata=["site"])


def test_an_interval_must_end_after_it_starts() -> None:
    with pytest.raises(AnalysisError, match="row S3"):
        time_to_event(trial(entry=[0, 1, 3, 4]), time="days", event="mi", start="entry")
    with pytest.raises(AnalysisError, match="before randomization"):
        time_to_event(trial(entry=[0, -1, 1, 4]), time="days", event="mi", start="entry")


def test_a_missing_column_and_an_empty_table_are_refused() -> None:
    with pytest.raises(AnalysisError, match="months"):
        time_to_event(trial(), time="months", event="mi")
    with pytest.raises(AnalysisError, match="have rows"):
        time_to_event(trial().iloc[:0], time="days", event="mi")


def test_the_control_arm_comes_first_as_named() -> None:
    data = time_to_event(trial(), time="days", event="mi", arm="arm", arms=("placebo", "active"))
    assert data.arms == ("placebo", "active")
    assert data.arm.tolist() == [0, 0, 1, 1]
    with pytest.raises(AnalysisError, match="each arm once"):
        time_to_event(trial(), time="days", event="mi", arm="arm", arms=("placebo", "placebo"))
