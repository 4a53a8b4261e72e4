"""The latest result of a laboratory test passes a cut-off."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from calor.protocol.biomarkers import COMPARE
from calor.protocol.screening import LatestLabCriterion
from calor.screen.criteria.answer import Answer, number, three, yes

FALLS, UNREADABLE, PASSES = 0, 1, 2


def counts(days: ir.Table, rule: LatestLabCriterion, today: int) -> dict[str, ir.Value]:
    """Return what is counted over the days with results: the latest day, and the least favorable result on it."""
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
    """Answer from the latest day; no result is undetermined."""
    state, day = table[f"{rule.id}__state"], table[f"{rule.id}__day"]
    met = three(yes(state == PASSES), yes(state == FALLS))
    value = table[f"{rule.id}__value"].nullif(NOT_READ)
    changes = ibis.cases((yes(state == PASSES), day + rule.within_days + 1), else_=ibis.literal(today, "int64"))
    return Answer(met, value, day, table[f"{rule.id}__row"], number(value - rule.cutoff), changes)


NOT_READ = -1.0
"""Stands for the value of an unreadable result: engines differ in whether `argmax` skips null."""
