"""Today: how recruitment stands, and what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.shortcuts import render
from django.utils import timezone

from calor.web import due, screening, served
from calor.web.capture.models import Consent
from calor.web.models import Allocation, Notice
from calor.web.pages.alerts import routed
from calor.web.pages.page import page
from calor.web.pages.queries import seen_by
from calor.web.pages.worklist import candidates
from calor.web.permissions import Action
from calor.web.recruitment import plan
from calor.web.services.queries import CLOSED

_SHOWN = 12


@page(Action.ENTER)
def dashboard(request: Any) -> Any:
    """Show what a person has to do today."""
    visitor = request.visitor
    now, planned = timezone.now(), served.protocol().trial.planned_size
    allocated = Allocation.objects.filter(trial=visitor.trial)
    done, pace = allocated.count(), plan(visitor.trial)
    context = {
        "planned": planned,
        "done": done,
        "pace": pace,
        "by_plan": pace and pace.by(now.date()),
        "share": round(100 * min(done / planned, 1)),
        "last_four_weeks": allocated.filter(at__gte=now - timedelta(weeks=4)).count(),
        "notices": Notice.objects.filter(trial=visitor.trial, role__in=list(visitor.roles)).order_by("-at")[:5],
        "alerts": [alert for alert in routed(visitor) if not hasattr(alert, "acknowledgement")][:5],
        **_to_follow(visitor),
        **_to_enroll(visitor),
    }
    return render(request, "dashboard.html", context)


def _to_follow(visitor: Any) -> dict[str, Any]:
    """Return the visits and reports that are due at the person's sites, and the queries that wait for the person."""
    context: dict[str, Any] = {}
    sites = visitor.sites_for(Action.RECORD_VISIT)
    if sites:
        visits = due.visits_due(visitor.trial, sites)
        context |= {
            "follows": True,
            "visits": visits[:_SHOWN],
            "more_visits": max(len(visits) - _SHOWN, 0),
            "reports": due.reports_due(visitor.trial, sites),
        }
    if visitor.may(Action.ANSWER) or visitor.may(Action.CLOSE):
        waiting = [query for query in seen_by(visitor) if query.status != CLOSED]
        context["queries"] = [query for query in waiting if query.may_answer or query.status == "answered"]
    return context


def _to_enroll(visitor: Any) -> dict[str, Any]:
    """Return the most urgent candidates, and those who consented and wait for randomization."""
    site = served.records_site(visitor.trial)
    if site is None or not visitor.may(Action.SCREEN, site):
        return {}
    table = screening.worklist()
    rows = [] if table is None else candidates(table, site)
    return {
        "screening": True,
        "urgent": sorted(
            (row for row in rows if row["days_left"] is not None and row["days_left"] <= 7),
            key=lambda row: (row["days_left"], row["rank"]),
        )[:5],
        "waiting": Consent.objects.filter(site=site, enrollment=None).order_by("signed_on"),
    }
