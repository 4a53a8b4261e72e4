"""Find what a request names, for those who may do there what it asks; for all others it is absent."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from calor.web.models import Participant, Site, Trial
from calor.web.permissions import PERMITTED, Action, can, held

LARGEST = 2**63 - 1  # no database counts further


def trial(request: HttpRequest, code: str) -> Any:
    """Return the trial if the request's action is the person's in the trial, or at one of its sites.

    Raises:
        Http404: It is absent, or the person may not: the two answers are the same.
    """
    found = Trial.objects.filter(code=code).first() if _sane(code) else None
    if found is None or not PERMITTED[_action(request)] & held(request.user, found).keys():
        raise Http404
    return found


def site(request: HttpRequest, code: str, site_code: str) -> Any:
    """Return a site if the request's action is the person's there.

    Raises:
        Http404: It is absent, or the person may not.
    """
    found = None
    if _sane(code, site_code):
        found = Site.objects.filter(trial__code=code, code=site_code).select_related("trial").first()
    if found is None or not can(request.user, _action(request), found.trial, found):
        raise Http404
    return found


def participant(request: HttpRequest, code: str, identifier: str) -> Any:
    """Return a participant if the request's action is the person's at the participant's site.

    Raises:
        Http404: It is absent, or the person may not.
    """
    found = None
    if _sane(code, identifier):
        participants = Participant.objects.filter(trial__code=code, identifier=identifier)
        found = participants.select_related("trial", "site__trial").first()
    if found is None or not can(request.user, _action(request), found.trial, found.site):
        raise Http404
    return found


def of(request: HttpRequest, records: Any, code: str, number: int) -> Any:
    """Return one of a trial's records that hang on a participant, under the participant's own rule.

    Args:
        request: The request.
        records: The records to look among; each leads to its participant by `participant`.
        code: The trial's code.
        number: The record's number.

    Raises:
        Http404: It is absent, or the person may not.
    """
    found = records.filter(participant__trial__code=code, pk=min(number, LARGEST)) if _sane(code) else records.none()
    record = found.first()
    if record is None:
        raise Http404
    participant(request, code, record.participant.identifier)
    return record


def _action(request: HttpRequest) -> Action:
    declared: Action = request.resolver_match.func.action[request.method]
    return declared


def _sane(*texts: str) -> bool:
    return not any("\0" in text for text in texts)  # PostgreSQL has no such text
