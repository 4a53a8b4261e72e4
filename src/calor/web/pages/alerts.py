"""Alerts: what the rules found, for those it goes to; each is taken up by somebody."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import redirect, render

from calor.web.capture.models import Alert, WithheldAlert
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import alerts as service


@page(Action.ENTER)
def alerts(request: Any) -> Any:
    """List the alerts that go to the person, the open ones first."""
    found = routed(request.visitor)
    waiting = [alert for alert in found if not hasattr(alert, "acknowledgement")]
    done = [alert for alert in found if hasattr(alert, "acknowledgement")]
    return render(request, "alerts.html", {"waiting": waiting, "done": done[:50]})


@page(Action.ACKNOWLEDGE, "POST")
def acknowledge(request: Any, number: int) -> Any:
    """Take an alert up."""
    return _take_up(request, number, secret=False)


@page(Action.ACKNOWLEDGE_WITHHELD, "POST")
def acknowledge_withheld(request: Any, number: int) -> Any:
    """Take a withheld alert up."""
    return _take_up(request, number, secret=True)


def routed(visitor: Any, participant: Any = None) -> list[Any]:
    """Return the alerts that go to a person (about one participant), newest first; withheld ones to few."""
    models = (Alert, WithheldAlert) if visitor.may(Action.VIEW_WITHHELD) else (Alert,)
    found = []
    for model in models:
        rows = model.objects.filter(trial=visitor.trial).select_related("participant__site", "acknowledgement__by")
        rows = rows if participant is None else rows.filter(participant=participant)
        for row in rows:
            site = row.participant.site if row.participant else None
            places = {place for role in row.roles for place in visitor.roles.get(role, ())}
            if None in places or (site is not None and site.pk in places):
                row.secret = model is WithheldAlert
                action = Action.ACKNOWLEDGE_WITHHELD if row.secret else Action.ACKNOWLEDGE
                row.mine = visitor.may(action, site)
                row.leads = site is not None and visitor.may(Action.VIEW, site)  # the board has no participants' pages
                found.append(row)
    return sorted(found, key=lambda row: row.at, reverse=True)


def _take_up(request: Any, number: int, *, secret: bool) -> Any:
    alert = next((row for row in routed(request.visitor) if row.secret == secret and row.pk == number), None)
    if alert is None or not alert.mine:
        raise Http404
    take_up = service.acknowledge_withheld if secret else service.acknowledge
    take_up(request.user, alert, done=request.POST.get("done", ""))
    return redirect("alerts")
