"""Who is told an arm: the pharmacist who prepares it, and the investigator in an emergency."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.access import authenticate_again
from calor.web.allocator import with_arms
from calor.web.audit import append, name_of, save_audited
from calor.web.encryption import open_slot
from calor.web.models import Allocation, AssessmentClosing, ImpactAssessment, Unblinding
from calor.web.permissions import Action, Role, check
from calor.web.services.accounts import check_reason
from calor.web.services.corrections import store_signature
from calor.web.services.hold import hold
from calor.web.services.notices import notify

TOLD_OF_UNBLINDING = (Role.MONITOR, Role.ADMINISTRATOR, Role.SAFETY_BOARD)
ALARM_AFTER, ALARM_WITHIN = 5, timedelta(hours=1)


@with_arms(asked=False)
def read_arm(actor: Any, participant: Any) -> str:
    """Tell the unblinded pharmacist a participant's arm; each reading is written to the audit trail first.

    Raises:
        ConductError: The actor may not, or nothing is allocated.
    """
    check(actor, Action.READ_ARM, participant.trial, participant.site)
    allocation = _allocation(participant)
    chain = participant.trial.code
    append(chain, actor=actor.username, action=Action.READ_ARM, record=name_of(allocation))
    return _arm(allocation)


@with_arms(asked=True)
def unblind(actor: Any, participant: Any, *, confirm: str, reason: str, username: str, password: str) -> str:
    """Tell an investigator one participant's arm in an emergency; it needs nobody else's presence.

    The unblinding, its notices and the impact assessment it owes are stored before the arm is told.

    Args:
        actor: An investigator of the participant's site.
        participant: The one participant.
        confirm: The participant's identifier, typed again.
        reason: Why the arm must be known.
        username: The investigator's name again.
        password: The investigator's password again.

    Raises:
        ConductError: The actor may not, the identifier, name or password differs, the reason is blank, or nothing is
            allocated.
    """
    trial = participant.trial
    check(actor, Action.UNBLIND, trial, participant.site)
    if confirm != participant.identifier:
        fix = "Type the identifier of the one participant to unblind."
        raise ConductError.must("confirm", "repeat the participant's identifier", repr(confirm), fix=fix)
    check_reason(reason)
    authenticate_again(actor, username, password)
    allocation = _allocation(participant)
    now = timezone.now()
    with transaction.atomic(durable=True):  # the arm is told only after its unblinding is stored
        hold(pk=participant.pk)
        unblinding = Unblinding(participant=participant, by=actor, reason=reason, at=now)
        _save(actor, trial, unblinding, Action.UNBLIND, reason)
        _save(actor, trial, ImpactAssessment(unblinding=unblinding, opened_at=now), "open impact assessment")
        text = f"{participant.identifier} was unblinded by {actor.last_name}; an impact assessment is open."
        notify(actor, trial, TOLD_OF_UNBLINDING, text)
        if Unblinding.objects.filter(by=actor, at__gt=now - ALARM_WITHIN).count() >= ALARM_AFTER:
            text = f"{actor.last_name} unblinded {ALARM_AFTER} or more participants within an hour."
            notify(actor, trial, (Role.ADMINISTRATOR,), text, action="alarm")
    return _arm(allocation)


def close_assessment(actor: Any, assessment: Any, *, conclusion: str, username: str, password: str) -> Any:
    """Close the assessment that an unblinding owes: what it concluded, signed.

    Raises:
        ConductError: The actor may not or unblinded the participant, the conclusion is blank, name or password is
            another's, or the assessment is closed.
    """
    unblinding, now = assessment.unblinding, timezone.now()
    trial = unblinding.participant.trial
    check(actor, Action.CLOSE_ASSESSMENT, trial)
    check_reason(conclusion)
    if unblinding.by_id == actor.pk:
        rule = "be another person than the one who unblinded"
        raise ConductError.must("signer", rule, actor.username, fix="Ask another monitor.")
    authenticate_again(actor, username, password)
    with transaction.atomic():
        type(assessment).objects.select_for_update(no_key=True).get(pk=assessment.pk)
        if AssessmentClosing.objects.filter(assessment=assessment).exists():
            raise ConductError.must("assessment", "be open", "a closed one", fix="Its conclusion stands.")
        closing = AssessmentClosing(assessment=assessment, conclusion=conclusion, by=actor, at=now)
        _save(actor, trial, closing, Action.CLOSE_ASSESSMENT, conclusion)
        store_signature(actor, trial, closing, "I assessed the impact of this unblinding")
    return closing


def _save(actor: Any, trial: Any, record: Any, action: str, reason: str = "") -> None:
    save_audited(record, chain=trial.code, actor=actor.username, action=action, reason=reason)


def _allocation(participant: Any) -> Any:
    allocation = Allocation.objects.filter(participant=participant).select_related("slot").first()
    if allocation is None:
        fix = "There is no arm to tell."
        raise ConductError.must("participant", "have an allocation", participant.identifier, fix=fix)
    return allocation


def _arm(allocation: Any) -> str:
    trial = allocation.participant.trial
    return str(trial.arms[open_slot(allocation.slot, trial.code)])
