"""Age in completed years, by the calendar."""

from __future__ import annotations

from datetime import date

import ibis
from ibis.expr import types as ir

from calor.protocol.screening import AgeCriterion
from calor.screen.criteria.answer import NO_DAY, Answer, number, three


def answer(table: ir.Table, rule: AgeCriterion, as_of: date) -> Answer:
    """Answer from year, month and day of birth; without a month the age is known to within a year."""
    year, month, day = table.year_of_birth, table.month_of_birth, table.day_of_birth
    oldest = as_of.year - year
    if rule.by == "year":
        youngest = oldest
    else:
        had = (month < as_of.month) | ((month == as_of.month) & (day <= as_of.day))
        had_not = (month > as_of.month) | ((month == as_of.month) & (day > as_of.day))
        youngest = oldest - ibis.cases((had, 0), else_=1)
        oldest = oldest - ibis.cases((had_not, 1), else_=0)
    met, not_met = youngest >= rule.at_least, oldest < rule.at_least
    if rule.at_most is not None:
        met, not_met = met & (oldest <= rule.at_most), not_met | (youngest > rule.at_most)
    month, day = (ibis.literal(1), ibis.literal(1)) if rule.by == "year" else (month, day)
    changes = ibis.cases((oldest < rule.at_least, _day(year + rule.at_least, month, day)), else_=NO_DAY)
    if rule.at_most is not None:
        turns = _day(year + rule.at_most + 1, month, day)
        changes = ibis.cases((three(met, not_met), turns), else_=changes)
    return Answer(three(met, not_met), number(oldest), NO_DAY, NO_DAY, number(oldest - rule.at_least), changes)


def _day(year: ir.IntegerValue, month: ir.IntegerValue, day: ir.IntegerValue) -> ir.IntegerValue:
    """Count the days from 1970-01-01 to a date of the Gregorian calendar; 29 February runs on to 1 March.

    Years begin in March here, so that the leap day is their last.
    """
    year = year - ibis.cases((month <= 2, 1), else_=0)
    of_year = (153 * (month + ibis.cases((month > 2, -3), else_=9)) + 2) // 5 + day - 1
    return (year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719468).cast("int64")
