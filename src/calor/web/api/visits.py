"""Visits of a participant, and the laboratory values taken at them."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Router

from calor.web import served
from calor.web.api import captured, find
from calor.web.api.interface import stands_for
from calor.web.api.participants import ONE
from calor.web.calendar import calendar, latest
from calor.web.capture.models import LabValue, VisitRecord, WithheldValue
from calor.web.permissions import Action
from calor.web.services import laboratory
from calor.web.services import visits as service
from calor.web.services.laboratory import Typed

router = Router()


@router.get(ONE + "/visits", response=list[captured.Visit])
@stands_for(Action.VIEW)
def visits(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List a participant's visits with their windows."""
    participant = find.participant(request, trial, identifier)
    protocol, randomized = served.protocol_of(participant.trial), service.randomized_at(participant)
    records = latest(VisitRecord.objects.filter(participant=participant))
    return [
        {
            "visit": one.visit.id, "label": one.visit.label, "planned": one.planned, "opens": one.opens,
            "closes": one.closes, "status": one.status, "on": one.record.on if one.record else None,
            "version": one.record.version if one.record else 0,
        }
        for one in calendar(protocol, randomized, records, timezone.now().date())
    ]  # fmt: skip


@router.post(ONE + "/visits/{visit}", response=captured.Written)
@stands_for(Action.RECORD_VISIT)
def record_visit(request: HttpRequest, trial: str, identifier: str, visit: str, body: captured.NewVisit) -> Any:
    """Record that a visit took place, or did not."""
    participant = _at(request, trial, identifier, visit)
    row = service.record_visit(request.user, participant, visit, **body.dict())
    return {"at": row.at, "version": row.version}


@router.get(ONE + "/values", response=list[captured.Value])
@stands_for(Action.VIEW)
def values(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List the laboratory values that blinded people may see, as they now stand."""
    return _values(find.participant(request, trial, identifier), LabValue)


@router.post(ONE + "/visits/{visit}/values", response=captured.Written)
@stands_for(Action.RECORD_VALUE)
def record_values(request: HttpRequest, trial: str, identifier: str, visit: str, body: captured.NewValues) -> Any:
    """Record laboratory values of a visit."""
    participant = _at(request, trial, identifier, visit)
    laboratory.record_values(request.user, participant, visit, _typed(body), reason=body.reason)
    return {"at": timezone.now()}


@router.get(ONE + "/withheld", response=list[captured.Value])
@stands_for(Action.VIEW_WITHHELD)
def withheld(request: HttpRequest, trial: str, identifier: str) -> Any:
    """List the values that could reveal the arm, for the unblinded."""
    return _values(find.participant(request, trial, identifier), WithheldValue)


@router.post(ONE + "/visits/{visit}/withheld", response=captured.Written)
@stands_for(Action.RECORD_WITHHELD)
def record_withheld(request: HttpRequest, trial: str, identifier: str, visit: str, body: captured.NewValues) -> Any:
    """Record values that could reveal the arm."""
    participant = _at(request, trial, identifier, visit)
    laboratory.record_withheld(request.user, participant, visit, _typed(body), reason=body.reason)
    return {"at": timezone.now()}


def _at(request: HttpRequest, trial: str, identifier: str, visit: str) -> Any:
    participant = find.participant(request, trial, identifier)
    if visit not in {one.id for one in served.protocol_of(participant.trial).visits}:
        raise Http404
    return participant


def _typed(body: captured.NewValues) -> dict[str, Typed]:
    return {name: Typed(**value.dict()) for name, value in body.values.items()}


def _values(participant: Any, model: Any) -> list[dict[str, Any]]:
    units = {biomarker.id: biomarker.unit for biomarker in served.protocol_of(participant.trial).biomarkers}
    rows = latest(model.objects.filter(participant=participant).select_related("by").order_by("pk"))
    names = ("visit", "biomarker", "told", "value", "below", "upper")
    return [
        versioned(row) | {name: getattr(row, name) for name in names} | {"unit": units.get(row.biomarker, "")}
        for row in rows.values()
    ]


def versioned(row: Any) -> dict[str, Any]:
    """Return which version a row is, by whom and since when."""
    return {"version": row.version, "reason": row.reason, "by": row.by.last_name, "at": row.at}
