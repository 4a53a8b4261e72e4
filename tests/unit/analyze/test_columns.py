from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.columns import finite_column, need_columns, need_one_row_each, numeric_column
from calor.errors import AnalysisError


def test_a_column_that_is_absent_or_there_twice_is_named() -> None:
    table = pd.DataFrame([[1, 2]], columns=["tbr", "tbr"])
    with pytest.raises(AnalysisError, match="`adpet` must have each column once, got 2 named tbr"):
        need_columns(table, ["tbr"], "adpet")
    with pytest.raises(AnalysisError, match=r"got none named crp\. Its columns are tbr, tbr\."):
        need_columns(table, ["crp"])


def test_a_participant_in_two_rows_is_named() -> None:
    with pytest.raises(AnalysisError, match="got S1 more than once"):
        need_one_row_each(pd.DataFrame({"USUBJID": ["S1", "S2", "S1"]}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1.5", "high"], "`x` must be numeric, got .* values at row S2"),
        (["101", "102"], "`x` must be numeric"),  # text of digits is as like a site as a measurement
        (pd.to_datetime(["2021-03-01", "2021-03-02"]), "`x` must be numeric, got datetime64"),
        (pd.Categorical(["low", "high"]), "`x` must be numeric, got category values"),
        ([1 + 2j, 3j], "`x` must be numeric, got complex128 values"),
    ],
)
def test_what_is_no_number_is_refused(values: list[object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        numeric_column(pd.DataFrame({"x": values}, index=["S1", "S2"]), "x")


def test_numbers_are_read_whatever_holds_them() -> None:
    for values in ([1, None], pd.array([1, None], dtype="Int64"), pd.Series([1, None], dtype=object), [True, None]):
        np.testing.assert_array_equal(numeric_column(pd.DataFrame({"x": values}), "x"), [1.0, np.nan])


@pytest.mark.parametrize(("value", "got"), [(np.nan, "a missing value"), (np.inf, "inf"), (1e300, "1e[+]300")])
def test_a_value_that_cannot_be_computed_with_is_named_with_its_row(value: float, got: str) -> None:
    with pytest.raises(AnalysisError, match=f"`x` must be finite, got {got} at row S2"):
        finite_column(pd.DataFrame({"x": [1.0, value]}, index=["S1", "S2"]), "x")
