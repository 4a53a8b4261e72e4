"""The slow, obvious engine: one candidate at a time, in plain Python, straight from the rules' words.

It is the reference for every other engine and shares with them only the concepts' membership and the units' factors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from calor.protocol.biomarkers import COMPARE, Gate
from calor.protocol.screening import (
    AgeCriterion,
    AliveCriterion,
    DrugAbsentCriterion,
    DrugCoveredCriterion,
    EventAbsentCriterion,
    GateCriterion,
    InfarctionCriterion,
    LatestLabCriterion,
    ScreeningCriterion,
)
from calor.screen.rules import Rules

Row = Mapping[str, Any]
Roles = Mapping[int, Sequence[tuple[str, bool]]]
"""The sets that a concept belongs to, each with whether it belongs for certain."""
UnitFactor = Callable[[str, int, str], float | None]
"""Factor of a recorded unit (set, concept, text) to the unit in which the set is compared."""

NEVER_ENDS = float("inf")


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
class OracleVerdict:
    """What the rules say about one person."""

    status: Literal["eligible", "ineligible", "undetermined", "not in base"]
    answers: Mapping[str, OracleAnswer]


@dataclass(frozen=True)
class _Event:
    role: str
    row: int
    start: date
    stop: date


@dataclass(frozen=True)
class _Drug:
    role: str
    certain: bool
    row: int
    start: date
    stop: date | None


@dataclass(frozen=True)
class _Result:
    role: str
    row: int
    day: date
    value: float | None
    low: float
    high: float


@dataclass(frozen=True)
class _Chart:
    """One person's rows up to the day of screening."""

    person: Row
    deaths: list[date | None]
    events: list[_Event]
    drugs: list[_Drug]
    results: list[_Result]


def judge(
    tables: Mapping[str, Iterable[Row]], rules: Rules, roles: Roles, unit_factor: UnitFactor
) -> dict[int, OracleVerdict]:
    """Judge every person of some records.

    Args:
        tables: OMOP tables by name, as rows.
        rules: What is asked.
        roles: The sets of each concept.
        unit_factor: Factors of recorded units.
    """
    return {
        person["person_id"]: _verdict(_chart(person, tables, rules, roles, unit_factor), rules)
        for person in tables["person"]
    }


def _verdict(chart: _Chart, rules: Rules) -> OracleVerdict:
    index = _index(chart, rules)
    if index is None:
        return OracleVerdict("not in base", {})
    answers = {rule.id: _answer(chart, rule, rules, index) for rule in rules.screening.criteria}
    mets = [answer.met for answer in answers.values()]
    if False in mets:
        return OracleVerdict("ineligible", answers)
    return OracleVerdict("undetermined" if None in mets else "eligible", answers)


def _index(chart: _Chart, rules: Rules) -> _Event | None:
    infarctions = [event for event in chart.events if event.role == rules.screening.infarction]
    return max(infarctions, key=lambda event: (event.start, -event.row), default=None)


def _answer(chart: _Chart, rule: ScreeningCriterion, rules: Rules, index: _Event) -> OracleAnswer:
    today = rules.as_of
    match rule:
        case InfarctionCriterion():
            return _infarction(index, rule, today)
        case AgeCriterion():
            return _age(chart.person, rule, today)
        case AliveCriterion():
            return _alive(chart.deaths, today)
        case DrugCoveredCriterion():
            return _covered(chart.drugs, rule, today)
        case DrugAbsentCriterion():
            return _drug_absent(chart.drugs, rule, today)
        case EventAbsentCriterion():
            return _event_absent(chart.events, rule, today)
        case LatestLabCriterion():
            return _latest(chart.results, rule, today)
        case GateCriterion():
            if rules.gate is None:
                raise AssertionError
            return _gate(chart, rule, rules.gate, today, index)


def _infarction(index: _Event, rule: InfarctionCriterion, today: date) -> OracleAnswer:
    since = (today - index.start).days
    first, last = rule.days
    changes = None
    if since < first:
        changes = index.start + timedelta(first)
    elif since <= last:
        changes = index.start + timedelta(last + 1)
    return OracleAnswer(first <= since <= last, since, index.start, index.row, last - since, changes)


