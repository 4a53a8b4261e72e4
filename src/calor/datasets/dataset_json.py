"""CDISC Dataset-JSON 1.1, and its NDJSON form (one line of metadata, then one line a row).

Reference: CDISC Data Exchange Standards Team, Dataset-JSON Specification, version 1.1, 2024.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calor.datasets.contents import Contents, is_date, is_datetime, is_text
from calor.errors import DatasetError

_NUMBERS = {"integer", "float", "double", "decimal"}
_DATES = {"date": "E8601DA.", "datetime": "E8601DT."}
_TEXTS = {"string", "URI", *_DATES, "time"}  # without a targetDataType, a date is ISO 8601 text (SDTM's --DTC)
_REQUIRED = ("datasetJSONVersion", "name", "records", "columns")


def read_dataset_json(path: Path) -> Contents:
    """Read a Dataset-JSON file, `.json` or `.ndjson`.

    Raises:
        DatasetError: The file is no Dataset-JSON 1.1, its rows do not fit its columns, or it says to hold more records.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "adsl.json"
    >>> write_dataset_json(Contents("ADSL", pd.DataFrame({"AGE": [61.0]}), {"AGE": "Age"}), path)
    >>> read_dataset_json(path).frame["AGE"].tolist()
    [61.0]
    """
    about, rows = _parse(path)
    if missing := [key for key in _REQUIRED if key not in about]:
        raise _unfit(f"no {', '.join(missing)}", path)
    if not str(about["datasetJSONVersion"]).startswith("1.1"):
        raise _unfit(f"version {about['datasetJSONVersion']}", path)
    columns = about["columns"]
    uneven = [number for number, row in enumerate(rows, 1) if not isinstance(row, list) or len(row) != len(columns)]
    if uneven or about["records"] != len(rows):
        raise _unfit(f"{len(rows)} rows for {about['records']} records, uneven rows {uneven[:5]}", path)
    frame = pd.DataFrame(
        {column["name"]: _column(column, [row[i] for row in rows], path) for i, column in enumerate(columns)},
        index=pd.RangeIndex(len(rows)),
    )
    labels = {column["name"]: column.get("label", "") for column in columns}
    return Contents(about["name"], frame, labels, about.get("label", ""))


def _parse(path: Path) -> tuple[dict[str, Any], list[Any]]:
    """Return the metadata and the rows of either form."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() == ".ndjson":
            about, *rows = [json.loads(line) for line in text.split("\n") if line.strip()]
        else:
            about = json.loads(text)
            rows = about.get("rows", [])
    except (ValueError, AttributeError) as error:
        raise _unfit(str(error), path) from None
    if not isinstance(about, dict) or not isinstance(rows, list):
        raise _unfit("another structure", path)
    return about, rows


def _column(about: dict[str, Any], values: list[Any], path: Path) -> pd.Series:
    """Turn one column's JSON values into the kind its metadata name."""
    name, kind, target = about["name"], about["dataType"], about.get("targetDataType")
    column = pd.Series(values, dtype=object, name=name)
    try:
        if kind in _NUMBERS:
            return column.where(column.notna(), np.nan).astype("float64")
        if target == "integer" and kind in _DATES:
            return pd.to_datetime(column, format="ISO8601").astype("datetime64[s]")
        if target == "integer" and kind == "time":
            return pd.to_timedelta(column).dt.total_seconds()
    except (ValueError, TypeError) as error:
        raise _unfit(f"values of {name} that are no {kind} ({error})", path) from None
    if kind not in _TEXTS or not column.dropna().map(lambda value: isinstance(value, str)).all():
        raise _unfit(f"values of {name} that are no text, for dataType {kind}", path)
    return column.astype("str")


def write_dataset_json(contents: Contents, path: Path, *, at: dt.datetime | None = None) -> None:
    """Write a Dataset-JSON 1.1 file, `.json` or `.ndjson` by its suffix.

    Args:
        contents: What is written.
        path: Where.
        at: When it is made, in UTC; now where it is left out.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "adsl.ndjson"
    >>> write_dataset_json(Contents("ADSL", pd.DataFrame({"AGE": [61.0]})), path)
    >>> path.read_text().splitlines()[1]
    '[61.0]'
    """
    about = {
        "datasetJSONCreationDateTime": (at or dt.datetime.now(dt.UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "datasetJSONVersion": "1.1.0",
        "itemGroupOID": f"IG.{contents.name}",
        "records": len(contents.frame),
        "name": contents.name,
        "label": contents.label,
        "columns": [_metadata(contents, name) for name in contents.frame.columns],
    }
    rows = list(_rows(contents.frame))
    if path.suffix.lower() == ".ndjson":
        lines = [_json(about), *map(_json, rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        path.write_text(_json({**about, "rows": rows}), encoding="utf-8")


def _metadata(contents: Contents, name: str) -> dict[str, Any]:
    column = contents.frame[name]
    about: dict[str, Any] = {"itemOID": f"IT.{contents.name}.{name}", "name": name, "label": contents.labels[name]}
    if is_text(column):
        longest = column.dropna().str.len().max()
        return {**about, "dataType": "string", "length": 1 if pd.isna(longest) else int(longest)}
    if is_date(column) or is_datetime(column):
        kind = "date" if is_date(column) else "datetime"
        return {**about, "dataType": kind, "targetDataType": "integer", "displayFormat": _DATES[kind]}
    return {**about, "dataType": "double"}


def _rows(frame: pd.DataFrame) -> Iterator[list[Any]]:
    columns = []
    for name in frame.columns:
        column = frame[name]
        if is_date(column):
            column = column.dt.strftime("%Y-%m-%d")
        elif is_datetime(column):
            column = column.dt.strftime("%Y-%m-%dT%H:%M:%S")
        columns.append(column.astype(object).where(column.notna(), None).tolist())
    return (list(row) for row in zip(*columns, strict=True))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _unfit(got: str, path: Path) -> DatasetError:
    return DatasetError.must("file", "be Dataset-JSON 1.1", got, fix="Export it again.", where=path.name)
