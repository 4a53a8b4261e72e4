"""Queries: asked by the monitor, answered by the site, closed by the monitor."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from calor.web.api import captured, find
from calor.web.api.interface import stands_for
from calor.web.api.participants import ONE
from calor.web.capture.models import Query
from calor.web.pages.queries import seen_by
from calor.web.pages.visitor import Visitor
from calor.web.permissions import Action
from calor.web.services import queries as service

router = Router()


@router.get("/trials/{trial}/queries", response=list[captured.Query])
@stands_for(Action.VIEW)
def queries(request: HttpRequest, trial: str) -> Any:
    """List the queries of your sites, newest first."""
    return _listed(seen_by(Visitor(request.user, find.trial(request, trial))))


@router.get(ONE + "/queries", response=list[captured.Query])
@stands_for(Action.VIEW)
def of_participant(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List the queries about a participant."""
    participant = find.participant(request, trial, identifier)
    return _listed(seen_by(Visitor(request.user, participant.trial), participant))


@router.post(ONE + "/queries", response=captured.Written)
@stands_for(Action.ASK)
def ask(request: HttpRequest, trial: str, identifier: str, body: captured.NewQuery) -> Any:
    """Ask the site about a participant's data."""
    row = service.ask(request.user, find.participant(request, trial, identifier), **body.dict())
    return {"at": row.at, "number": row.pk}


@router.post("/trials/{trial}/queries/{int:number}/answer", response=captured.Written)
@stands_for(Action.ANSWER)
def answer(request: HttpRequest, trial: str, number: int, body: captured.NewStep) -> Any:
    """Answer a query."""
    return {"at": service.answer(request.user, _found(request, trial, number), text=body.text).at}


@router.post("/trials/{trial}/queries/{int:number}/closing", response=captured.Written)
@stands_for(Action.CLOSE)
def close(request: HttpRequest, trial: str, number: int, body: captured.NewStep) -> Any:
    """Close a query."""
    return {"at": service.close(request.user, _found(request, trial, number), text=body.text).at}


def _found(request: HttpRequest, trial: str, number: int) -> Any:
    rows = Query.objects.select_related("participant__trial", "participant__site")
    return find.of(request, rows, trial, number)


def _listed(rows: list[Any]) -> list[dict[str, Any]]:
    return [
        {
            "query": row.pk, "participant": row.participant.identifier, "about": row.about, "text": row.text,
            "status": row.status, "by": row.by.last_name, "at": row.at,
            "steps": [
                {"kind": step.kind, "text": step.text, "by": step.by.last_name, "at": step.at}
                for step in row.steps.all()
            ],
        }
        for row in rows
    ]  # fmt: skip
