"""Record visits: on a day of the window, or with the reason why not."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from calor.errors import ConductError
from calor.web import served
from calor.web.capture.models import VisitRecord
from calor.web.models import Allocation
from calor.web.permissions import Action, check
from calor.web.services.accounts import check_reason
from calor.web.services.versions import add_version
from calor.web.study_day import study_day


def record_visit(actor: Any, participant: Any, visit: str, *, on: date | None, reason: str = "", seen: int = 0) -> Any:
    """Record that a visit took place, or did not.

    Args:
        actor: A coordinator or investigator of the participant's site.
        participant: The participant.
        visit: The visit's id in the protocol.
        on: The day; None where the visit did not take place.
        reason: Why the day lies outside the window, why there was no visit, or why a record is corrected.
        seen: Version that the form was filled from.

    Raises:
        ConductError: The actor may not, nobody was randomized, the day lies in the future, a reason is missing, or
            somebody else wrote in the meantime.
        ProtocolError: There is no such visit.
    """
    check(actor, Action.RECORD_VISIT, participant.trial, participant.site)
    planned, randomized = served.protocol().visit(visit), randomized_at(participant)
    if on is not None and on > timezone.now().date():
        raise ConductError.must("on", "not lie in the future", on, fix="Record a visit when it has taken place.")
    if needs_reason(planned, randomized, on):
        check_reason(reason)
    record = VisitRecord(participant=participant, visit=visit, on=on, reason=reason.strip())
    return add_version(actor, record, seen=seen, action=Action.RECORD_VISIT)


def needs_reason(planned: Any, randomized: Any, on: date | None) -> bool:
    """Say whether a visit on a day needs a reason: it lies outside the window, or there was none."""
    return on is None or not planned.holds(study_day(on, randomized))


def randomized_at(participant: Any) -> Any:
    """Return when a participant was randomized.

    Raises:
        ConductError: The participant was not.
    """
    allocation = Allocation.objects.filter(participant=participant).first()
    if allocation is None:
        fix = "Visits are counted from randomization."
        raise ConductError.must("participant", "have been randomized", participant.identifier, fix=fix)
    return allocation.at
