"""What the safety rules find in a participant's data: each rule is a call into the packages below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from calor.analyze.safety.ctcae import Grade, Measurement, grade, grading_rules
from calor.analyze.safety.edish import edish
from calor.protocol.biomarkers import COMPARE, Biomarker
from calor.protocol.protocol import Protocol
from calor.web.study_day import study_day

_SEVERE = 3
_LIVER = ("ALT", "AST", "BILI", "ALP")


@dataclass(frozen=True)
class Taken:
    """One laboratory value with what is needed to judge it.

    Attributes:
        row: The latest version, open or withheld.
        biomarker: The protocol's biomarker.
        place: The visit's label.
        day: Study day.
        secret: Whether it could reveal the arm.
    """

    row: Any
    biomarker: Biomarker
    place: str
    day: int
    secret: bool

    def __str__(self) -> str:
        return f"{self.biomarker.label} {self.row.told} {self.biomarker.unit} at {self.place}"


@dataclass(frozen=True)
class Found:
    """What a rule found.

    Attributes:
        rule: Which.
        key: Of what; the same finding is told once.
        text: In words, with the values.
        action: What the protocol asks for.
        secret: Whether blinded people must not learn it.
    """

    rule: str
    key: str
    text: str
    action: str
    secret: bool


def taken(
    protocol: Protocol, randomized: datetime, days: dict[str, Any], rows: Sequence[tuple[Any, bool]]
) -> list[Taken]:
    """Set values beside their biomarker and day.

    Args:
        protocol: The protocol.
        randomized: When the participant was randomized.
        days: Each visit's date.
        rows: Latest versions, each with whether it is withheld.
    """
    return [
        Taken(row, protocol.biomarker(row.biomarker), protocol.visit(row.visit).label,
              study_day(days[row.visit], randomized), secret)
        for row, secret in rows if days.get(row.visit) is not None
    ]  # fmt: skip


def laboratory_findings(protocol: Protocol, values: Sequence[Taken]) -> Iterator[Found]:
    """Judge values by the protocol's limits, by CTCAE and by the liver rule."""
    for value in values:
        for limit in protocol.safety_limits:
            if limit.level == "participant" and limit.biomarker == value.biomarker.id:
                assert limit.comparator is not None and limit.value is not None  # noqa: S101  (read_protocol checks)
                if COMPARE[limit.comparator](value.row.value, limit.value):
                    key = f"limit {limit.id}/{value.row.visit}"
                    yield Found(limit.id, key, f"{limit.text}: {value}.", f"{limit.action}.", value.secret)
    for value, given in graded(values):
        if (given.grade or given.least) >= _SEVERE:
            key = f"grade {given.term}/{value.row.visit}"
            action = "Record it as an adverse event; the investigator judges it."
            yield Found("grade", key, f"{value}: {given}.", action, value.secret)
    yield from _liver(protocol, values)


def graded(values: Sequence[Taken]) -> Iterator[tuple[Taken, Grade]]:
    """Return the CTCAE grades above 0 of values that have an upper limit of normal, against the value at baseline."""
    known = {rule.analyte for rule in grading_rules()}
    before = {value.biomarker.id: value.row.value for value in sorted(values, key=lambda v: v.day) if value.day <= 1}
    for value in values:
        if value.biomarker.paramcd not in known or value.row.upper is None or value.day <= 1:
            continue
        measured = Measurement(
            value.row.value, value.biomarker.unit, uln=value.row.upper, baseline=before.get(value.biomarker.id)
        )
        yield from ((value, found) for found in grade(value.biomarker.paramcd, measured) if found.grade or found.least)


def _liver(protocol: Protocol, values: Sequence[Taken]) -> Iterator[Found]:
    judged = [v for v in values if v.biomarker.paramcd in _LIVER and v.row.upper is not None and v.day > 1]
    codes = {v.biomarker.paramcd for v in judged}
    if "BILI" not in codes or not codes & {"ALT", "AST"}:
        return
    adlb = pd.DataFrame(
        {
            "USUBJID": "1", "PARAMCD": [v.biomarker.paramcd for v in judged], "ADY": [v.day for v in judged],
            "AVAL": [v.row.value for v in judged], "ANRHI": [v.row.upper for v in judged],
        }
    )  # fmt: skip
    point = edish(adlb, pd.DataFrame({"USUBJID": ["1"], "TRT01A": ["everyone"]})).table.iloc[0]
    peaks = f"peak ALT or AST {point['aminotransferase']:.1f} x ULN, peak bilirubin {point['bilirubin']:.1f} x ULN"
    secret = any(v.secret for v in judged)
    if point["trigger"]:
        action = "Review today for drug-induced liver injury; repeat the tests within 48 hours."
        yield Found("liver", f"liver/{point['trigger_day']}", f"Liver rule met: {peaks}.", action, secret)
    elif "aminotransferase" in point["quadrant"]:
        limit = next((limit for limit in protocol.safety_limits if limit.id == "liver"), None)
        action = f"{limit.action}." if limit else "Repeat the tests within 48 hours."
        yield Found("liver", "liver/aminotransferase", f"ALT or AST high: {peaks}.", action, secret)


def event_findings(event: Any) -> Iterator[Found]:
    """Judge the latest version of an adverse event."""
    if event.criteria:
        action = "Report it to the sponsor within 24 hours of learning of it."
        text = f"Serious adverse event {event.number}: {event.term}."
        yield Found("serious", f"serious/{event.number}", text, action, secret=False)
    if event.infection:
        action = "Look whether dosing goes on; the investigator judges it."
        text = f"Infection, grade {event.grade}: {event.term}."
        yield Found("infection", f"infection/{event.number}/{event.grade}", text, action, secret=False)
