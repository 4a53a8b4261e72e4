"""Datasets as plain values that JSON holds in one form only, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from calor.datasets.contents import is_date, is_datetime, is_text
from calor.datasets.dataset import Dataset

Plain = dict[str, Any]


def to_plain(dataset: Dataset) -> Plain:
    """Return a dataset as plain values.

    >>> to_plain(Dataset("ADSL", pd.DataFrame({"AGE": [61.0, None]}), {"AGE": "Age"}))["columns"]
    {'AGE': {'kind': 'number', 'label': 'Age', 'values': [61.0, None]}}
    """
    columns = {str(name): _column(dataset.frame[name]) for name in dataset.frame}
    for name, column in columns.items():
        column["label"] = dataset.labels[name]
    ordered = {name: {key: column[key] for key in ("kind", "label", "values")} for name, column in columns.items()}
    return {"name": dataset.name, "label": dataset.label, "columns": ordered}


def _column(values: pd.Series) -> Plain:
    if is_date(values) or is_datetime(values):
        kind, told = "date", values.dt.strftime("%Y-%m-%d")
    else:
        kind, told = ("text" if is_text(values) else "number"), values
    return {"kind": kind, "values": told.astype(object).where(told.notna(), None).tolist()}


def from_plain(plain: Mapping[str, Any]) -> Dataset:
    """Return the dataset of plain values.

    >>> frame = pd.DataFrame({"ADT": pd.to_datetime(["2026-03-01", None]).astype("datetime64[s]")})
    >>> made = from_plain(to_plain(Dataset("ADLB", frame, {"ADT": "Date"})))
    >>> made.frame.equals(frame)
    True
    """
    frame = pd.DataFrame({name: _series(column["kind"], column["values"]) for name, column in plain["columns"].items()})
    labels = {name: column["label"] for name, column in plain["columns"].items()}
    return Dataset(plain["name"], frame, labels, plain["label"])


def _series(kind: str, values: list[Any]) -> pd.Series:
    if kind == "date":
        return pd.Series(pd.to_datetime(values, format="%Y-%m-%d"), dtype="datetime64[s]")
    return pd.Series(values, dtype="str" if kind == "text" else "float64")


def written(content: Any) -> str:
    """Write plain values as JSON in one form: what is equal has the same bytes.

    >>> written({"b": 1, "a": [None]})
    '{"a":[null],"b":1}'
    """
    return json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def digest(*parts: str) -> str:
    """Return the SHA-256 over the digests of some texts."""
    each = [hashlib.sha256(part.encode()).hexdigest() for part in parts]
    return hashlib.sha256("\n".join(each).encode()).hexdigest()
