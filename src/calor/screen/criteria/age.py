"""Age in completed years, by the calendar."""

from __future__ import annotations

from datetime import date

import ibis
from ibis.expr import types as ir

from calor.protocol.screening import AgeCriterion
from calor.screen.criteria.answer import NO_DAY, Answer, number, three


def answer(table: ir.Table, rule: AgeCriterion, as_of: date) -> Answer:
    """Answer from year, month and day of birth; what is not known of them can be any.

    >>> import pyarrow as pa
    >>> from calor.records.records import plain_rows
    >>> table = ibis.memtable(pa.table({"year_of_birth": [2008], "month_of_birth": [2], "day_of_birth": [29]}))
    >>> rule = AgeCriterion(kind="age", id="adult", at_least=18)
    >>> plain_rows(table.select(**answer(table, rule, date(2026, 2, 28))._asdict()))[0]["met"]
    False
    """
    year = table.year_of_birth
    month, day = _within(table.month_of_birth, 12), _within(table.day_of_birth, 31)
    oldest = as_of.year - year
    if rule.by == "year":
        youngest = oldest
    else:
        today = as_of.month * 100 + as_of.day
        latest = ibis.coalesce(month, 12) * 100 + ibis.coalesce(day, 31)
        earliest = ibis.coalesce(month, 1) * 100 + ibis.coalesce(day, 1)
        youngest = oldest - ibis.cases((latest > today, 1), else_=0)
        oldest = oldest - ibis.cases((earliest > today, 1), else_=0)
    met, not_met = youngest >= rule.at_least, oldest < rule.at_least
    if rule.at_most is not None:
        met, not_met = met & (oldest <= rule.at_most), not_met | (youngest > rule.at_most)
    month, day = (ibis.literal(1), ibis.literal(1)) if rule.by == "year" else (month, day)
    changes = ibis.cases((oldest < rule.at_least, _day(year + rule.at_least, month, day)), else_=NO_DAY)
    if rule.at_most is not None:
        turns = _day(year + rule.at_most + 1, month, day)
        changes = ibis.cases((three(met, not_met), turns), else_=changes)
    return Answer(three(met, not_met), number(oldest), NO_DAY, NO_DAY, number(oldest - rule.at_least), changes)


def _within(part: ir.IntegerValue, most: int) -> ir.IntegerValue:
    """Return a month or day of the month that can be one; any other is not known."""
    return ibis.cases((part.between(1, most), part), else_=None)


def _day(year: ir.IntegerValue, month: ir.IntegerValue, day: ir.IntegerValue) -> ir.IntegerValue:
    """Count the days from 1970-01-01 to a date of the Gregorian calendar; 29 February runs on to 1 March.

    Years begin in March here, so that the leap day is their last.
    """
    year = year - ibis.cases((month <= 2, 1), else_=0)
    of_year = (153 * (month + ibis.cases((month > 2, -3), else_=9)) + 2) // 5 + day - 1
    return (year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719468).cast("int64")
