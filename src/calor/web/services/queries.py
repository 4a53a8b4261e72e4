"""Queries: the monitor asks, the site answers, the monitor closes."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.audit import save_audited
from calor.web.capture.models import Query, QueryStep
from calor.web.permissions import Action, check
from calor.web.services.accounts import check_reason
from calor.web.services.hold import hold

ANSWER, CLOSE = "answer", "close"
OPEN, ANSWERED, CLOSED = "open", "answered", "closed"


def ask(actor: Any, participant: Any, *, about: str, text: str) -> Any:
    """Ask the site about a participant's data.

    Raises:
        ConductError: The actor may not, or asks nothing.
    """
    check(actor, Action.ASK, participant.trial, participant.site)
    check_reason(text)
    query = Query(participant=participant, about=about.strip(), text=text.strip(), by=actor, at=timezone.now())
    save_audited(query, chain=participant.trial.code, actor=actor.username, action=Action.ASK)
    return query


def answer(actor: Any, query: Any, *, text: str) -> Any:
    """Answer a query that is not closed.

    Raises:
        ConductError: The actor may not, says nothing, or the query is closed.
    """
    check(actor, Action.ANSWER, query.participant.trial, query.participant.site)
    check_reason(text)
    return _step(actor, query, ANSWER, text, Action.ANSWER)


def close(actor: Any, query: Any, *, text: str = "") -> Any:
    """Close a query that is not closed.

    Raises:
        ConductError: The actor may not, or it is closed.
    """
    check(actor, Action.CLOSE, query.participant.trial, query.participant.site)
    return _step(actor, query, CLOSE, text, Action.CLOSE)


def status(query: Any) -> str:
    """Return open, answered or closed."""
    kinds = [step.kind for step in query.steps.all()]
    return CLOSED if CLOSE in kinds else ANSWERED if kinds else OPEN


def _step(actor: Any, query: Any, kind: str, text: str, action: str) -> Any:
    with transaction.atomic():
        hold(pk=query.participant_id)
        if QueryStep.objects.filter(query=query, kind=CLOSE).exists():
            raise ConductError.must("query", "be open", "a closed one", fix="Ask again, if there is more to ask.")
        step = QueryStep(query=query, kind=kind, text=text.strip(), by=actor, at=timezone.now())
        save_audited(step, chain=query.participant.trial.code, actor=actor.username, action=action)
    return step
