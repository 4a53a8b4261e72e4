"""What is checked in records before they are judged: each person once, nobody unknown, nothing of the future."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import ibis
from ibis.expr import types as ir

from calor.errors import RecordsError
from calor.records.records import Records, rows
from calor.screen.rules import EPOCH

_DAYS = {
    "people": ("death", "death_day"),
    "events": ("condition_occurrence or observation", "start"),
    "drugs": ("drug_exposure", "start"),
    "labs": ("measurement", "day"),
}
"""The table of the records that each staged table was made from, and the column that dates its rows."""


def count_persons(records: Records) -> int:
    """Count the persons.

    Raises:
        RecordsError: A person stands there twice.

    >>> from calor.screen.example import example_records
    >>> count_persons(example_records())
    6
    """
    person = records["person"]
    counts = rows(person.aggregate(n=person.count(), different=person.person_id.nunique())).iloc[0]
    if counts["n"] != counts["different"]:
        got = f"{int(counts['n'] - counts['different'])} rows too many"
        raise RecordsError.must("person", "hold each person_id once", got, fix="Remove the duplicates.")
    return int(counts["n"])


def check_days(tables: Mapping[str, ir.Table], as_of: date) -> tuple[str, ...]:
    """Refuse rows dated after today and after the day of screening, and rows of nobody: a clock or an export is wrong.

    Args:
        tables: The staged tables.
        as_of: Day of screening.

    Returns:
        A sentence for each table with rows that have no day and are therefore not seen.

    Raises:
        RecordsError: There are such rows, births later than that day, or candidates who are not in `person`.

    >>> from calor.screen.example import AS_OF, example_facts
    >>> check_days({staged: getattr(example_facts(), staged) for staged in _DAYS}, AS_OF)
    ()
    """
    latest = latest_day(as_of)
    limit, people = latest.toordinal() - EPOCH, tables["people"]
    parts = [_counted(tables[staged], name, tables[staged][day] > limit) for staged, (name, day) in _DAYS.items()]
    parts.append(_counted(people, "person", people.year_of_birth > latest.year))
    strangers = tables["events"].anti_join(people, "person_id")
    parts.append(_counted(strangers, "strangers", strangers.person_id.notnull()))
    counts = rows(ibis.union(*parts)).set_index("name")
    unknown = int(counts["late"]["strangers"])
    if unknown:
        got = f"{unknown} conditions or observations of persons it lacks"
        raise RecordsError.must("person", "hold everyone with an infarction", got, fix="Export the whole table.")
    for name, late in counts["late"].items():
        refuse_late(str(name), int(late))
    undated = counts["undated"].drop(["death", "person", "strangers"])
    return tuple(f"{n} rows of {name} without a date were not seen." for name, n in undated.items() if n)


def _counted(table: ir.Table, name: str, late: ir.BooleanColumn) -> ir.Table:
    """Count the rows that are dated too late and those that are not dated at all."""
    return table.aggregate(
        name=ibis.literal(name),
        late=ibis.coalesce(late.sum(), 0).cast("int64"),
        undated=(table.count() - late.count()).cast("int64"),
    )


def latest_day(as_of: date) -> date:
    """Return the last day that a row can bear: today's or that of screening, with a day's grace for time zones.

    >>> latest_day(date(2999, 12, 30)).isoformat()
    '2999-12-31'
    """
    return max(as_of, datetime.now(UTC).date()) + timedelta(1)


def refuse_late(name: str, late: int) -> None:
    """Refuse rows dated later than the latest day.

    Raises:
        RecordsError: There are any.

    >>> refuse_late("measurement", 2)
    Traceback (most recent call last):
    calor.errors.RecordsError: `measurement` must not be dated in the future, got 2 such rows. Correct them ...
    """
    if late:
        fix = "Correct them at the source; ends of prescriptions may lie ahead."
        raise RecordsError.must(name, "not be dated in the future", f"{late} such rows", fix=fix)
