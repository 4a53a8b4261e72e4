"""Criteria in the words of a coordinator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from calor.errors import RecordsError
from calor.protocol.biomarkers import Gate
from calor.protocol.screening import ScreeningCriterion
from calor.records.concept_set import concept_set


def label_of(name: str) -> str:
    """Return how sentences call a concept set.

    >>> label_of("hscrp"), label_of("statin")
    ('hs-CRP', 'statin')
    """
    try:
        return concept_set(name).label or name.replace("_", " ")
    except RecordsError:
        return name.replace("_", " ")


def in_words(rule: ScreeningCriterion, gate: Gate | None = None, gate_unit: str = "") -> str:
    """Return a criterion as a short sentence.

    >>> from calor.protocol.screening import AgeCriterion
    >>> in_words(AgeCriterion(kind="age", id="adult", at_least=18, at_most=85))
    'Age 18 to 85 years'
    """
    return _WORDS[rule.kind](rule, gate, gate_unit)


def _span(days: int) -> str:
    """Return a number of days as people say it.

    >>> _span(1825), _span(90)
    ('5 years', '90 days')
    """
    years, rest = divmod(days, 365)
    if rest or not years:
        return f"{days} days"
    return "a year" if years == 1 else f"{years} years"


def unit_in_words(ucum: str) -> str:
    """Return a unit of UCUM as a laboratory prints it.

    >>> unit_in_words("mL/min/{1.73_m2}"), unit_in_words("umol/L"), unit_in_words("mg/L")
    ('mL/min/1.73 m²', 'µmol/L', 'mg/L')
    """
    plain = ucum.replace("{", "").replace("}", "").replace("_", " ").replace("m2", "m²")
    return f"µ{plain[1:]}" if plain.startswith("um") else plain


def _infarction(rule: Any, _gate: Gate | None, _unit: str) -> str:
    return f"Infarction {rule.days[0]} to {rule.days[1]} days ago"


def _age(rule: Any, _gate: Gate | None, _unit: str) -> str:
    if rule.at_most is None:
        return f"Age {rule.at_least} years or more"
    return f"Age {rule.at_least} to {rule.at_most} years"


def _alive(_rule: Any, _gate: Gate | None, _unit: str) -> str:
    return "Alive"


def _covered(rule: Any, _gate: Gate | None, _unit: str) -> str:
    return f"Takes {label_of(rule.drug)}"


def _drug_absent(rule: Any, _gate: Gate | None, _unit: str) -> str:
    return f"No {label_of(rule.drug)} within {_span(rule.within_days)}"


def _event_absent(rule: Any, _gate: Gate | None, _unit: str) -> str:
    ever = "" if rule.within_days is None else f" within {_span(rule.within_days)}"
    return f"No {label_of(rule.event)}{ever}"


def _latest_lab(rule: Any, _gate: Gate | None, _unit: str) -> str:
    return f"Latest {label_of(rule.lab)} {SIGNS[rule.comparator]} {rule.cutoff:g} {unit_in_words(rule.unit)}"


def _gate(rule: Any, gate: Gate | None, unit: str) -> str:
    if gate is None:
        return f"{label_of(rule.lab)} gate"
    tests = "one test" if gate.tests == 1 else f"{gate.tests} tests {gate.least_interval_days} days apart"
    return f"{label_of(rule.lab)} {SIGNS[gate.comparator]} {gate.cutoff:g} {unit}, {tests}"


SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<"}
_WORDS: Mapping[str, Callable[[ScreeningCriterion, Gate | None, str], str]] = {
    "recent_infarction": _infarction,
    "age": _age,
    "alive": _alive,
    "drug_covered": _covered,
    "drug_absent": _drug_absent,
    "event_absent": _event_absent,
    "latest_lab": _latest_lab,
    "biomarker_gate": _gate,
}
