"""What a person who is blinded may see of a running trial; nothing here is computed from an arm."""

from __future__ import annotations

from typing import Any

from calor.web.audit import moment, name_of
from calor.web.models import (
    ActiveMethod,
    Allocation,
    AuditRow,
    Correction,
    ImpactAssessment,
    Notice,
    Participant,
    Signature,
)
from calor.web.permissions import Action, check, held, sites_for
from calor.web.services.corrections import effective, effective_all
from calor.web.signatures import corrections_that_count, holds

Row = dict[str, Any]


def participants(actor: Any, trial: Any) -> list[Row]:
    """Return the participants of the sites where a person may look, with kit numbers and times.

    Neither place nor list length nor block size is shown: they help to guess.

    Raises:
        ConductError: The actor may look nowhere.
    """
    sites, allocations = sites_for(actor, Action.VIEW, trial), _allocations(trial)
    shown = Participant.objects.filter(site__in=sites).select_related("site").order_by("identifier")
    return [_row(one, now, allocations.get(one.pk)) for one, now in zip(shown, effective_all(shown), strict=True)]


def participant(actor: Any, one: Any) -> Row:
    """Return one participant.

    Raises:
        ConductError: The actor may not look at the participant's site.
    """
    check(actor, Action.VIEW, one.trial, one.site)
    allocation = Allocation.objects.filter(participant=one).select_related("kit").defer("kit__sealed_arm").first()
    return _row(one, effective(one), allocation)


def corrections_of(actor: Any, one: Any) -> list[Row]:
    """Return a participant's corrections, also those that do not count yet.

    Raises:
        ConductError: The actor may not look at the participant's site.
    """
    check(actor, Action.VIEW, one.trial, one.site)
    corrections = list(Correction.objects.filter(participant=one).select_related("by").order_by("pk"))
    counting = corrections_that_count(corrections)
    return [
        {
            "correction": correction.pk,
            "field": correction.field,
            "old": correction.old,
            "new": correction.new,
            "reason": correction.reason,
            "by": correction.by.last_name,
            "at": moment(correction.at),
            "counts": correction in counting,
        }
        for correction in corrections
    ]


def signatures_of(actor: Any, one: Any) -> list[Row]:
    """Return the signatures under a participant's record, and whether it is still as it was signed.

    Raises:
        ConductError: The actor may not look at the participant's site.
    """
    check(actor, Action.VIEW, one.trial, one.site)
    return [
        {
            "signed_by": signature.printed_name,
            "meaning": signature.meaning,
            "at": moment(signature.at),
            "holds": holds(signature, one),
        }
        for signature in Signature.objects.filter(record=name_of(one)).order_by("pk")
    ]


def list_status(actor: Any, trial: Any) -> Row:
    """Say whether the trial can allocate, and since when; neither method nor length, which help to guess."""
    active = ActiveMethod.objects.filter(trial=trial).first()
    return {"active": active is not None, "since": moment(active.at) if active else None}


def notices(actor: Any, trial: Any) -> list[Row]:
    """Return what the holders of a person's roles must be told."""
    told = Notice.objects.filter(trial=trial, role__in=list(held(actor, trial))).order_by("pk")
    return [{"role": notice.role, "text": notice.text, "at": moment(notice.at)} for notice in told]


def assessments(actor: Any, trial: Any) -> list[Row]:
    """Return the assessments that unblindings owe, with what they concluded.

    Raises:
        ConductError: The actor may not.
    """
    check(actor, Action.CLOSE_ASSESSMENT, trial)
    owed = ImpactAssessment.objects.filter(unblinding__participant__trial=trial).order_by("pk")
    return [
        {
            "assessment": each.pk,
            "participant": each.unblinding.participant.identifier,
            "unblinded_by": each.unblinding.by.last_name,
            "reason": each.unblinding.reason,
            "opened_at": moment(each.opened_at),
            "conclusion": getattr(getattr(each, "assessmentclosing", None), "conclusion", None),
        }
        for each in owed.select_related("unblinding__participant", "unblinding__by", "assessmentclosing")
    ]


def audit_rows(actor: Any, trial: Any) -> list[Row]:
    """Return the audit trail as a blinded person may read it, without digests, which cover sealed arms.

    Raises:
        ConductError: The actor may not.
    """
    check(actor, Action.VIEW_AUDIT, trial)
    rows = AuditRow.objects.filter(chain=trial.code).order_by("n")
    names = ("n", "at", "actor", "action", "record", "reason")
    return [{name: str(getattr(row, name)) for name in names} for row in rows]


def _allocations(trial: Any) -> dict[int, Any]:
    # Sealed arms are not read, not even to be passed over: on PostgreSQL the blinded process may not.
    kits = Allocation.objects.select_related("kit").defer("kit__sealed_arm")
    return {allocation.participant_id: allocation for allocation in kits.filter(trial=trial)}


def _row(participant: Any, now: dict[str, Any], allocation: Any) -> Row:
    return {
        "participant": participant.identifier,
        "site": participant.site.code,
        "stratum": now["stratum"],
        "consent_version": now["consent_version"],
        "eligible": "yes" if now["eligible"] else "no",
        "kit": allocation.kit.number if allocation else "not allocated",
        "allocated_at": moment(allocation.at) if allocation else "not allocated",
    }