def _age(person: Row, rule: AgeCriterion, today: date) -> OracleAnswer:
    year, month, day = person["year_of_birth"], person.get("month_of_birth"), person.get("day_of_birth")
    if year is None:
        return OracleAnswer(None)
    if rule.by == "year":
        month, day = 1, 1
    months = [month] if month else list(range(1, 13))
    days = [day] if day else list(range(1, 32))
    ages = {today.year - year - ((m, d) > (today.month, today.day)) for m in months for d in days}
    fits = {age >= rule.at_least and (rule.at_most is None or age <= rule.at_most) for age in ages}
    met = fits.pop() if len(fits) == 1 else None
    changes = None
    if month and day and max(ages) < rule.at_least:
        changes = _birthday(year + rule.at_least, month, day)
    elif month and day and met and rule.at_most is not None:
        changes = _birthday(year + rule.at_most + 1, month, day)
    return OracleAnswer(met, max(ages), None, None, max(ages) - rule.at_least, changes)


def _birthday(year: int, month: int, day: int) -> date:
    return date(year, month, 1) + timedelta(day - 1)


def _alive(deaths: list[date | None], today: date) -> OracleAnswer:
    dated = [day for day in deaths if day is not None]
    first = min(dated, default=None)
    if first is not None and first <= today:
        return OracleAnswer(False, day=first)
    return OracleAnswer(None if None in deaths else True, day=first)


def _covered(drugs: list[_Drug], rule: DrugCoveredCriterion, today: date) -> OracleAnswer:
    mine = [drug for drug in drugs if drug.role == rule.drug]
    since = today - timedelta(rule.grace_days)
    ended = [drug for drug in mine if drug.stop is not None and drug.certain]
    last = max(ended, key=lambda drug: (drug.stop, -drug.row), default=None)
    met: bool | None = any(drug.stop >= since for drug in ended if drug.stop)
    if not met and any(drug.stop is None or drug.stop >= since for drug in mine):
        met = None
    if last is None or last.stop is None:
        return OracleAnswer(met)
    changes = last.stop + timedelta(rule.grace_days + 1) if met else None
    left = (last.stop - today).days
    return OracleAnswer(met, left, last.stop, last.row, left + rule.grace_days, changes)


def _drug_absent(drugs: list[_Drug], rule: DrugAbsentCriterion, today: date) -> OracleAnswer:
    mine = [drug for drug in drugs if drug.role == rule.drug]
    since = today - timedelta(rule.within_days)
    taken = any((drug.stop or drug.start) >= since for drug in mine if drug.certain)
    perhaps = any(drug.stop is None or drug.stop >= since for drug in mine)
    met = False if taken else None if perhaps else True
    stops = [drug.stop for drug in mine if drug.stop is not None]
    if not stops:
        return OracleAnswer(met)
    stop = max(stops)
    certain = [drug for drug in mine if drug.certain and drug.stop is not None]
    row = max(certain, key=lambda drug: (drug.stop, -drug.row)).row if certain else None
    ago = (today - stop).days
    changes = stop + timedelta(rule.within_days + 1) if taken else None
    return OracleAnswer(met, ago, stop, row, ago - rule.within_days - 1, changes)


def _event_absent(events: list[_Event], rule: EventAbsentCriterion, today: date) -> OracleAnswer:
    mine = [event for event in events if event.role == rule.event]
    if not mine:
        return OracleAnswer(True)
    last = max(mine, key=lambda event: (event.stop, -event.row))
    ago = (today - last.stop).days
    if rule.within_days is None:
        return OracleAnswer(False, ago, last.stop, last.row)
    found = ago <= rule.within_days
    changes = last.stop + timedelta(rule.within_days + 1) if found else None
    return OracleAnswer(not found, ago, last.stop, last.row, ago - rule.within_days - 1, changes)


