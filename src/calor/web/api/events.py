"""Adverse events and concomitant medication of a participant."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from calor.web.api import captured, find
from calor.web.api.interface import stands_for
from calor.web.api.participants import ONE
from calor.web.api.visits import versioned
from calor.web.calendar import latest
from calor.web.capture.models import AdverseEvent, Medication
from calor.web.permissions import Action
from calor.web.seriousness import deadlines
from calor.web.services import adverse_events as service

router = Router()


@router.get(ONE + "/events", response=list[captured.Event])
@stands_for(Action.VIEW)
def events(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List a participant's adverse events as they now stand, with the reports that they owe."""
    rows = _standing(AdverseEvent, find.participant(request, trial, identifier))
    names = (
        "number", "term", "onset", "ended", "grade", "criteria", "infection", "related", "expected", "learned_at",
    )  # fmt: skip
    return [
        versioned(row)
        | {name: getattr(row, name) for name in names}
        | {"reports": [vars(one) for one in deadlines(row, service.sent(row))]}
        for row in rows
    ]


@router.post(ONE + "/events", response=captured.Written)
@stands_for(Action.RECORD_EVENT)
def new_event(request: HttpRequest, trial: str, identifier: str, body: captured.NewEvent) -> Any:
    """Record an adverse event."""
    return _write_event(request, find.participant(request, trial, identifier), body, None)


@router.post(ONE + "/events/{int:number}", response=captured.Written)
@stands_for(Action.RECORD_EVENT)
def event(request: HttpRequest, trial: str, identifier: str, number: int, body: captured.NewEvent) -> Any:
    """Write a further version of an adverse event."""
    row = _numbered(AdverseEvent, find.participant(request, trial, identifier), number)
    return _write_event(request, row.participant, body, number)


@router.post(ONE + "/events/{int:number}/reports", response=captured.Written)
@stands_for(Action.REPORT_SERIOUS)
def report(request: HttpRequest, trial: str, identifier: str, number: int, body: captured.NewReport) -> Any:
    """Note that a report of a serious event was sent."""
    row = _numbered(AdverseEvent, find.participant(request, trial, identifier), number)
    return {"at": service.report_serious(request.user, row, body.kind).at}


@router.get(ONE + "/medication", response=list[captured.Medication])
@stands_for(Action.VIEW)
def medication(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List a participant's medication as it now stands."""
    names = ("number", "name", "dose", "indication", "started", "ended")
    rows = _standing(Medication, find.participant(request, trial, identifier))
    return [versioned(row) | {name: getattr(row, name) for name in names} for row in rows]


@router.post(ONE + "/medication", response=captured.Written)
@stands_for(Action.RECORD_MEDICATION)
def new_medication(request: HttpRequest, trial: str, identifier: str, body: captured.NewMedication) -> Any:
    """Record a medication."""
    return _write_medication(request, find.participant(request, trial, identifier), body, None)


@router.post(ONE + "/medication/{int:number}", response=captured.Written)
@stands_for(Action.RECORD_MEDICATION)
def change_medication(
    request: HttpRequest, trial: str, identifier: str, number: int, body: captured.NewMedication
) -> Any:
    """Write a further version of a medication."""
    row = _numbered(Medication, find.participant(request, trial, identifier), number)
    return _write_medication(request, row.participant, body, number)


def _write_event(request: HttpRequest, participant: Any, body: captured.NewEvent, number: int | None) -> Any:
    told, event = _parts(body, service.Event)
    return _written(service.record_event(request.user, participant, event, number=number, **told))


def _write_medication(request: HttpRequest, participant: Any, body: captured.NewMedication, number: int | None) -> Any:
    told, drug = _parts(body, service.Drug)
    return _written(service.record_medication(request.user, participant, drug, number=number, **told))


def _parts(body: Any, kind: Any) -> tuple[dict[str, Any], Any]:
    """Return what says how it is written, and what is told."""
    told = body.dict()
    return {name: told.pop(name) for name in ("reason", "seen")}, kind(**told)


def _written(row: Any) -> dict[str, Any]:
    return {"at": row.at, "version": row.version, "number": row.number}


def _standing(model: Any, participant: Any) -> list[Any]:
    rows = model.objects.filter(participant=participant).select_related("by").order_by("pk")
    return list(latest(rows).values())


def _numbered(model: Any, participant: Any, number: int) -> Any:
    rows = model.objects.filter(participant=participant, number=number).order_by("-version")
    row = rows.select_related("participant__trial", "participant__site").first()
    if row is None:
        raise Http404
    return row
