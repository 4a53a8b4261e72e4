"""Nelson-Aalen: sums by hand and delayed entry."""

from __future__ import annotations

import pandas as pd
import pytest

from calor.analyze.survival.nelson_aalen import nelson_aalen
from calor.errors import AnalysisError

TABLE = pd.DataFrame({"entry": [0, 0, 1.5, 0], "time": [1.0, 2.0, 3.0, 4.0], "event": [1, 1, 1, 0]})


def test_the_hazard_sums_events_over_those_at_risk() -> None:
    got = nelson_aalen(TABLE, time="time", event="event").at([4])
    assert got["hazard"].iloc[0] == pytest.approx(1 / 4 + 1 / 3 + 1 / 2)
    assert got["se"].iloc[0] ** 2 == pytest.approx(1 / 16 + 1 / 9 + 1 / 4)


def test_who_enters_late_is_not_at_risk_before() -> None:
    got = nelson_aalen(TABLE, time="time", event="event", start="entry").at([1, 2])
    assert got["hazard"].tolist() == pytest.approx([1 / 3, 1 / 3 + 1 / 3])


def test_times_beyond_follow_up_are_refused() -> None:
    with pytest.raises(AnalysisError, match="Nobody is followed"):
        nelson_aalen(TABLE, time="time", event="event").at([9])