def _latest(results: list[_Result], rule: LatestLabCriterion, today: date) -> OracleAnswer:
    mine = [r for r in results if r.role == rule.lab and (today - r.day).days <= rule.within_days]
    if not mine:
        return OracleAnswer(None, changes=today)
    day = max(result.day for result in mine)
    latest = [result for result in mine if result.day == day]
    passes = COMPARE[rule.comparator]
    fits = [_whole(result, lambda x: passes(x, rule.cutoff)) for result in latest]
    met = False if False in fits else None if None in fits else True
    values = [result.value for result in latest if result.value is not None]
    worst = (max if rule.comparator in {"<", "<="} else min)(values) if values else None
    changes = day + timedelta(rule.within_days + 1) if met else today
    distance = None if worst is None else worst - rule.cutoff
    return OracleAnswer(met, worst, day, min(result.row for result in latest), distance, changes)


def _whole(result: _Result, passes: Callable[[float], bool]) -> bool | None:
    """Say whether all of a result's interval passes, none of it, or some."""
    ends = {passes(result.low), passes(result.high)}
    return ends.pop() if len(ends) == 1 else None


def _gate(chart: _Chart, rule: GateCriterion, gate: Gate, today: date, index: _Event) -> OracleAnswer:
    anchor = index.start if gate.window_from == "infarction" else today
    opens, closes = anchor + timedelta(gate.window[0]), anchor + timedelta(gate.window[1])
    if rule.run_in_drug is not None:
        began = [d.start for d in chart.drugs if d.role == rule.run_in_drug and d.start >= index.start]
        if not began:
            return OracleAnswer(False)
        opens = max(opens, min(began) + timedelta(rule.run_in_days))
    timed = [r for r in chart.results if opens <= r.day <= closes]
    tests = _tests([r for r in timed if r.role == rule.lab], chart.events, gate)
    other = _tests([r for r in timed if r.role == rule.stand_in], chart.events, gate)
    if rule.pattern == "last":
        fell = max((day for day, (state, *_) in tests.items() if state is False), default=date.min)
        tests = {day: test for day, test in tests.items() if day >= fell}
        other = {day: test for day, test in other.items() if day >= fell}
    passed = sorted(day for day, (state, *_) in tests.items() if state is True)
    perhaps = sorted(day for day, (state, *_) in tests.items() if state is not False)
    instead = sorted(day for day, (state, *_) in other.items() if state is not False)
    met: bool | None = _enough(passed, gate)
    could = _enough(perhaps, gate) or (not tests and _enough(instead, gate))
    spoilt = rule.pattern == "all" and any(state is False for state, *_ in tests.values())
    if spoilt:
        met, could = False, False
    if not met and could:
        met = None
    read = [day for day, (state, *_) in tests.items() if state is not None]
    changes = None if met or spoilt else _completed(passed, gate, max(today, opens), closes)
    if not read:
        return OracleAnswer(met, changes=changes)
    _, value, row = tests[max(read)]
    return OracleAnswer(met, value, max(read), row, value - gate.cutoff, changes)


def _enough(days: list[date], gate: Gate) -> bool:
    apart = gate.least_interval_days if gate.tests > 1 else 0
    return len(days) >= gate.tests and (days[-1] - days[0]).days >= apart


def _completed(passed: list[date], gate: Gate, earliest: date, closes: date) -> date | None:
    """Add passing tests, one a day from the earliest day, until the gate is complete."""
    days, day = list(passed), earliest
    if passed:
        day = max(day, passed[-1] + timedelta(1))
    while day <= closes:
        if _enough([*days, day], gate):
            return day
        if len(days) < gate.tests - 1:
            days.append(day)
        day += timedelta(1)
    return None


def _tests(
    results: list[_Result], events: list[_Event], gate: Gate
) -> dict[date, tuple[bool | None, float, int | None]]:
    """Make one test of each day's results: passed, not, or perhaps; with its value and row."""
    tests: dict[date, tuple[bool | None, float, int | None]] = {}
    for day in {result.day for result in results}:
        todays = [r for r in results if r.day == day]
        states = {r: _state(r, events, gate) for r in todays}
        state = False if False in states.values() else True if True in states.values() else None
        read = [r for r in todays if _counts(r, events, gate) and r.value is not None]
        worst = (min if gate.comparator in {">=", ">"} else max)(
            (r.value for r in read if r.value is not None), default=0.0
        )
        tests[day] = (state, worst, min((r.row for r in read), default=None))
    return tests


