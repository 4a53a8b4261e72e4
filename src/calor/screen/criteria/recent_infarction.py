"""The latest infarction lies in a window of days before the day of screening."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from calor.protocol.screening import InfarctionCriterion
from calor.screen.criteria.answer import NO_DAY, Answer, number


def answer(table: ir.Table, rule: InfarctionCriterion, today: int) -> Answer:
    """Answer from the index event; both ends of the window count."""
    first, last = rule.days
    since = ibis.literal(today, "int64") - table.index_day
    changes = ibis.cases(
        (since < first, table.index_day + first), (since <= last, table.index_day + last + 1), else_=NO_DAY
    )
    met = since.between(first, last)
    return Answer(met, number(since), table.index_day, table.index_row, number(last - since), changes)
