"""Values beyond a limit of detection: "<0.2" stays censored and never becomes 0.2 without a flag.

A censored result has its text in `AVALC` ("<0.2") and no number in `AVAL`. What needs numbers calls `numbers`, which
refuses while any value is censored; what can use the limit calls `readings`, which gives it together with its side.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Literal, NamedTuple, TypeVar

import pandas as pd

from calor.datasets.contents import Contents, is_text
from calor.errors import DatasetError

Side = Literal["exact", "below", "above"]
_READING = re.compile(r"\s*(<=?|>=?|)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")
_SIDES: dict[str, Side] = {"": "exact", "<": "below", "<=": "below", ">": "above", ">=": "above"}
AnyContents = TypeVar("AnyContents", bound=Contents)


class Reading(NamedTuple):
    """A number, or the limit that the true value lies below or above."""

    value: float
    side: Side


def parse_reading(text: str) -> Reading | None:
    """Read a laboratory result; None when the text is no result.

    >>> parse_reading("<0.2"), parse_reading("3.1"), parse_reading("hemolyzed")
    (Reading(value=0.2, side='below'), Reading(value=3.1, side='exact'), None)
    """
    found = _READING.fullmatch(text)
    return None if found is None else Reading(float(found[2]), _SIDES[found[1]])


def separate(dataset: AnyContents) -> AnyContents:
    """Separate an `AVAL` of texts into numbers (`AVAL`) and texts (`AVALC`), censored results without a number.

    A dataset whose `AVAL` is numeric already comes back as it is.

    Raises:
        DatasetError: A text of `AVAL` is no result, or disagrees with the `AVALC` beside it.

    >>> held = Contents("ADLB", pd.DataFrame({"USUBJID": ["1", "2"], "AVAL": ["3.1", "<0.2"]}))
    >>> separate(held).frame[["AVAL", "AVALC"]].values.tolist()
    [[3.1, '3.1'], [nan, '<0.2']]
    """
    frame = dataset.frame
    if "AVAL" not in frame or not is_text(frame["AVAL"]):
        return dataset
    text = frame["AVAL"]
    parsed = text.map(parse_reading, na_action="ignore")
    if (bad := text.notna() & parsed.isna()).any():
        got = f"{bad.sum()} others (first in row {bad.tolist().index(True) + 1})"
        raise DatasetError.must(
            "AVAL", 'hold numbers or limits such as "<0.2"', got, fix="Correct them.", where=dataset.name
        )
    if "AVALC" in frame and ((frame["AVALC"] != text) & frame["AVALC"].notna() & text.notna()).any():
        raise DatasetError.must("AVALC", "agree with AVAL", "other texts", fix="Keep one of them.", where=dataset.name)
    exact = parsed.map(lambda reading: reading.value if reading.side == "exact" else None, na_action="ignore")
    separated = frame.assign(AVAL=exact.astype("float64"), AVALC=text)
    labels = {"AVALC": "Analysis Value (C)", **dataset.labels}
    return replace(dataset, frame=separated, labels=labels)


def readings(frame: pd.DataFrame) -> pd.DataFrame:
    """Return value and side of each row of a BDS table; a missing result has neither.

    Returns:
        A table with the rows of `frame`: `value`, the number or the limit, and `side`, "exact", "below" or "above".

    >>> readings(pd.DataFrame({"AVAL": [3.1, None, None], "AVALC": ["3.1", "<0.2", None]})).values.tolist()
    [[3.1, 'exact'], [0.2, 'below'], [nan, nan]]
    """
    value = frame["AVAL"].astype("float64")
    side = pd.Series("exact", index=frame.index, dtype="str").where(value.notna())
    if "AVALC" in frame:
        parsed = frame["AVALC"].astype("str").where(value.isna()).map(parse_reading, na_action="ignore").dropna()
        parsed = parsed[parsed.map(lambda reading: reading.side != "exact")]
        value = value.where(~value.index.isin(parsed.index), parsed.map(lambda r: r.value).reindex(value.index))
        side = side.where(~side.index.isin(parsed.index), parsed.map(lambda r: r.side).reindex(side.index))
    return pd.DataFrame({"value": value.astype("float64"), "side": side.astype("str")})


def numbers(frame: pd.DataFrame) -> pd.Series:
    """Return the numbers of a BDS table, or refuse while any value is censored.

    Raises:
        DatasetError: A value lies beyond a limit of detection, so it has no number.

    >>> numbers(pd.DataFrame({"AVAL": [3.1, None], "AVALC": ["3.1", "<0.2"]}))
    Traceback (most recent call last):
        ...
    calor.errors.DatasetError: `AVAL` must have a number in every row, got 1 value beyond a limit of detection. ...
    """
    found = readings(frame)
    censored = int(found["side"].isin(["below", "above"]).sum())
    if censored:
        got = f"{censored} value{'s' * (censored != 1)} beyond a limit of detection"
        fix = "Use a method for censored values, or one that needs ranks only, on `readings`."
        raise DatasetError.must("AVAL", "have a number in every row", got, fix=fix)
    return found["value"]