def _state(result: _Result, events: list[_Event], gate: Gate) -> bool | None:
    if _is_set_aside(result, events, gate):
        return None
    state = _whole(result, gate.passes)
    return state if state is False or _counts(result, events, gate) else None


def _counts(result: _Result, events: list[_Event], gate: Gate) -> bool:
    """Say whether a result surely counts: it can be read and is surely not set aside."""
    acute = any(rule.above is not None and result.high > rule.above for rule in gate.set_aside)
    return result.value is not None and not acute and not _is_set_aside(result, events, gate)


def _is_set_aside(result: _Result, events: list[_Event], gate: Gate) -> bool:
    for rule in gate.set_aside:
        if rule.above is not None and result.low > rule.above:
            return True
        near = timedelta(rule.days or 0)
        if rule.within_days_of is not None and any(
            event.role == rule.within_days_of and event.start - near <= result.day <= event.stop + near
            for event in events
        ):
            return True
    return False


def _chart(
    person: Row, tables: Mapping[str, Iterable[Row]], rules: Rules, roles: Roles, unit_factor: UnitFactor
) -> _Chart:
    me, today = person["person_id"], rules.as_of

    def mine(name: str, day: str) -> list[Row]:
        return [
            row for row in tables.get(name, ()) if row["person_id"] == me and row[day] is not None and row[day] <= today
        ]

    events = [
        _Event(
            role,
            row["condition_occurrence_id"],
            row["condition_start_date"],
            row.get("condition_end_date") or row["condition_start_date"],
        )
        for row in mine("condition_occurrence", "condition_start_date")
        for role, _ in roles.get(row["condition_concept_id"], ())
    ] + [
        _Event(role, row["observation_id"], row["observation_date"], row["observation_date"])
        for row in mine("observation", "observation_date")
        for role, _ in roles.get(row["observation_concept_id"], ())
    ]
    drugs = [
        _Drug(role, certain, row["drug_exposure_id"], row["drug_exposure_start_date"], _stop(row))
        for row in mine("drug_exposure", "drug_exposure_start_date")
        for role, certain in roles.get(row["drug_concept_id"], ())
    ]
    results = [
        _interval(role, row, unit_factor)
        for row in mine("measurement", "measurement_date")
        for role, _ in roles.get(row["measurement_concept_id"], ())
    ]
    deaths = [row["death_date"] for row in tables.get("death", ()) if row["person_id"] == me]
    return _Chart(person, deaths, events, drugs, results)


def _stop(row: Row) -> date | None:
    if row.get("drug_exposure_end_date") is not None:
        stop: date = row["drug_exposure_end_date"]
        return stop
    supply = row.get("days_supply")
    start: date = row["drug_exposure_start_date"]
    return None if supply is None else start + timedelta(int(supply))


def _interval(role: str, row: Row, unit_factor: UnitFactor) -> _Result:
    """Read a result as the interval in which its true value lies."""
    sign = {4171756: "<", 4171754: "<=", 4171755: ">=", 4172704: ">"}.get(row.get("operator_concept_id") or 0)
    text = re.fullmatch(r"\s*([<>]=?)\s*([0-9]+(?:\.[0-9]+)?)\s*", row.get("value_source_value") or "")
    number = row["value_as_number"]
    if number is None and text:
        number = float(text[2])
    sign = sign or (text[1] if text else "=")
    unit = unit_factor(role, row.get("unit_concept_id") or 0, row.get("unit_source_value") or "")
    unreadable = _Result(role, row["measurement_id"], row["measurement_date"], None, 0.0, NEVER_ENDS)
    if number is None or unit is None:
        return unreadable
    value = round(float(number) * unit, 9)
    if value < 0:
        return unreadable
    low = {"<": 0.0, "<=": 0.0, ">": value + 1e-9}.get(sign, value)
    high = {">": NEVER_ENDS, ">=": NEVER_ENDS, "<": value - 1e-9}.get(sign, value)
    return _Result(role, row["measurement_id"], row["measurement_date"], value, low, high)
