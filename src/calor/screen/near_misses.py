"""Near misses: candidates one answer short, with what would make them eligible, and by when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from calor.protocol.screening import ScreeningCriterion
from calor.screen.rules import Rules
from calor.screen.screened import NOT_MET, UNDETERMINED, Screened
from calor.screen.words import SIGNS, label_of, unit_in_words

COLUMNS = ["person_id", "criterion", "answer", "needs", "on", "by"]


def near_misses(screened: Screened, *, undetermined_only: bool = False) -> pd.DataFrame:
    """Return the candidates who meet every criterion but one and can still come to meet it.

    Args:
        screened: Answers of a screen.
        undetermined_only: Whether those who do not meet the one are left out.

    Returns:
        `person_id`, `criterion`, `answer` (not met or undetermined), `needs` in words, `on` (first day on which it can
        be settled) and `by` (last day of the infarction's window; null where no window closes).

    >>> from calor.screen.example import example_screen
    >>> near_misses(example_screen())["needs"].iloc[0]
    'one hs-CRP ≥ 2 mg/L, on or after 2026-06-30'
    """
    rules, met = screened.rules, screened.met
    one = (met != 1).sum(axis=1) == 1
    if undetermined_only:
        one &= (met == -1).any(axis=1)
    found = []
    short, met = screened.answers[one], met[one]
    for j, rule in enumerate(rules.screening.criteria):
        mine = met[:, j] != 1
        names = {f"{rule.id}__{name}": name for name in ("changes", "day", "value", "distance")}
        names |= {"gate_tests": "tests"} if "gate_tests" in screened.answers else {}
        part = short.loc[mine, ["person_id", "index_day", *names]]
        answers = zip(*(part[column].tolist() for column in names), strict=True)
        states = met[mine, j]
        for person, by, values, state in zip(part["person_id"], closing(part, rules), answers, states, strict=True):
            answer = dict(zip(names.values(), values, strict=True), undetermined=state == -1)
            settled = _NEEDS[rule.kind](rule, answer, rules)
            if settled is not None and (by is None or settled[1] <= by):
                word = UNDETERMINED if state == -1 else NOT_MET
                found.append((person, rule.id, word, settled[0], settled[1], by))
    table = pd.DataFrame(found, columns=COLUMNS)
    return table.sort_values(["by", "on", "person_id"], ignore_index=True)


def closing(answers: pd.DataFrame, rules: Rules) -> pd.Series:
    """Return the last day of each candidate's infarction window; None where no criterion sets one.

    Args:
        answers: Of a screen; some rows of them, or all.
        rules: Of the screen.

    >>> from datetime import date, timedelta
    >>> from calor.screen.example import example_rules
    >>> closing(pd.DataFrame({"index_day": [date(2026, 3, 1)]}), example_rules())[0].isoformat()
    '2027-03-01'
    """
    rule = next((r for r in rules.screening.criteria if r.kind == "recent_infarction"), None)
    if rule is None:
        return pd.Series([None] * len(answers), index=answers.index, dtype=object)
    return answers["index_day"].map(lambda day: day + timedelta(rule.days[1])).astype(object)


Settled = tuple[str, date] | None
"""What is needed, and the first day on which it can be had; None where nothing helps."""


def _gate(rule: Any, answer: Mapping[str, Any], rules: Rules) -> Settled:
    on, gate = answer["changes"], rules.gate
    if on is None or gate is None:
        return None
    missing = max(gate.tests - int(answer["tests"]), 1)
    number = {1: "one", 2: "two", 3: "three"}.get(missing, str(missing))
    last = f"on or after {on}" if missing == 1 else f"the last on or after {on}"
    return f"{number} {label_of(rule.lab)} {SIGNS[gate.comparator]} {gate.cutoff:g} {rules.gate_unit}, {last}", on


def _latest_lab(rule: Any, _answer: Mapping[str, Any], rules: Rules) -> Settled:
    wanted = f"{SIGNS[rule.comparator]} {rule.cutoff:g} {unit_in_words(rule.unit)}"
    return f"one {label_of(rule.lab)} {wanted}, on or after {rules.as_of}", rules.as_of


def _covered(rule: Any, answer: Mapping[str, Any], rules: Rules) -> Settled:
    if answer["undetermined"]:
        return f"the end or strength of the {label_of(rule.drug)} on record", rules.as_of
    known = "" if answer["day"] is not None else " (no record: ask for one)"
    return f"{label_of(rule.drug)} covered again{known}", rules.as_of


def _drug_absent(rule: Any, answer: Mapping[str, Any], rules: Rules) -> Settled:
    if answer["undetermined"]:
        return f"the end of the {label_of(rule.drug)} on record", rules.as_of
    on = answer["changes"]
    return None if on is None else (f"no further {label_of(rule.drug)} before {on}", on)


def _event_absent(rule: Any, answer: Mapping[str, Any], rules: Rules) -> Settled:
    if answer["undetermined"]:
        return f"word on {label_of(rule.event)}", rules.as_of
    on = answer["changes"]
    return None if on is None else (f"no further {label_of(rule.event)} before {on}", on)


def _waits(_rule: Any, answer: Mapping[str, Any], _rules: Rules) -> Settled:
    on = answer["changes"]
    too_early = on is not None and not answer["undetermined"]
    return (f"nothing but time, until {on}", on) if too_early else None


def _age(rule: Any, answer: Mapping[str, Any], rules: Rules) -> Settled:
    return ("the date of birth", rules.as_of) if answer["undetermined"] else _waits(rule, answer, rules)


def _alive(_rule: Any, answer: Mapping[str, Any], rules: Rules) -> Settled:
    return ("word on whether the recorded death is so", rules.as_of) if answer["undetermined"] else None


_NEEDS: Mapping[str, Callable[[ScreeningCriterion, Mapping[str, Any], Rules], Settled]] = {
    "recent_infarction": _waits,
    "age": _age,
    "alive": _alive,
    "drug_covered": _covered,
    "drug_absent": _drug_absent,
    "event_absent": _event_absent,
    "latest_lab": _latest_lab,
    "biomarker_gate": _gate,
}
