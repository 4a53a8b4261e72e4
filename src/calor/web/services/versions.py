"""Write a further version of something, unless somebody else wrote one in the meantime."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.audit import save_audited
from calor.web.services.accounts import check_reason
from calor.web.services.hold import hold


def newest(model: Any, participant: Any, **key: object) -> Any:
    """Return the latest version of a thing, or None."""
    return model.objects.filter(participant=participant, **key).select_related("by").order_by("-version").first()


def add_version(actor: Any, record: Any, *, seen: int, action: str) -> Any:
    """Save a record as the version after the one that its author saw.

    Args:
        actor: Who writes; the service before has checked that this may be.
        record: The record, without version, author and time.
        seen: Version that the author's form was filled from; 0 where there was none.
        action: For the audit trail.

    Raises:
        ConductError: There is a later version, or a correction gives no reason.
    """
    participant = record.participant
    with transaction.atomic():
        hold(pk=participant.pk)
        last = newest(type(record), participant, **dict(zip(record.KEY, record.key, strict=True)))
        return add_after(last, actor, record, seen=seen, action=action)


def add_after(last: Any, actor: Any, record: Any, *, seen: int, action: str, audited_reason: bool = True) -> Any:
    """Save a record after the version that now stands, in the caller's transaction, which holds the participant.

    Args:
        last: The version that stands, or None.
        actor: Who writes.
        record: The record, as for `add_version`.
        seen: Version that the author's form was filled from.
        action: For the audit trail.
        audited_reason: Whether the audit trail repeats the reason; the blinded read the trail.

    Raises:
        ConductError: As `add_version`.
    """
    found = 0 if last is None else last.version
    if found != seen:
        fix = "See what changed, and send it again if it still holds."
        raise ConductError.must("form", "be filled from the latest version", f"version {seen}", fix=fix)
    if last is not None:
        check_reason(record.reason)
    record.version, record.by, record.at = found + 1, actor, timezone.now()
    reason = record.reason if audited_reason else ""
    chain = record.participant.trial.code
    save_audited(record, chain=chain, actor=actor.username, action=action, reason=reason)
    return record
