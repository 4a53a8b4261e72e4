"""A participant's visits by the protocol: when each may take place, and whether it is due, overdue or done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from calor.protocol.biomarkers import Biomarker
from calor.protocol.protocol import Protocol
from calor.protocol.visits import Visit
from calor.web.study_day import date_of, study_day

DONE, OUTSIDE, MISSED = "done", "done outside its window", "did not take place"
OVERDUE, DUE, TO_COME = "overdue", "due", "to come"


@dataclass(frozen=True)
class Planned:
    """A visit of one participant.

    Attributes:
        visit: The protocol's visit.
        planned, opens, closes: Days by the participant's own randomization.
        status: done, done outside its window, did not take place, overdue, due, to come.
        record: The latest version of what was recorded, or None.
        days_left: Days until the window closes; negative when it has.
    """

    visit: Visit
    planned: date
    opens: date
    closes: date
    status: str
    record: Any
    days_left: int

    @property
    def open(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.status in (DUE, OVERDUE)


def calendar(
    protocol: Protocol, randomized: date | datetime, records: Mapping[str, Any], today: date
) -> tuple[Planned, ...]:
    """Return a participant's visits in order.

    Args:
        protocol: The protocol.
        randomized: When the participant was randomized (study day 1).
        records: The latest record of each visit, by the visit's id.
        today: The day to judge by.
    """
    return tuple(_planned(visit, randomized, records.get(visit.id), today) for visit in protocol.visits)


def taking_part(rows: Iterable[Planned], withdrawn: date | None) -> tuple[Planned, ...]:
    """Leave out the visits that nobody owes any more: not recorded, and still to close when consent was withdrawn.

    Args:
        rows: A participant's visits.
        withdrawn: When; None where consent stands.
    """
    return tuple(row for row in rows if withdrawn is None or row.closes <= withdrawn or row.record is not None)


def withheld(biomarker: Biomarker, visit: Visit, randomized: datetime, on: date | None) -> bool:
    """Say whether a value could reveal the arm: it can where the analyte can, once the first dose has been given.

    Day 1 counts as before it, as its blood is taken before the first injection.
    """
    days = [visit.day] + ([] if on is None else [study_day(on, randomized)])
    return biomarker.unblinding and max(days) > 1


def latest(rows: Iterable[Any]) -> dict[Any, Any]:
    """Return the latest version of each thing, by its key (one column's value, or a tuple)."""
    found: dict[Any, Any] = {}
    for row in sorted(rows, key=lambda row: row.version):
        found[row.key if len(row.key) > 1 else row.key[0]] = row
    return found


def _planned(visit: Visit, randomized: date | datetime, record: Any, today: date) -> Planned:
    opens, closes = (date_of(day, randomized) for day in visit.window)
    return Planned(
        visit, date_of(visit.day, randomized), opens, closes,
        _status(record, opens, closes, today), record, (closes - today).days,
    )  # fmt: skip


def _status(record: Any, opens: date, closes: date, today: date) -> str:
    if record is not None:
        if record.on is None:
            return MISSED
        return DONE if opens <= record.on <= closes else OUTSIDE
    if today > closes:
        return OVERDUE
    return DUE if today >= opens else TO_COME
