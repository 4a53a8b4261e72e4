"""The latest infarction lies in a window of days before the day of screening."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from calor.protocol.screening import InfarctionCriterion
from calor.screen.criteria.answer import NO_DAY, Answer, number


def answer(table: ir.Table, rule: InfarctionCriterion, today: int) -> Answer:
    """Answer from the index event; both ends of the window count.

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> table = ibis.memtable(pa.table({"index_day": [100], "index_row": [7]}))
    >>> rule = InfarctionCriterion(kind="recent_infarction", id="window", days=(30, 120))
    >>> plain_rows(table.select(**answer(table, rule, today=220)._asdict()))
    [{'met': True, 'value': 120.0, 'day': 100, 'row': 7, 'distance': 0.0, 'changes': 221}]
    """
    first, last = rule.days
    since = ibis.literal(today, "int64") - table.index_day
    changes = ibis.cases(
        (since < first, table.index_day + first), (since <= last, table.index_day + last + 1), else_=NO_DAY
    )
    met = since.between(first, last)
    return Answer(met, number(since), table.index_day, table.index_row, number(last - since), changes)
