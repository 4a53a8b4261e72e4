"""Grading a laboratory data set."""

from __future__ import annotations

import pandas as pd
import pytest

from calor.analyze.safety.laboratory_grades import LaboratoryColumns, laboratory_grades
from calor.errors import AnalysisError


def _adlb() -> pd.DataFrame:
    rows = [
        ("01", "ALT", 1, 30.0, "U/L", 7.0, 40.0, 30.0, "NORMAL"),
        ("01", "ALT", 15, 250.0, "U/L", 7.0, 40.0, 30.0, "NORMAL"),
        ("02", "ALT", 1, 60.0, "U/L", 7.0, 40.0, 60.0, "HIGH"),
        ("02", "ALT", 15, 95.0, "U/L", 7.0, 40.0, 60.0, "HIGH"),
        ("02", "ALT", 29, 90.0, "U/L", 7.0, None, 60.0, "HIGH"),
        ("01", "HGB", 15, 9.9, "g/dL", 12.0, 16.0, 13.0, "NORMAL"),
        ("01", "HSCRP", 15, 3.1, "mg/L", None, 5.0, 4.0, "NORMAL"),
    ]
    names = ["USUBJID", "PARAMCD", "ADY", "AVAL", "AVALU", "ANRLO", "ANRHI", "BASE", "BNRIND"]
    return pd.DataFrame(rows, columns=names)


def test_each_value_is_graded_by_its_own_baseline() -> None:
    table = laboratory_grades(_adlb()).table
    alt = table[table["analyte"] == "ALT"]
    assert list(alt["grade"].fillna(-1)) == [0, 3, 0, 1, -1]
    assert alt.iloc[4]["reason"] == "no ULN"


def test_hemoglobin_has_two_terms() -> None:
    table = laboratory_grades(_adlb()).table
    grades = table[table["analyte"] == "HGB"].set_index("term")["grade"].to_dict()
    assert grades == {"Anemia": 2, "Hemoglobin increased": 0}


def test_analytes_without_criteria_are_named() -> None:
    result = laboratory_grades(_adlb())
    assert result.not_covered == ("HSCRP",)
    assert "no criteria for HSCRP" in str(result)
    assert "1 not gradable" in str(result)


def test_the_baseline_range_column_may_be_absent() -> None:
    table = laboratory_grades(_adlb().drop(columns="BNRIND")).table
    assert list(table[table["analyte"] == "ALT"]["grade"].fillna(-1)) == [0, 3, 0, 1, -1]


def test_missing_columns_and_values_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`adlb` must have each column once, got none named LBSTRESU"):
        laboratory_grades(_adlb(), columns=LaboratoryColumns(unit="LBSTRESU"))
    adlb = _adlb()
    adlb.loc[0, "AVAL"] = None
    with pytest.raises(AnalysisError, match="hold a value in each row, got 1 without"):
        laboratory_grades(adlb)
