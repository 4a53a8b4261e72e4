"""The time line: one panel for each analyte, one line for each event, nothing outside the page."""

from __future__ import annotations

import pandas as pd
import pytest

from calor.errors import ReportError
from calor.report.figures.time_line import time_line

COURSE = pd.DataFrame(
    [("hs-CRP (mg/L)", -5, 9.1, False), ("hs-CRP (mg/L)", 12, 0.2, True), ("ALT (U/L)", 12, 178.0, False)],
    columns=["label", "day", "value", "below"],
)
SPANS = pd.DataFrame(
    [("Visits", "", -5, -5), ("Visits", "", 12, 12), ("Events", "Fever", 3, 6), ("Events", "Chest pain", 44, 50)],
    columns=["row", "label", "first", "last"],
)
TOLD = {"days": (-15, 62), "name": "time-line", "title": "One participant.", "caption": "n = 1."}


def test_every_analyte_and_event_is_named_once() -> None:
    svg = time_line(COURSE, SPANS, **TOLD).to_svg()  # type: ignore[arg-type]
    for words in ("hs-CRP (mg/L)", "ALT (U/L)", "Fever", "Chest pain", "Visits", "Study day"):
        assert svg.count(f">{words}<") == 1, words
    assert " style=" not in svg  # the pages' policy forbids it


def test_a_value_that_is_no_number_is_refused() -> None:
    with pytest.raises(ReportError, match="value"):
        time_line(COURSE.assign(value=float("inf")), SPANS, **TOLD)  # type: ignore[arg-type]
