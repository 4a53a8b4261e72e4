"""Alerts that go to a person."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from calor.web.api import captured, find
from calor.web.api.interface import stands_for
from calor.web.pages.alerts import routed
from calor.web.pages.visitor import Visitor
from calor.web.permissions import Action
from calor.web.services import alerts as service

router = Router()


@router.get("/trials/{trial}/alerts", response=list[captured.Alert])
@stands_for(Action.ENTER)
def alerts(request: HttpRequest, trial: str) -> Any:
    """List the alerts that go to you and that blinded people may read, newest first."""
    return _listed(request, trial, secret=False)


@router.post("/trials/{trial}/alerts/{int:number}/acknowledgement", response=captured.Written)
@stands_for(Action.ACKNOWLEDGE)
def acknowledge(request: HttpRequest, trial: str, number: int, body: captured.NewDeed) -> Any:
    """Take an alert up."""
    return {"at": service.acknowledge(request.user, _mine(request, trial, number, secret=False), done=body.done).at}


@router.get("/trials/{trial}/withheld-alerts", response=list[captured.Alert])
@stands_for(Action.VIEW_WITHHELD)
def withheld_alerts(request: HttpRequest, trial: str) -> Any:
    """List the alerts that could reveal an arm, for the unblinded."""
    return _listed(request, trial, secret=True)


@router.post("/trials/{trial}/withheld-alerts/{int:number}/acknowledgement", response=captured.Written)
@stands_for(Action.ACKNOWLEDGE_WITHHELD)
def acknowledge_withheld(request: HttpRequest, trial: str, number: int, body: captured.NewDeed) -> Any:
    """Take such an alert up."""
    alert = _mine(request, trial, number, secret=True)
    return {"at": service.acknowledge_withheld(request.user, alert, done=body.done).at}


def _routed(request: HttpRequest, trial: str, *, secret: bool) -> list[Any]:
    visitor = Visitor(request.user, find.trial(request, trial))
    return [row for row in routed(visitor) if row.secret == secret]


def _listed(request: HttpRequest, trial: str, *, secret: bool) -> list[dict[str, Any]]:
    return [
        {
            "alert": row.pk, "participant": row.participant.identifier if row.participant else None,
            "text": row.text, "action": row.action, "at": row.at,
            "done": row.acknowledgement.done if hasattr(row, "acknowledgement") else None,
        }
        for row in _routed(request, trial, secret=secret)
    ]  # fmt: skip


def _mine(request: HttpRequest, trial: str, number: int, *, secret: bool) -> Any:
    for row in _routed(request, trial, secret=secret):
        if row.pk == number and row.mine:
            return row
    raise Http404
