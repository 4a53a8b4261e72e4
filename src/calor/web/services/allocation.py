"""Register a participant, and give the next place of the list and a kit: once, in order, whatever happens.

Locks are taken in one order everywhere: participant, stratum, site, audit head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.audit import save_audited
from calor.web.encryption import open_arm
from calor.web.models import Allocation, DrawnList, Kit, Participant, Site, Slot, StratumHead
from calor.web.permissions import Action, can, check
from calor.web.services.corrections import effective


@dataclass(frozen=True)
class Allocated:
    """What a blinded person is told of an allocation.

    Attributes:
        participant: Study identifier.
        kit: Number of the kit to hand out.
        at: Server's time of allocation, UTC.
    """

    participant: str
    kit: str
    at: str


def register(actor: Any, site: Any, identifier: str, *, stratum: str, consent_version: str, eligible: bool) -> Any:
    """Record a participant under the study identifier.

    Raises:
        ConductError: The actor may not, the identifier is taken or blank, or the stratum is not the trial's.
    """
    trial = site.trial
    check(actor, Action.REGISTER, trial, site)
    if not identifier.strip() or Participant.objects.filter(trial=trial, identifier=identifier).exists():
        raise ConductError.must("identifier", "be new in the trial", repr(identifier), fix="Look the participant up.")
    _check_stratum(trial, stratum)
    participant = Participant(
        trial=trial,
        site=site,
        identifier=identifier,
        stratum=stratum,
        consent_version=consent_version,
        eligible=eligible,
        at=timezone.now(),
    )
    save_audited(participant, chain=trial.code, actor=actor.username, action=Action.REGISTER)
    return participant


def allocate(actor: Any, trial: Any, identifier: str, *, key: str) -> Allocated:
    """Give a participant the next place of the stratum's list and a kit of its arm.

    Asked again for the same participant, it tells the same allocation: a lost answer or a double click costs nothing.

    Args:
        actor: A coordinator or investigator of the participant's site.
        trial: The trial.
        identifier: The participant's study identifier.
        key: The request's own key; one that belonged to another participant is refused.

    Raises:
        ConductError: The actor may not; the participant is unknown, not eligible or has not consented; the list is
            exhausted; no kit is left. No place is used then.
    """
    participant = Participant.objects.filter(trial=trial, identifier=identifier).select_related("site").first()
    if participant is None or not can(actor, Action.ALLOCATE, trial, participant.site):
        # One answer for a participant of another site and for none, so that nobody can find out who exists.
        rule = "hold a role that may allocate at the site of a registered participant"
        fix = "Check the identifier, register the participant, or ask the administrator for the role."
        raise ConductError.must("user", rule, f"{actor.username} for {identifier}", fix=fix)
    if not key.strip() or len(key) > 80:
        raise ConductError.must("key", "have 1 to 80 characters", f"{len(key)}", fix="Send a new UUID per request.")
    try:
        with transaction.atomic(durable=True):  # what is told has been committed
            return _told(_existing(participant, key) or _allocate(actor, participant, key))
    except IntegrityError as error:  # another participant took the same key in the same instant
        raise ConductError.must("key", "be new", "one in use", fix="Send a new UUID and ask again.") from error


def _existing(participant: Any, key: str) -> Any:
    Participant.objects.select_for_update().get(pk=participant.pk)
    for allocation in Allocation.objects.filter(trial=participant.trial_id, key=key):
        if allocation.participant_id != participant.pk:
            raise ConductError.must("key", "be new", "one in use", fix="Send a new UUID and ask again.")
    return Allocation.objects.filter(participant=participant).first()


def _allocate(actor: Any, participant: Any, key: str) -> Any:
    trial, now = participant.trial, effective(participant)
    if not now["eligible"] or not now["consent_version"]:
        fix = "Record eligibility and consent first."
        raise ConductError.must("participant", "be eligible and have consented", participant.identifier, fix=fix)
    if not DrawnList.objects.filter(trial=trial).exists():
        raise ConductError.must("trial", "have an active list", trial.code, fix="Ask the administrator to activate it.")
    head = StratumHead.objects.select_for_update().get(trial=trial, stratum=now["stratum"])
    slot = Slot.objects.filter(trial=trial, stratum=head.stratum, position=head.next_position).first()
    if slot is None:
        fix = "Call the trial's statistician; nothing has been allocated."
        raise ConductError.must("list", "have a place left", "none in this stratum", fix=fix)
    allocation = Allocation(
        trial=trial,
        participant=participant,
        slot=slot,
        kit=_kit(participant.site_id, trial.code, slot),
        stratum=slot.stratum,
        position=slot.position,
        key=key,
        by=actor,
        at=timezone.now(),
    )
    head.next_position += 1
    head.save(update_fields=("next_position",))
    save_audited(allocation, chain=trial.code, actor=actor.username, action=Action.ALLOCATE)
    return allocation


def _kit(site: int, trial: str, slot: Any) -> Any:
    """Return an unused kit of the place's arm, the first by number, which is random."""
    Site.objects.select_for_update().get(pk=site)
    arm = open_arm(slot.sealed_arm, trial, "slot", slot.stratum, slot.position)
    for kit in Kit.objects.filter(delivery__site=site, allocation=None).order_by("number"):
        if open_arm(kit.sealed_arm, trial, "kit", kit.number) == arm:
            return kit
    fix = "Call the pharmacy; nothing has been allocated."
    raise ConductError.must("kits", "be in stock at the site", "too few", fix=fix)


def _told(allocation: Any) -> Allocated:
    return Allocated(allocation.participant.identifier, allocation.kit.number, allocation.at.isoformat())


def _check_stratum(trial: Any, stratum: str) -> None:
    if not StratumHead.objects.filter(trial=trial, stratum=stratum).exists():
        raise ConductError.must("stratum", "be one of the trial's", stratum, fix="Activate the list, or look it up.")
