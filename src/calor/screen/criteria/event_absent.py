"""No condition or observation of a set, ever or within some days."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from calor.protocol.screening import EventAbsentCriterion
from calor.screen.criteria.answer import NO_DAY, NO_NUMBER, Answer, number, three, yes


def counts(events: ir.Table, rule: EventAbsentCriterion, today: int) -> dict[str, ir.Value]:
    """Return what is counted over the events (one row per set and end).

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> table = ibis.memtable(pa.table({"role": ["infection"], "stop": [100], "row_id": [7]}))
    >>> rule = EventAbsentCriterion(kind="event_absent", id="well", event="infection", within_days=30)
    >>> plain_rows(table.aggregate(**counts(table, rule, today=131)))
    [{'found': False, 'stop': 100, 'row': 7}]
    """
    here = events.role == rule.event
    recent = ibis.literal(True) if rule.within_days is None else events.stop >= today - rule.within_days
    return {
        "found": (here & recent).any(),
        "stop": events.stop.max(where=here),
        "row": events.row_id.argmax(events.stop, where=here),
    }


def answer(table: ir.Table, rule: EventAbsentCriterion, today: int) -> Answer:
    """Answer from the latest event; both ends of the window count.

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> table = ibis.memtable(pa.table({"role": ["infection"], "stop": [100], "row_id": [7]}))
    >>> rule = EventAbsentCriterion(kind="event_absent", id="well", event="infection", within_days=30)
    >>> counted = table.aggregate(**{f"well__{name}": n for name, n in counts(table, rule, today=131).items()})
    >>> plain_rows(counted.select(**answer(counted, rule, today=131)._asdict()))
    [{'met': True, 'value': 31.0, 'day': 100, 'row': 7, 'distance': 0.0, 'changes': None}]
    """
    found, stop = yes(table[f"{rule.id}__found"]), table[f"{rule.id}__stop"]
    since = number(today - stop)
    met = three(~found, found)
    if rule.within_days is None:
        return Answer(met, since, stop, table[f"{rule.id}__row"], NO_NUMBER, NO_DAY)
    changes = ibis.cases((found, stop + rule.within_days + 1), else_=NO_DAY)
    return Answer(met, since, stop, table[f"{rule.id}__row"], since - rule.within_days - 1, changes)
