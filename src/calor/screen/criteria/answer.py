"""What every criterion answers about one candidate."""

from __future__ import annotations

from typing import NamedTuple

import ibis
from ibis.expr import types as ir


class Answer(NamedTuple):
    """Columns of one answer.

    Attributes:
        met: True, false, or null where the records cannot tell.
        value: What was observed: a result in the unit of the rule, days, or years.
        day: Its day, from 1970-01-01.
        row: Id of the source row.
        distance: From the threshold, in the unit of `value`; at least zero on the side that passes where days count.
        changes: First day on which the answer can change: by itself, or by one more result.
    """

    met: ir.BooleanValue
    value: ir.Value
    day: ir.Value
    row: ir.Value
    distance: ir.Value
    changes: ir.Value


NO_NUMBER = ibis.null("float64")
NO_DAY = ibis.null("int64")


def number(value: ir.Value) -> ir.Value:
    """Return a value as the floating-point number that the column `value` holds.

    >>> number(ibis.literal(3)).type().is_float64()
    True
    """
    return value.cast("float64")


def no(flag: ir.BooleanValue) -> ir.BooleanValue:
    """Return whether nothing was found; no row at all is nothing found.

    >>> import pyarrow as pa
    >>> from calor.records.records import rows
    >>> rows(ibis.memtable(pa.table({"found": [True, None]})).select(flag=no(ibis._.found)))["flag"].to_list()
    [False, True]
    """
    return ~yes(flag)


def yes(flag: ir.BooleanValue) -> ir.BooleanValue:
    """Return whether something was found; null stands for no row, which is not found.

    >>> import pyarrow as pa
    >>> from calor.records.records import rows
    >>> rows(ibis.memtable(pa.table({"found": [True, None]})).select(flag=yes(ibis._.found)))["flag"].to_list()
    [True, False]
    """
    return ibis.coalesce(flag, ibis.literal(False))


def three(met: ir.BooleanValue, not_met: ir.BooleanValue) -> ir.BooleanValue:
    """Return Kleene's three answers from two that exclude each other; neither is undetermined.

    >>> import pyarrow as pa
    >>> from calor.records.records import rows
    >>> table = ibis.memtable(pa.table({"met": [True, False, False], "not_met": [False, True, False]}))
    >>> rows(table.select(flag=three(table.met, table.not_met)))["flag"].to_list()
    [True, False, <NA>]
    """
    return ibis.cases((not_met, False), (met, True), else_=ibis.null("boolean"))
