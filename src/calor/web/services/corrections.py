"""Corrections and signatures: what was recorded stays, what is right is added and signed by another person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.access import authenticate_again
from calor.web.audit import name_of, save_audited
from calor.web.models import Correction, Signature
from calor.web.permissions import Action, check
from calor.web.services.accounts import check_reason
from calor.web.services.hold import hold
from calor.web.services.plans import check_stratum
from calor.web.signatures import corrections_that_count, signable_digest

CORRECTABLE = {"stratum": str, "consent_version": str, "eligible": bool}


def effective(participant: Any) -> dict[str, Any]:
    """Return a participant's values with the corrections that count; allocations made before are never recomputed."""
    return effective_all([participant])[0]


def effective_all(participants: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the same for many participants, in two queries however many they are."""
    values = {one.pk: {field: getattr(one, field) for field in CORRECTABLE} for one in participants}
    corrections = list(Correction.objects.filter(participant__in=participants).order_by("pk"))
    for correction in corrections_that_count(corrections):
        values[correction.participant_id][correction.field] = correction.new
    return [values[one.pk] for one in participants]


def correct(actor: Any, participant: Any, field: str, new: object, *, reason: str) -> Any:
    """Add a corrected value, which counts once another person has signed it.

    Raises:
        ConductError: The actor may not, the reason is blank, or the field or value does not suit.
    """
    trial = participant.trial
    check(actor, Action.CORRECT, trial, participant.site)
    check_reason(reason)
    if field not in CORRECTABLE or type(new) is not CORRECTABLE[field]:
        rule = f"be one of {', '.join(CORRECTABLE)}, with a value of its kind"
        raise ConductError.must("field", rule, field, fix="Everything else is kept as it was recorded.")
    if field == "stratum":
        check_stratum(trial, new)
    with transaction.atomic():
        hold(pk=participant.pk)
        correction = Correction(
            participant=participant,
            field=field,
            old=effective(participant)[field],
            new=new,
            reason=reason,
            by=actor,
            at=timezone.now(),
        )
        save_audited(correction, chain=trial.code, actor=actor.username, action=Action.CORRECT, reason=reason)
    return correction


def sign_correction(actor: Any, correction: Any, *, username: str, password: str) -> Any:
    """Sign another person's correction, so that it counts.

    Raises:
        ConductError: The actor may not, made the correction, or gave another's name or password.
    """
    participant = correction.participant
    check(actor, Action.SIGN_CORRECTION, participant.trial, participant.site)
    if correction.by_id == actor.pk:
        rule = "be another person than the one who made the correction"
        raise ConductError.must("signer", rule, actor.username, fix="Ask another investigator.")
    authenticate_again(actor, username, password)
    return _sign(actor, participant, correction, "I approve this correction")


def sign(actor: Any, participant: Any, *, meaning: str, username: str, password: str) -> Any:
    """Sign a participant's record as it now is.

    Raises:
        ConductError: The actor may not, gave no meaning, or gave another's name or password.
    """
    check(actor, Action.SIGN, participant.trial, participant.site)
    if not meaning.strip():
        raise ConductError.must("meaning", "say what is signed", repr(meaning), fix='For example "I reviewed this".')
    authenticate_again(actor, username, password)
    return _sign(actor, participant, participant, meaning)


def store_signature(actor: Any, trial: Any, record: Any, meaning: str) -> Any:
    """Store a signature under a record as it now is, in the caller's transaction; name and password were checked."""
    signature = Signature(
        trial=trial,
        record=name_of(record),
        record_digest=signable_digest(record),
        by=actor,
        printed_name=actor.last_name,
        meaning=meaning,
        at=timezone.now(),
    )
    save_audited(signature, chain=trial.code, actor=actor.username, action=Action.SIGN, reason=meaning)
    return signature


def _sign(actor: Any, participant: Any, record: Any, meaning: str) -> Any:
    with transaction.atomic():
        hold(pk=participant.pk)  # no correction slips in between
        return store_signature(actor, participant.trial, record, meaning)
