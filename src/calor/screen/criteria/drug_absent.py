"""No drug of a set was covered within the wash-out."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from calor.protocol.screening import DrugAbsentCriterion
from calor.screen.criteria.answer import NO_DAY, Answer, number, three, yes


def counts(drugs: ir.Table, rule: DrugAbsentCriterion, today: int) -> dict[str, ir.Value]:
    """Return what is counted over the exposures; an unknown end is at least the start.

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> exposure = {"role": ["prednisone"], "certain": [True], "start": [90], "stop": [100], "row_id": [7]}
    >>> table = ibis.memtable(pa.table(exposure))
    >>> rule = DrugAbsentCriterion(kind="drug_absent", id="free", drug="prednisone", within_days=90)
    >>> plain_rows(table.aggregate(**counts(table, rule, today=190)))
    [{'taken': True, 'perhaps': True, 'until': 100, 'open': False, 'stop': 100, 'row': 7}]
    """
    here = drugs.role == rule.drug
    recent = ibis.coalesce(drugs.stop, drugs.start) >= today - rule.within_days
    return {
        "taken": (recent & drugs.certain).any(where=here),
        "perhaps": (drugs.stop.isnull() | recent).any(where=here),
        "until": ibis.coalesce(drugs.stop, drugs.start).max(where=here & drugs.certain),
        "open": drugs.stop.isnull().any(where=here),
        "stop": drugs.stop.max(where=here),
        "row": drugs.row_id.argmax(drugs.stop, where=here & drugs.certain & drugs.stop.notnull()),
    }


def answer(table: ir.Table, rule: DrugAbsentCriterion, today: int) -> Answer:
    """Answer from the latest end; both ends of the wash-out count.

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> exposure = {"role": ["prednisone"], "certain": [True], "start": [90], "stop": [100], "row_id": [7]}
    >>> table = ibis.memtable(pa.table(exposure))
    >>> rule = DrugAbsentCriterion(kind="drug_absent", id="free", drug="prednisone", within_days=90)
    >>> counted = table.aggregate(**{f"free__{name}": n for name, n in counts(table, rule, today=190).items()})
    >>> plain_rows(counted.select(**answer(counted, rule, today=190)._asdict()))
    [{'met': False, 'value': 90.0, 'day': 100, 'row': 7, 'distance': -1.0, 'changes': 191}]
    """
    taken, perhaps = yes(table[f"{rule.id}__taken"]), yes(table[f"{rule.id}__perhaps"])
    stop, ends = table[f"{rule.id}__stop"], ~yes(table[f"{rule.id}__open"])
    changes = ibis.cases(
        (taken, table[f"{rule.id}__until"] + rule.within_days + 1),
        (perhaps & ends, stop + rule.within_days + 1),
        else_=NO_DAY,
    )
    since = number(today - stop)
    met = three(~taken & ~perhaps, taken)
    return Answer(met, since, stop, table[f"{rule.id}__row"], since - rule.within_days - 1, changes)
