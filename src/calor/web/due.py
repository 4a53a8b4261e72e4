"""What is due today at a person's sites: visits in their window, the overdue, and reports of serious events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from calor.web import served
from calor.web.calendar import Planned, calendar, latest
from calor.web.capture.models import AdverseEvent, VisitRecord
from calor.web.models import Allocation
from calor.web.seriousness import Deadline, deadlines
from calor.web.services import adverse_events


@dataclass(frozen=True)
class Owed:
    """A report that is not sent.

    Attributes:
        event: The serious event.
        deadline: The report.
        late: Whether its time is over.
    """

    event: Any
    deadline: Deadline
    late: bool


def visits_due(trial: Any, sites: Sequence[Any]) -> list[tuple[str, Planned]]:
    """Return who and which visit is open now, withdrawals left out; the window that closes first stands first."""
    allocations = Allocation.objects.filter(
        trial=trial, participant__site__in=sites, participant__withdrawal=None
    ).select_related("participant")
    records: dict[int, list[Any]] = {}
    for row in VisitRecord.objects.filter(participant__trial=trial, participant__site__in=sites):
        records.setdefault(row.participant_id, []).append(row)
    today, protocol = timezone.now().date(), served.protocol()
    found = [
        (allocation.participant.identifier, planned)
        for allocation in allocations
        for planned in calendar(protocol, allocation.at, latest(records.get(allocation.participant_id, ())), today)
        if planned.open
    ]
    return sorted(found, key=lambda pair: (pair[1].days_left, pair[0]))


def reports_due(trial: Any, sites: Sequence[Any]) -> list[Owed]:
    """Return the reports of serious events that were not sent, the most urgent first."""
    now = timezone.now()
    rows = AdverseEvent.objects.filter(participant__trial=trial, participant__site__in=sites)
    newest: dict[tuple[int, int], Any] = {}
    for row in rows.select_related("participant").order_by("version"):
        newest[row.participant_id, row.number] = row
    owed = [
        Owed(event, one, one.overdue(now))
        for event in newest.values()
        if event.criteria
        for one in deadlines(event, adverse_events.sent(event))
        if one.sent is None
    ]
    return sorted(owed, key=lambda one: one.deadline.due)
