"""The door of every analysis: the table has its columns once, and a column of numbers holds numbers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from calor.errors import AnalysisError

_LARGEST = 1e100  # beyond this, squares and sums of squares overflow and a result would be no number


def need_columns(table: pd.DataFrame, columns: Iterable[str], argument: str = "table") -> None:
    """Refuse a table that lacks a column, or has it twice.

    Raises:
        AnalysisError: As it says.

    >>> need_columns(pd.DataFrame({"days": [1.0]}), ["days"])
    """
    for column in columns:
        times = list(table.columns).count(column)
        if times != 1:
            have = ", ".join(str(c) for c in table.columns)
            got = f"{times or 'none'} named {column}"
            raise AnalysisError.must(argument, "have each column once", got, fix=f"Its columns are {have}.")


def need_one_row_each(table: pd.DataFrame) -> None:
    """Refuse a table that holds a participant (`USUBJID`) twice.

    Raises:
        AnalysisError: As it says.

    >>> need_one_row_each(pd.DataFrame({"USUBJID": ["S1", "S2"]}))
    """
    if "USUBJID" in table.columns and table["USUBJID"].duplicated().any():
        twice = table.loc[table["USUBJID"].duplicated(), "USUBJID"].iloc[0]
        raise AnalysisError.must(
            "table", "hold one row per participant", f"{twice} more than once", fix="Select one visit."
        )


def numeric_column(table: pd.DataFrame, column: str) -> Float[np.ndarray, " row"]:
    """Return a column as floats, NaN where it is missing.

    Raises:
        AnalysisError: It holds text, categories, dates or durations.

    >>> numeric_column(pd.DataFrame({"base": [1, None]}), "base")
    array([ 1., nan])
    """
    there = table[column].notna().to_numpy()
    known = table[column][there].infer_objects()
    values = np.full(len(there), np.nan)
    if known.empty or (pd.api.types.is_numeric_dtype(known) and known.dtype.kind != "c"):
        values[there] = known
        return values
    words = there & pd.to_numeric(table[column].astype(object), errors="coerce").isna().to_numpy()
    where = named_rows(table, words) if 0 < words.sum() < len(words) else ""
    fix = "Convert text; name it among the factors if it is categorical; give a time as study days."
    raise AnalysisError.must(column, "be numeric", f"{known.dtype} values", where=where, fix=fix)


def finite_column(table: pd.DataFrame, column: str) -> Float[np.ndarray, " row"]:
    """Return a column as finite floats, or refuse it and name the rows.

    Raises:
        AnalysisError: It is not numeric, or a value is missing, infinite or too large to compute with.

    >>> finite_column(pd.DataFrame({"days": [1, 2]}), "days")
    array([1., 2.])
    """
    values = numeric_column(table, column)
    bad = ~is_finite(values)
    if bad.any():
        first = values[bad][0]
        got = "a missing value" if np.isnan(first) else first
        refuse_rows(table, bad, column, "be finite", "Correct, complete or remove it.", got=got)
    return values


def is_finite(values: Float[np.ndarray, "*any"]) -> Bool[np.ndarray, "*any"]:
    """Say which values are numbers small enough to be squared and summed.

    >>> is_finite(np.array([1.0, np.nan, 1e300]))
    array([ True, False, False])
    """
    return np.asarray(np.abs(values) < _LARGEST)


def refuse_rows(
    table: pd.DataFrame,
    bad: Bool[np.ndarray, " row"],
    argument: str,
    rule: str,
    fix: str,
    *,
    got: object = "another value",
) -> None:
    """Raise an error that names the rows where `bad` is true, if there are any; their values stay private.

    Raises:
        AnalysisError: `argument` breaks `rule` in a row.

    >>> refuse_rows(pd.DataFrame({"days": [1, 2]}), np.array([False, False]), "days", "be above zero", "Correct it.")
    """
    if not bad.any():
        return
    raise AnalysisError.must(argument, rule, got, where=named_rows(table, bad), fix=fix)


def named_rows(table: pd.DataFrame, which: Bool[np.ndarray, " row"]) -> str:
    """Name rows by the labels of the table, the first few of many.

    >>> named_rows(pd.DataFrame({"days": [1, 2]}, index=["S1", "S2"]), np.array([True, True]))
    'rows S1, S2'
    """
    rows = [str(label) for label in table.index[which]]
    shown = ", ".join(rows[:8]) + (f" and {len(rows) - 8} more" if len(rows) > 8 else "")
    return f"{'rows' if len(rows) > 1 else 'row'} {shown}"
