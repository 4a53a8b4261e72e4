"""A drug of a set is covered now, within a grace."""

from __future__ import annotations

import ibis
from ibis.expr import types as ir

from calor.protocol.screening import DrugCoveredCriterion
from calor.screen.criteria.answer import NO_DAY, Answer, number, three, yes


def counts(drugs: ir.Table, rule: DrugCoveredCriterion, today: int) -> dict[str, ir.Value]:
    """Return what is counted over the exposures (one row per set, certainty and end).

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> table = ibis.memtable(pa.table({"role": ["statin"], "certain": [True], "stop": [100], "row_id": [7]}))
    >>> rule = DrugCoveredCriterion(kind="drug_covered", id="statin", drug="statin", grace_days=30)
    >>> plain_rows(table.aggregate(**counts(table, rule, today=130)))
    [{'covered': True, 'perhaps': False, 'open': False, 'latest': 100, 'stop': 100, 'row': 7}]
    """
    here = drugs.role == rule.drug
    covers = drugs.stop >= today - rule.grace_days
    return {
        "covered": (covers & drugs.certain).any(where=here),
        "perhaps": (drugs.stop.isnull() | (covers & ~drugs.certain)).any(where=here),
        "open": drugs.stop.isnull().any(where=here),
        "latest": drugs.stop.max(where=here),
        "stop": drugs.stop.max(where=here & drugs.certain),
        "row": drugs.row_id.argmax(drugs.stop, where=here & drugs.certain & drugs.stop.notnull()),
    }


def answer(table: ir.Table, rule: DrugCoveredCriterion, today: int) -> Answer:
    """Answer from the latest end; no record is not covered, an unknown end undetermined.

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> table = ibis.memtable(pa.table({"role": ["statin"], "certain": [True], "stop": [100], "row_id": [7]}))
    >>> rule = DrugCoveredCriterion(kind="drug_covered", id="statin", drug="statin", grace_days=30)
    >>> counted = table.aggregate(**{f"statin__{name}": n for name, n in counts(table, rule, today=130).items()})
    >>> plain_rows(counted.select(**answer(counted, rule, today=130)._asdict()))
    [{'met': True, 'value': -30.0, 'day': 100, 'row': 7, 'distance': 0.0, 'changes': 131}]
    """
    covered, perhaps = yes(table[f"{rule.id}__covered"]), yes(table[f"{rule.id}__perhaps"])
    stop, ends = table[f"{rule.id}__stop"], ~yes(table[f"{rule.id}__open"])
    changes = ibis.cases(
        (covered, stop + rule.grace_days + 1),
        (perhaps & ends, table[f"{rule.id}__latest"] + rule.grace_days + 1),
        else_=NO_DAY,
    )
    met = three(covered, ~covered & ~perhaps)
    left = number(stop - today)
    return Answer(met, left, stop, table[f"{rule.id}__row"], left + rule.grace_days, changes)
