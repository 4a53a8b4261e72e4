"""Queries about the data: asked by the monitor, answered by the site, closed by the monitor."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import redirect, render

from calor.web.capture.models import Query
from calor.web.pages.page import page
from calor.web.permissions import Action
from calor.web.services import queries as service


@page(Action.VIEW)
def queries(request: Any) -> Any:
    """List the queries of the person's sites, the unfinished first."""
    rows = seen_by(request.visitor)
    context = {
        "waiting": [row for row in rows if row.status != service.CLOSED],
        "closed": [row for row in rows if row.status == service.CLOSED][:50],
        "may_ask": request.visitor.may(Action.ASK),
    }
    return render(request, "queries.html", context)


@page(Action.ASK, "POST")
def ask(request: Any, identifier: str) -> Any:
    """Ask about a participant."""
    participant = request.visitor.participant(identifier, Action.ASK)
    service.ask(request.user, participant, about=request.POST.get("about", "")[:80], text=request.POST.get("text", ""))
    return redirect("queries")


@page(Action.ANSWER, "POST")
def answer(request: Any, number: int) -> Any:
    """Answer a query."""
    service.answer(request.user, _found(request, number, Action.ANSWER), text=request.POST.get("text", ""))
    return redirect("queries")


@page(Action.CLOSE, "POST")
def close(request: Any, number: int) -> Any:
    """Close a query."""
    service.close(request.user, _found(request, number, Action.CLOSE), text=request.POST.get("text", ""))
    return redirect("queries")


def seen_by(visitor: Any, participant: Any = None) -> list[Any]:
    """Return the queries that a person may see, each with its status and what the person may do."""
    rows = Query.objects.filter(participant__trial=visitor.trial).select_related("participant__site", "by")
    rows = rows if participant is None else rows.filter(participant=participant)
    found = []
    for row in rows.prefetch_related("steps__by").order_by("-at"):
        if visitor.may(Action.VIEW, row.participant.site):
            row.status = service.status(row)
            unfinished = row.status != service.CLOSED
            row.may_answer = unfinished and visitor.may(Action.ANSWER, row.participant.site)
            row.may_close = unfinished and visitor.may(Action.CLOSE, row.participant.site)
            found.append(row)
    return found


def _found(request: Any, number: int, action: Action) -> Any:
    row = (
        Query.objects.filter(pk=number, participant__trial=request.visitor.trial).select_related("participant").first()
    )
    if row is None or not request.visitor.may(action, row.participant.site):
        raise Http404
    return row
