"""What a rule is, what it is given, and what it finds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from calor.datasets.contents import Contents
from calor.protocol import Protocol
from calor.protocol.biomarkers import Biomarker
from calor.protocol.endpoints import RecurrentEventsEndpoint

AdamClass = Literal["ADSL", "BDS", "TTE", "OCCDS", "other"]


@dataclass(frozen=True)
class Problem:
    """One value that breaks one rule.

    Attributes:
        dataset: Dataset, by its file stem.
        row: Row of the table, counted from 1; None where the problem is of the whole dataset.
        subject: USUBJID, "" where there is none.
        column: Column.
        value: What stands there.
        rule: The rule, in words.
    """

    dataset: str
    row: int | None
    subject: str
    column: str
    value: str
    rule: str


@dataclass(frozen=True)
class Found:
    """Where a rule is broken: rows of one dataset and column, or (without rows) the dataset as a whole."""

    dataset: str
    column: str
    rows: pd.Series | None = None
    value: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule: its name, its words, and what finds where it is broken."""

    name: str
    words: str
    find: Callable[[Given], Iterator[Found]]

    def problems(self, given: Given) -> Iterator[Problem]:
        """Yield everything that breaks the rule."""
        for found in self.find(given):
            if found.rows is None:
                yield Problem(found.dataset, None, "", found.column, found.value, self.words)
                continue
            frame = given.frame(found.dataset)
            for row in frame.index[found.rows.fillna(False).astype(bool)]:
                subject = frame.loc[row, "USUBJID"] if "USUBJID" in frame else ""
                value = frame.loc[row, found.column]
                yield Problem(
                    found.dataset, row + 1, _written(subject), found.column, found.value or _written(value), self.words
                )


@dataclass(frozen=True)
class Given:
    """What rules look at.

    Attributes:
        datasets: Datasets by file stem.
        protocol: The trial as written.
        today: No date of the data may lie after it.
    """

    datasets: Mapping[str, Contents]
    protocol: Protocol
    today: dt.date

    def frame(self, name: str) -> pd.DataFrame:
        """Return the table of a dataset."""
        return self.datasets[name].frame

    def frames(self, *classes: AdamClass) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield the datasets of these classes (all without one) with their names."""
        for name in self.datasets:
            if not classes or self.class_of(name) in classes:
                yield name, self.frame(name)

    def class_of(self, name: str) -> AdamClass:
        """Tell a dataset's class by the endpoint that the protocol takes from it, else by its name and columns."""
        by_kind: dict[str, AdamClass] = {
            "continuous": "BDS",
            "binary": "BDS",
            "time_to_event": "TTE",
            "recurrent_events": "OCCDS",
            "adverse_events": "OCCDS",
            "laboratory": "BDS",
        }
        for endpoint in self.protocol.dataset_endpoints:
            if endpoint.dataset == name:
                recurrent = isinstance(endpoint, RecurrentEventsEndpoint) and endpoint.paramcd is not None
                return "TTE" if recurrent else by_kind[endpoint.kind]
        if name in ("adsl", "adae"):
            return "ADSL" if name == "adsl" else "OCCDS"
        columns = set(self.frame(name).columns)
        if "PARAMCD" in columns or name in ("adlb", "adpet", "advs", "adtte"):
            return "TTE" if "CNSR" in columns or name == "adtte" else "BDS"
        return "other"

    def of_subject(self, frame: pd.DataFrame, *columns: str) -> pd.Series | None:
        """Return for each row the first of these columns that ADSL has, or None where it has none of them."""
        adsl = self.datasets["adsl"].frame if "adsl" in self.datasets else pd.DataFrame()
        if "USUBJID" not in adsl or "USUBJID" not in frame:
            return None
        for column in columns:
            if column in adsl:
                values = adsl.dropna(subset="USUBJID").drop_duplicates("USUBJID").set_index("USUBJID")[column]
                return frame["USUBJID"].map(values)
        return None

    def biomarkers(self) -> Iterator[tuple[str, pd.DataFrame, pd.Series, Biomarker]]:
        """Yield each biomarker where it occurs: dataset, its table, its rows, and the biomarker."""
        for name, frame in self.frames("BDS"):
            for biomarker in self.protocol.biomarkers:
                if {"PARAMCD", "AVAL"} <= set(frame.columns):
                    rows = frame["PARAMCD"] == biomarker.paramcd
                    if rows.any():
                        yield name, frame, rows, biomarker


def _written(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat() if value == value.normalize() else value.isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value)
