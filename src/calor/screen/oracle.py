"""The slow, obvious engine: one candidate at a time, in plain Python, straight from the rules' words.

It is the reference for every other engine and shares with them only the concepts' membership and the units' factors.
For a single person it is also the quickest: there is no query to compile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from calor.protocol.biomarkers import COMPARE
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
from calor.screen.oracle_chart import Chart, Drug, Event, OracleAnswer, Result, Roles, Row, UnitFactor, chart_of, whole
from calor.screen.oracle_gate import answer_gate
from calor.screen.rules import Rules


@dataclass(frozen=True)
class OracleVerdict:
    """What the rules say about one person."""

    status: Literal["eligible", "ineligible", "undetermined", "not in base"]
    answers: Mapping[str, OracleAnswer]


def judge(
    tables: Mapping[str, Iterable[Row]], rules: Rules, roles: Roles, unit_factor: UnitFactor
) -> dict[int, OracleVerdict]:
    """Judge every person of some records.

    Args:
        tables: OMOP tables by name, as rows.
        rules: What is asked.
        roles: The sets of each concept.
        unit_factor: Factors of recorded units.

    >>> from calor.screen.example import AS_OF, example_rules
    >>> infarction = {"condition_occurrence_id": 1, "person_id": 1, "condition_concept_id": 7}
    >>> tables = {
    ...     "person": [{"person_id": 1, "year_of_birth": 1960}],
    ...     "condition_occurrence": [infarction | {"condition_start_date": AS_OF - timedelta(30)}],
    ... }
    >>> found = judge(tables, example_rules(), {7: [("mi", True)], 8: [("hscrp", True)]}, lambda *_: 1.0)
    >>> found[1].status, found[1].answers["recent"].value
    ('ineligible', 30)
    """
    known = frozenset(role for belongs in roles.values() for role, _ in belongs)
    return {
        person["person_id"]: _verdict(chart_of(person, tables, rules, roles, unit_factor), rules, known)
        for person in tables["person"]
    }


def _verdict(chart: Chart, rules: Rules, known: frozenset[str]) -> OracleVerdict:
    """Answer every criterion; where the site's vocabulary holds nothing for a criterion's set, nobody can tell."""
    index = _index(chart, rules)
    if index is None:
        return OracleVerdict("not in base", {})
    answers = {
        rule.id: _answer(chart, rule, rules, index) if _asked(rule) <= known else OracleAnswer(None)
        for rule in rules.screening.criteria
    }
    mets = [answer.met for answer in answers.values()]
    if False in mets:
        return OracleVerdict("ineligible", answers)
    return OracleVerdict("undetermined" if None in mets else "eligible", answers)


def _asked(rule: ScreeningCriterion) -> set[str]:
    return {name for key in ("event", "drug", "lab") if (name := getattr(rule, key, None)) is not None}


def _index(chart: Chart, rules: Rules) -> Event | None:
    infarctions = [event for event in chart.events if event.role == rules.screening.infarction]
    return max(infarctions, key=lambda event: (event.start, -event.row), default=None)


def _answer(chart: Chart, rule: ScreeningCriterion, rules: Rules, index: Event) -> OracleAnswer:
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
            return answer_gate(chart, rule, rules.gate, today, index)


def _infarction(index: Event, rule: InfarctionCriterion, today: date) -> OracleAnswer:
    since = (today - index.start).days
    first, last = rule.days
    changes = None
    if since < first:
        changes = index.start + timedelta(first)
    elif since <= last:
        changes = index.start + timedelta(last + 1)
    return OracleAnswer(first <= since <= last, since, index.start, index.row, last - since, changes)


def _age(person: Row, rule: AgeCriterion, today: date) -> OracleAnswer:
    year = person["year_of_birth"]
    month, day = _within(person.get("month_of_birth"), 12), _within(person.get("day_of_birth"), 31)
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


def _within(part: int | None, most: int) -> int | None:
    return part if part is not None and 1 <= part <= most else None


def _birthday(year: int, month: int, day: int) -> date:
    return date(year, month, 1) + timedelta(day - 1)


def _alive(deaths: list[date | None], today: date) -> OracleAnswer:
    dated = [day for day in deaths if day is not None]
    first = min(dated, default=None)
    if first is not None and first <= today:
        return OracleAnswer(False, day=first)
    return OracleAnswer(None if None in deaths else True, day=first)


def _covered(drugs: list[Drug], rule: DrugCoveredCriterion, today: date) -> OracleAnswer:
    mine = [drug for drug in drugs if drug.role == rule.drug]
    since = today - timedelta(rule.grace_days)
    ended = [drug for drug in mine if drug.stop is not None and drug.certain]
    last = max(ended, key=lambda drug: (drug.stop, -drug.row), default=None)
    met: bool | None = any(drug.stop >= since for drug in ended if drug.stop)
    if not met and any(drug.stop is None or drug.stop >= since for drug in mine):
        met = None
    changes = None
    if met is None and all(drug.stop for drug in mine):
        changes = max(drug.stop for drug in mine if drug.stop) + timedelta(rule.grace_days + 1)
    if last is None or last.stop is None:
        return OracleAnswer(met, changes=changes)
    if met:
        changes = last.stop + timedelta(rule.grace_days + 1)
    left = (last.stop - today).days
    return OracleAnswer(met, left, last.stop, last.row, left + rule.grace_days, changes)


def _drug_absent(drugs: list[Drug], rule: DrugAbsentCriterion, today: date) -> OracleAnswer:
    mine = [drug for drug in drugs if drug.role == rule.drug]
    since = today - timedelta(rule.within_days)
    taken = any((drug.stop or drug.start) >= since for drug in mine if drug.certain)
    perhaps = any(drug.stop is None or drug.stop >= since for drug in mine)
    met = False if taken else None if perhaps else True
    stops = [drug.stop for drug in mine if drug.stop is not None]
    changes = None
    if taken:
        changes = max(drug.stop or drug.start for drug in mine if drug.certain) + timedelta(rule.within_days + 1)
    elif perhaps and len(stops) == len(mine):
        changes = max(stops) + timedelta(rule.within_days + 1)
    if not stops:
        return OracleAnswer(met, changes=changes)
    stop = max(stops)
    certain = [drug for drug in mine if drug.certain and drug.stop is not None]
    row = max(certain, key=lambda drug: (drug.stop, -drug.row)).row if certain else None
    ago = (today - stop).days
    return OracleAnswer(met, ago, stop, row, ago - rule.within_days - 1, changes)


def _event_absent(events: list[Event], rule: EventAbsentCriterion, today: date) -> OracleAnswer:
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


def _latest(results: list[Result], rule: LatestLabCriterion, today: date) -> OracleAnswer:
    mine = [r for r in results if r.role == rule.lab and (today - r.day).days <= rule.within_days]
    if not mine:
        return OracleAnswer(None, changes=today)
    day = max(result.day for result in mine)
    latest = [result for result in mine if result.day == day]
    passes = COMPARE[rule.comparator]
    fits = [whole(result, lambda x: passes(x, rule.cutoff)) for result in latest]
    met = False if False in fits else None if None in fits else True
    values = [result.value for result in latest if result.value is not None]
    worst = (max if rule.comparator in {"<", "<="} else min)(values) if values else None
    changes = day + timedelta(rule.within_days + 1) if met else today
    distance = None if worst is None else worst - rule.cutoff
    return OracleAnswer(met, worst, day, min(result.row for result in latest), distance, changes)
