"""No death on or before the day of screening."""

from __future__ import annotations

from ibis.expr import types as ir

from calor.protocol.screening import AliveCriterion
from calor.screen.criteria.answer import NO_DAY, NO_NUMBER, Answer, three, yes


def answer(table: ir.Table, _rule: AliveCriterion, today: int) -> Answer:
    """Answer from the death table; a death without a date leaves it undetermined.

    >>> import ibis, pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> table = ibis.memtable(pa.table({"death_day": [None, 100], "deaths_undated": [1, 0]}))
    >>> found = answer(table, AliveCriterion(kind="alive", id="alive"), today=99)
    >>> [row["met"] for row in plain_rows(table.select(**found._asdict()))]
    [None, True]
    """
    dead = yes(table.death_day <= today)
    met = ~dead & (table.deaths_undated == 0)
    return Answer(three(met, dead), NO_NUMBER, table.death_day, NO_DAY, NO_NUMBER, NO_DAY)
