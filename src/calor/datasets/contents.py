"""What a dataset file holds, in the one form that every format returns.

Text is pandas `str`, missing text is NaN, and an empty text is a missing text (SAS knows no other); trailing blanks
carry no meaning and go. Numbers are float64, missing ones NaN, never infinite. Dates and datetimes are `datetime64[s]`
without a zone. A time of day is its number of seconds after midnight, as SAS stores it. Yes and no are "Y" and "N", not
booleans.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real

import numpy as np
import pandas as pd

from calor.errors import DatasetError


@dataclass(frozen=True)
class Contents:
    """Name, table, and labels of one dataset.

    Attributes:
        name: Dataset name, such as "ADSL".
        frame: The table, in the form this module describes; rows are numbered from 0.
        labels: Label of each column, "" where there is none.
        label: Label of the dataset itself.

    Raises:
        DatasetError: A column is of a kind that ADaM has no place for, or a name is not unique.

    >>> held = Contents("ADSL", pd.DataFrame({"USUBJID": ["01", "02"], "AGE": [61, None], "ARM": ["Placebo ", ""]}))
    >>> held.frame.dtypes.astype(str).to_dict(), int(held.frame["ARM"].isna().sum())
    ({'USUBJID': 'str', 'AGE': 'float64', 'ARM': 'str'}, 1)
    """

    name: str
    frame: pd.DataFrame
    labels: Mapping[str, str] = field(default_factory=dict)
    label: str = ""

    def __post_init__(self) -> None:
        names = list(self.frame.columns)
        twice = sorted({str(c) for c in names if names.count(c) > 1 or not isinstance(c, str) or not c})
        if twice:
            raise DatasetError.must(
                "columns", "have names, each its own", twice, fix="Rename them at the source.", where=self.name
            )
        if stray := sorted(set(self.labels) - set(names)):
            raise DatasetError.must(
                "labels", "name columns of the dataset", stray, fix=f"Columns are {names}.", where=self.name
            )
        columns = {c: _settle(self.frame[c], f"{self.name}.{c}") for c in names}
        frame = pd.DataFrame(columns, index=pd.RangeIndex(len(self.frame)), columns=pd.Index(names, dtype=object))
        object.__setattr__(self, "frame", frame)
        object.__setattr__(self, "labels", {c: self.labels.get(c, "") for c in names})


def is_text(column: pd.Series) -> bool:
    """Tell whether a settled column holds text.

    >>> is_text(pd.Series(["a"], dtype="str")), is_text(pd.Series([1.0]))
    (True, False)
    """
    return isinstance(column.dtype, pd.StringDtype)


def is_date(column: pd.Series) -> bool:
    """Tell whether a settled column holds dates only, no time of day; an ADaM name that ends in DTM is a datetime.

    >>> is_date(pd.Series(pd.to_datetime(["2021-03-01"]), name="ADT"))
    True
    """
    if not pd.api.types.is_datetime64_dtype(column):
        return False
    return not str(column.name).endswith("DTM") and bool((column.dropna() == column.dropna().dt.normalize()).all())


def is_datetime(column: pd.Series) -> bool:
    """Tell whether a settled column holds datetimes with a time of day.

    >>> is_datetime(pd.Series(pd.to_datetime(["2021-03-01 09:30"]), name="ADTM"))
    True
    """
    return bool(pd.api.types.is_datetime64_dtype(column)) and not is_date(column)


def _settle(column: pd.Series, where: str) -> pd.Series:
    """Bring one column into the form this module describes."""
    types = pd.api.types
    if types.is_bool_dtype(column):
        raise _unfit("booleans", where, 'Write "Y" and "N".')
    if types.is_numeric_dtype(column):
        settled = _numbers(column, where)
    elif isinstance(column.dtype, pd.DatetimeTZDtype):
        raise _unfit("datetimes with a time zone", where, "Give local dates and times without a zone.")
    elif types.is_datetime64_dtype(column):
        settled = _datetimes(column, where)
    elif types.is_timedelta64_dtype(column):
        raise _unfit("durations", where, "Give a number and its unit in a column of its own.")
    else:
        settled = _objects(column, where)
    return settled.reset_index(drop=True)


def _objects(column: pd.Series, where: str) -> pd.Series:
    present = column.dropna().astype(object)
    if isinstance(column.dtype, pd.StringDtype):
        return _text(column, where)
    kinds = {_kind(value) for value in present}
    if len(kinds) > 1 or "other" in kinds:
        got = " and ".join(sorted({type(value).__name__ for value in present}))
        raise _unfit(f"values of type {got}", where, "Keep one kind of value in a column.")
    if kinds == {"number"}:
        return _numbers(column, where)
    if kinds == {"date"}:
        return _datetimes(pd.Series(pd.to_datetime(column)), where)
    if kinds == {"time"}:
        return column.map(_seconds_after_midnight, na_action="ignore").astype("float64")
    return _text(column, where)


def _kind(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "other"
    for kind, types in (("text", (str,)), ("date", (dt.date,)), ("time", (dt.time,)), ("number", (Real, Decimal))):
        if isinstance(value, types):
            return kind
    return "other"


def _text(column: pd.Series, where: str) -> pd.Series:
    text = column.astype("object").where(column.notna(), None).astype("str").str.rstrip(" ")
    if text.str.contains("\0", regex=False, na=False).any():
        raise _unfit("a NUL character", where, "Remove it at the source.")
    return text.where(text != "")


def _numbers(column: pd.Series, where: str) -> pd.Series:
    numbers = column.astype("object").where(column.notna(), np.nan).astype("float64")
    if np.isinf(numbers).any():
        raise _unfit("infinite numbers", where, "Leave a value that is not known missing.")
    return numbers + 0.0  # SAS knows no negative zero


def _datetimes(column: pd.Series, where: str) -> pd.Series:
    seconds = column.astype("datetime64[s]")
    if not (seconds.astype(column.dtype) == column)[column.notna()].all():
        raise _unfit("times finer than a second", where, "Round them to seconds.")
    return seconds


def _seconds_after_midnight(time: dt.time) -> float:
    return time.hour * 3600 + time.minute * 60 + time.second + time.microsecond / 1e6


def _unfit(got: str, where: str, fix: str) -> DatasetError:
    return DatasetError.must("column", "hold text, numbers, dates or times", got, fix=fix, where=where)
