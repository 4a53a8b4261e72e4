"""The latest result of a laboratory test passes a cut-off."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from calor.protocol.biomarkers import COMPARE
from calor.protocol.screening import LatestLabCriterion
from calor.screen.criteria.answer import Answer, number, three, yes

FALLS, UNREADABLE, PASSES = 0, 1, 2


def counts(days: ir.Table, rule: LatestLabCriterion, today: int) -> dict[str, ir.Value]:
    """Return what is counted over the days with results: the latest day, and the least favorable result on it.

    >>> from calor.records.records import plain_rows
    >>> from calor.screen.criteria.results import days, results
    >>> from calor.screen.example import example_facts, example_rules
    >>> table = days(results(example_facts(), example_rules()), up=True)
    >>> told = {"kind": "latest_lab", "id": "crp", "lab": "hscrp", "comparator": "<", "cutoff": 2, "unit": "mg/L"}
    >>> rule, today = LatestLabCriterion(**told), example_rules().today
    >>> found = table.group_by("person_id").agg(**counts(table, rule, today)).order_by("person_id")
    >>> [(row["value"], row["state"] == PASSES) for row in plain_rows(found)]
    [(2.4, False), (1.2, True), (2.5, False), (5.5, False)]
    """
    here = (days.role == rule.lab) & days.day.between(today - rule.within_days, today)
    below = rule.comparator in {"<", "<="}
    passes, compare = (days.high_max if below else days.low_min), COMPARE[rule.comparator]
    falls = ~compare(days.low_max if below else days.high_min, rule.cutoff)
    state = ibis.cases((falls, FALLS), (compare(passes, rule.cutoff), PASSES), else_=UNREADABLE)
    return {
        "day": days.day.max(where=here),
        "state": state.argmax(days.day, where=here),
        "row": days.row_id.argmax(days.day, where=here),
        "value": (days.value_max if below else days.value_min).argmax(days.day, where=here),
    }


def answer(table: ir.Table, rule: LatestLabCriterion, today: int) -> Answer:
    """Answer from the latest day; no result is undetermined.

    >>> from calor.records.records import plain_rows
    >>> from calor.screen.criteria.results import days, results
    >>> from calor.screen.example import example_facts, example_rules
    >>> table = days(results(example_facts(), example_rules()), up=True)
    >>> told = {"kind": "latest_lab", "id": "crp", "lab": "hscrp", "comparator": "<", "cutoff": 2, "unit": "mg/L"}
    >>> rule, today = LatestLabCriterion(**told), example_rules().today
    >>> named = {f"crp__{name}": n for name, n in counts(table, rule, today).items()}
    >>> counted = table.filter(table.person_id == 2).aggregate(**named)
    >>> plain_rows(counted.select(**answer(counted, rule, today)._asdict()))
    [{'met': True, 'value': 1.2, 'day': 20605, 'row': 4, 'distance': -0.8, 'changes': 20971}]
    """
    state, day = table[f"{rule.id}__state"], table[f"{rule.id}__day"]
    met = three(yes(state == PASSES), yes(state == FALLS))
    value = table[f"{rule.id}__value"].nullif(NOT_READ)
    changes = ibis.cases((yes(state == PASSES), day + rule.within_days + 1), else_=ibis.literal(today, "int64"))
    return Answer(met, value, day, table[f"{rule.id}__row"], number(value - rule.cutoff), changes)


NOT_READ = -1.0
"""Stands for the value of an unreadable result: engines differ in whether `argmax` skips null."""
