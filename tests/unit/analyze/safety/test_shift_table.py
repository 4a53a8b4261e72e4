"""Shift tables."""

from __future__ import annotations

import pandas as pd
import pytest

from calor.analyze.safety.laboratory_grades import LaboratoryGrades
from calor.analyze.safety.shift_table import shift_table
from calor.errors import AnalysisError

_TERM = "Alanine aminotransferase increased"


def _grades(rows: list[tuple[str, int, int | None, int]]) -> LaboratoryGrades:
    table = pd.DataFrame(rows, columns=["participant", "day", "grade", "least"]).assign(
        analyte="ALT", term=_TERM, reason=""
    )
    return LaboratoryGrades(table.astype({"grade": "Int64"}), "5.0", ())


def _adsl() -> pd.DataFrame:
    return pd.DataFrame({"USUBJID": ["01", "02", "03", "04"], "TRT01A": ["A", "A", "P", "P"]})


_ROWS = [("01", -5, 2, 0), ("01", 1, 0, 0), ("01", 8, 1, 0), ("01", 15, 3, 0), ("02", 1, 1, 0), ("03", 8, 0, 0)]


def _cell(rows: list[tuple[str, int, int | None, int]], arm: str, baseline: str, worst: str) -> int:
    table = shift_table(_grades(rows), _adsl(), _TERM).table
    (count,) = table[(table["arm"] == arm) & (table["baseline"] == baseline) & (table["worst"] == worst)][
        "participants"
    ]
    return int(count)


def test_baseline_is_the_last_value_before_and_worst_the_highest_after() -> None:
    assert _cell(_ROWS, "A", "0", "3") == 1


def test_who_was_not_measured_is_counted_so_that_arms_add_up() -> None:
    assert _cell(_ROWS, "A", "1", "not measured") == 1
    assert _cell(_ROWS, "P", "not measured", "0") == 1
    assert _cell(_ROWS, "P", "not measured", "not measured") == 1
    table = shift_table(_grades(_ROWS), _adsl(), _TERM).table
    assert table.groupby("arm")["participants"].sum().to_dict() == {"A": 2, "P": 2}


def test_a_value_that_may_be_worse_than_the_worst_seen_is_not_gradable() -> None:
    assert _cell([("01", 1, 0, 0), ("01", 8, 1, 0), ("01", 15, None, 3)], "A", "0", "not gradable") == 1
    assert _cell([("01", 1, 0, 0), ("01", 8, 4, 0), ("01", 15, None, 3)], "A", "0", "4") == 1


def test_the_sentence_counts_shifts_to_severe() -> None:
    assert str(shift_table(_grades(_ROWS), _adsl(), _TERM)) == f"{_TERM}, shift to grade 3 or 4: A 1/2, P 0/2"


def test_unknown_terms_and_participants_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`term` must be one of"):
        shift_table(_grades(_ROWS), _adsl(), "Anemia")
    with pytest.raises(AnalysisError, match="name only participants of adsl, got 01"):
        shift_table(_grades(_ROWS), _adsl().iloc[1:], _TERM)
    with pytest.raises(AnalysisError, match="01 again"):
        shift_table(_grades(_ROWS), pd.concat([_adsl(), _adsl()]), _TERM)
    with pytest.raises(AnalysisError, match="none named"):
        shift_table(_grades(_ROWS), _adsl(), _TERM, arm="ARM")
