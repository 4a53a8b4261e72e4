"""What the oracle knows of one person: rows up to the day of screening, read one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from calor.screen.rules import Rules

Row = Mapping[str, Any]
Roles = Mapping[int, Sequence[tuple[str, bool]]]
"""The sets that a concept belongs to, each with whether it belongs for certain."""
UnitFactor = Callable[[str, int, str], float | None]
"""Factor of a recorded unit (set, concept, text) to the unit in which the set is compared."""

NEVER_ENDS = float("inf")
_SIGN = r"\s*([<>]=?)\s*"


@dataclass(frozen=True)
class OracleAnswer:
    """One answer: met, not met (False) or undetermined (None), with what it rests on."""

    met: bool | None
    value: float | None = None
    day: date | None = None
    row: int | None = None
    distance: float | None = None
    changes: date | None = None


@dataclass(frozen=True)
class Event:
    """A condition or observation of a set."""

    role: str
    row: int
    start: date
    stop: date


@dataclass(frozen=True)
class Drug:
    """An exposure to a drug of a set; no stop where its end is unknown."""

    role: str
    certain: bool
    row: int
    start: date
    stop: date | None


@dataclass(frozen=True)
class Result:
    """A laboratory result as the interval in which its true value lies."""

    role: str
    row: int
    day: date
    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Chart:
    """One person's rows up to the day of screening."""

    person: Row
    deaths: list[date | None]
    events: list[Event]
    drugs: list[Drug]
    results: list[Result]


def chart_of(
    person: Row, tables: Mapping[str, Iterable[Row]], rules: Rules, roles: Roles, unit_factor: UnitFactor
) -> Chart:
    """Gather a person's rows up to the day of screening.

    >>> from calor.screen.example import example_rules
    >>> person = {"person_id": 1, "year_of_birth": 1960}
    >>> row = {"measurement_id": 1, "person_id": 1, "measurement_concept_id": 8, "measurement_date": date(2026, 5, 1)}
    >>> tables = {"measurement": [row | {"value_as_number": None, "value_source_value": "<0.2"}]}
    >>> chart = chart_of(person, tables, example_rules(), {8: [("hscrp", True)]}, lambda *_: 1.0)
    >>> chart.results[0].value, chart.results[0].high < 0.2
    (0.2, True)
    """
    me, today = person["person_id"], rules.as_of

    def mine(name: str, day: str) -> list[Row]:
        return [
            row for row in tables.get(name, ()) if row["person_id"] == me and row[day] is not None and row[day] <= today
        ]

    events = [
        Event(
            role,
            row["condition_occurrence_id"],
            row["condition_start_date"],
            row.get("condition_end_date") or row["condition_start_date"],
        )
        for row in mine("condition_occurrence", "condition_start_date")
        for role, _ in roles.get(row["condition_concept_id"], ())
    ] + [
        Event(role, row["observation_id"], row["observation_date"], row["observation_date"])
        for row in mine("observation", "observation_date")
        for role, _ in roles.get(row["observation_concept_id"], ())
    ]
    drugs = [
        Drug(role, certain, row["drug_exposure_id"], row["drug_exposure_start_date"], _stop(row))
        for row in mine("drug_exposure", "drug_exposure_start_date")
        for role, certain in roles.get(row["drug_concept_id"], ())
    ]
    results = [
        _interval(role, row, unit_factor)
        for row in mine("measurement", "measurement_date")
        for role, _ in roles.get(row["measurement_concept_id"], ())
    ]
    deaths = [row["death_date"] for row in tables.get("death", ()) if row["person_id"] == me]
    return Chart(person, deaths, events, drugs, results)


def _stop(row: Row) -> date | None:
    if row.get("drug_exposure_end_date") is not None:
        stop: date = row["drug_exposure_end_date"]
        return stop
    supply = row.get("days_supply")
    start: date = row["drug_exposure_start_date"]
    return None if supply is None else start + timedelta(int(supply))


def _interval(role: str, row: Row, unit_factor: UnitFactor) -> Result:
    """Read a result as the interval in which its true value lies."""
    sign = {4171756: "<", 4171754: "<=", 4171755: ">=", 4172704: ">"}.get(row.get("operator_concept_id") or 0)
    text = row.get("value_source_value") or ""
    written = re.match(_SIGN + "[0-9]", text, re.ASCII)
    censored = re.fullmatch(_SIGN + r"([0-9]+(?:\.[0-9]+)?)\s*", text, re.ASCII)
    number = row["value_as_number"]
    if number is None and censored:
        number = float(censored[2])
    sign = sign or (written[1] if written else "=")
    unit = unit_factor(role, row.get("unit_concept_id") or 0, row.get("unit_source_value") or "")
    unreadable = Result(role, row["measurement_id"], row["measurement_date"], None, 0.0, NEVER_ENDS)
    if number is None or unit is None:
        return unreadable
    value = round(float(number) * unit, 9)
    if not 0 <= value < NEVER_ENDS:  # neither is what is no number at all
        return unreadable
    low = {"<": 0.0, "<=": 0.0, ">": value + 1e-9}.get(sign, value)
    high = {">": NEVER_ENDS, ">=": NEVER_ENDS, "<": value - 1e-9}.get(sign, value)
    return Result(role, row["measurement_id"], row["measurement_date"], value, low, high)


def whole(result: Result, passes: Callable[[float], bool]) -> bool | None:
    """Say whether all of a result's interval passes, none of it, or some.

    >>> result = Result("hscrp", 1, date(2026, 1, 1), 5.0, 0.0, 5.0)  # below 5
    >>> whole(result, lambda value: value >= 2) is None
    True
    """
    ends = {passes(result.low), passes(result.high)}
    return ends.pop() if len(ends) == 1 else None
