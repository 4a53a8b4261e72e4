"""One participant: what is due, what the alerts say, visits, events, medication and queries."""

from __future__ import annotations

from typing import Any

from django.shortcuts import render
from django.utils import timezone

from calor.web import scans as core_laboratory
from calor.web import served
from calor.web.calendar import calendar, latest, taking_part
from calor.web.capture.models import AdverseEvent, Medication, VisitRecord
from calor.web.models import Allocation, Withdrawal
from calor.web.pages.alerts import routed
from calor.web.pages.events import proposals
from calor.web.pages.page import page
from calor.web.pages.queries import seen_by
from calor.web.pages.time_line import has_time_line
from calor.web.permissions import Action
from calor.web.seriousness import deadlines
from calor.web.services import adverse_events
from calor.web.services.corrections import effective
from calor.web.services.queries import CLOSED
from calor.web.study_day import study_day


@page(Action.VIEW)
def participant(request: Any, identifier: str) -> Any:
    """Show a participant."""
    visitor = request.visitor
    found = visitor.participant(identifier)
    site, now = found.site, timezone.now()
    allocation = (
        Allocation.objects.filter(participant=found).select_related("kit", "by").defer("kit__sealed_arm").first()
    )
    withdrawal = Withdrawal.objects.filter(participant=found).select_related("by").first()
    may_see = visitor.may(Action.VIEW_WITHHELD, site)
    may_event = visitor.may(Action.RECORD_EVENT, site)
    context = {
        "participant": found,
        "now": effective(found),
        "allocation": allocation,
        "today": study_day(now, allocation.at) if allocation else None,
        "time_line": has_time_line(found),
        "scans": core_laboratory.scans(found, after_baseline=may_see),
        "may_see": may_see,
        "visits": _visits(found, allocation, withdrawal),
        "alerts": [alert for alert in routed(visitor, found) if not hasattr(alert, "acknowledgement")],
        "events": _events(found),
        "medication": sorted(
            latest(Medication.objects.filter(participant=found)).values(), key=lambda row: row.started, reverse=True
        ),
        "proposals": proposals(found, may_see=may_see) if allocation else [],
        "queries": [query for query in seen_by(visitor, found) if query.status != CLOSED],
        "may_event": may_event,
        "may_medicate": visitor.may(Action.RECORD_MEDICATION, site),
        "may_ask": visitor.may(Action.ASK, site),
        "may_withdraw": visitor.may(Action.WITHDRAW, site),
        "may_unblind": visitor.may(Action.UNBLIND, site),
        "withdrawal": withdrawal,
    }
    return render(request, "participant.html", context)


def _visits(participant: Any, allocation: Any, withdrawal: Any) -> Any:
    if allocation is None:
        return ()
    records = latest(VisitRecord.objects.filter(participant=participant))
    planned = calendar(served.protocol(), allocation.at, records, timezone.now().date())
    return taking_part(planned, withdrawal and withdrawal.at.date())


def _events(participant: Any) -> list[tuple[Any, bool]]:
    """Return the events, the last first, each with whether a report is owed."""
    rows = latest(AdverseEvent.objects.filter(participant=participant)).values()
    owing = {
        row.number: any(one.sent is None for one in deadlines(row, adverse_events.sent(row)))
        for row in rows
        if row.criteria
    }
    return [(row, owing.get(row.number, False)) for row in sorted(rows, key=lambda row: row.onset, reverse=True)]
