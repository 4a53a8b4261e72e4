"""Register a participant, and give the next place of the list and a kit: once, in order, whatever happens.

Locks are taken in one order everywhere: the trial's line, participant, stratum or whole trial, site, audit head. They
leave alone the keys that other rows point to (`no_key`), which PostgreSQL looks at when it commits, out of turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from calor.errors import ConductError
from calor.web.allocator import with_arms
from calor.web.audit import save_audited
from calor.web.database import in_turn
from calor.web.encryption import open_arm, open_slot
from calor.web.models import (
    Allocation,
    Kit,
    Participant,
    PersonDigest,
    Site,
    Slot,
    StratumHead,
    Withdrawal,
)
from calor.web.permissions import Action, Role, can, check
from calor.web.persons import Person
from calor.web.services.adaptive import next_slot
from calor.web.services.corrections import effective
from calor.web.services.hold import hold
from calor.web.services.notices import notify
from calor.web.services.plans import WHOLE_TRIAL, ListPlan, Plan, active_plan, check_stratum


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


def register(
    actor: Any,
    site: Any,
    identifier: str,
    *,
    stratum: str,
    consent_version: str,
    eligible: bool,
    person: Person | None = None,
) -> Any:
    """Record a participant under the study identifier.

    Args:
        actor: A coordinator or investigator of the site.
        site: Where the participant is seen.
        identifier: Study identifier.
        stratum: Of the trial's strata.
        consent_version: Version of the consent that was signed; blank where none was.
        eligible: Whether all criteria are met.
        person: What identifies the person, to find out whether she takes part already; only keyed digests are kept.

    Raises:
        ConductError: The actor may not, the identifier is taken or no plain word, the stratum is not the trial's, or
            the person takes part already, at whatever site.
    """
    trial = site.trial
    check(actor, Action.REGISTER, trial, site)
    _check_word("identifier", identifier)
    check_stratum(trial, stratum)
    participant = Participant(
        trial=trial, site=site, identifier=identifier, stratum=stratum, consent_version=consent_version,
        eligible=eligible, at=timezone.now(),
    )  # fmt: skip
    digests = [] if person is None else person.digests(trial.code)
    try:
        with transaction.atomic():
            save_audited(participant, chain=trial.code, actor=actor.username, action=Action.REGISTER)
            for digest in digests:
                record = PersonDigest(trial=trial, participant=participant, digest=digest)
                save_audited(record, chain=trial.code, actor=actor.username, action="note person")
    except IntegrityError as error:
        if Participant.objects.filter(trial=trial, identifier=identifier).exists():
            fix = "Look the participant up."
            raise ConductError.must("identifier", "be new in the trial", repr(identifier), fix=fix) from error
        text = f"Someone whom site {site.code} wanted to register takes part already. Ask the site."
        notify(actor, trial, (Role.ADMINISTRATOR,), text)
        fix = "Ask the trial's administrator, who has been told; nobody is registered twice."
        raise ConductError.must("person", "be new in the trial", "one who takes part", fix=fix) from error
    return participant


@with_arms(asked=True)
def allocate(actor: Any, trial: Any, identifier: str, *, key: str, shown: str | None = None) -> Allocated:
    """Give a participant the next place and a kit of its arm.

    Asked again for the same participant, it tells the same allocation: a lost answer or a double click costs nothing.

    Args:
        actor: A coordinator or investigator of the participant's site.
        trial: The trial.
        identifier: The participant's study identifier.
        key: The request's own key; one that belonged to another participant is refused.
        shown: The stratum as the person saw it; where it has changed since, nothing is done.

    Raises:
        ConductError: The actor may not; the participant is unknown, not eligible, has not consented or has withdrawn;
            the stratum is not the one shown; the list is exhausted; no kit is left. No place is used then.
    """
    participant = Participant.objects.filter(trial=trial, identifier=identifier).select_related("site", "trial").first()
    if participant is None or not can(actor, Action.ALLOCATE, trial, participant.site):
        # One answer for a participant of another site and for none, so that nobody can find out who exists.
        rule = "hold a role that may allocate at the site of a registered participant"
        fix = "Check the identifier, register the participant, or ask the administrator for the role."
        raise ConductError.must("user", rule, f"{actor.username} for {identifier}", fix=fix)
    if not key.strip() or len(key) > 80:
        raise ConductError.must("key", "have 1 to 80 characters", f"{len(key)}", fix="Send a new UUID per request.")
    plan = active_plan(trial)  # it never changes, so it is read before others have to wait
    try:
        with in_turn(f"allocate in {trial.code}"):  # what is told has been committed
            return _told(_existing(participant, key) or _allocate(actor, participant, plan, key, shown))
    except IntegrityError as error:  # another participant took the same key in the same instant
        raise ConductError.must("key", "be new", "one in use", fix="Send a new UUID and ask again.") from error


def _existing(participant: Any, key: str) -> Any:
    hold(pk=participant.pk)
    found = None
    for allocation in Allocation.objects.filter(Q(trial=participant.trial_id, key=key) | Q(participant=participant)):
        if allocation.participant_id != participant.pk:
            raise ConductError.must("key", "be new", "one in use", fix="Send a new UUID and ask again.")
        found = allocation
    return found


def _allocate(actor: Any, participant: Any, plan: Plan, key: str, shown: str | None) -> Any:
    trial, now = participant.trial, effective(participant)
    _check_ready(participant, now, shown)
    slot = _slot(trial, plan, now["stratum"])
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
    save_audited(allocation, chain=trial.code, actor=actor.username, action=Action.ALLOCATE)
    if plan.length - slot.position - 1 == plan.length // 10:
        # Neither how many places are left nor how blocks lie.
        which = f"The list of stratum {slot.stratum}" if isinstance(plan, ListPlan) else "The list of random elements"
        notify(actor, trial, (Role.ADMINISTRATOR, Role.PHARMACIST), f"{which} is nearly used up.")
    return allocation


def _check_ready(participant: Any, now: dict[str, Any], shown: str | None) -> None:
    if not now["eligible"] or not now["consent_version"]:
        fix = "Record eligibility and consent first."
        raise ConductError.must("participant", "be eligible and have consented", participant.identifier, fix=fix)
    if Withdrawal.objects.filter(participant=participant).exists():
        fix = "Nobody is allocated after that."
        raise ConductError.must("consent", "not be withdrawn", participant.identifier, fix=fix)
    if shown is not None and shown != now["stratum"]:
        fix = "Look at the participant again; nothing has been allocated."
        raise ConductError.must("stratum", f"be as it now is, {now['stratum']}", shown, fix=fix)


def _slot(trial: Any, plan: Plan, stratum: str) -> Any:
    """Return the next place for a stratum, and count it as given."""
    heads = StratumHead.objects.select_for_update()
    if isinstance(plan, ListPlan):
        head = heads.get(trial=trial, stratum=stratum)
        slot = Slot.objects.filter(trial=trial, stratum=stratum, position=head.next_position).first()
    else:
        head = heads.get(trial=trial, stratum=WHOLE_TRIAL)
        slot = next_slot(trial, plan, head.next_position, stratum)
    if slot is None:
        fix = "Call the trial's statistician; nothing has been allocated."
        raise ConductError.must("list", "have a place left", "none in this stratum", fix=fix)
    head.next_position += 1
    head.save(update_fields=("next_position",))
    return slot


def _kit(site: int, trial: str, slot: Any) -> Any:
    """Return an unused kit of the place's arm, the first by number, which is random."""
    Site.objects.select_for_update(no_key=True).get(pk=site)
    arm = open_slot(slot, trial)
    kits = Kit.objects.filter(delivery__site=site, allocation=None).order_by("number")
    # All are opened, so that the time it takes does not tell how many of the other arm came first.
    sealed = kits.values_list("pk", "number", "sealed_arm")
    suiting = [pk for pk, number, content in sealed if open_arm(content, trial, "kit", number) == arm]
    if suiting:
        return Kit.objects.defer("sealed_arm").get(pk=suiting[0])
    fix = "Call the pharmacy; nothing has been allocated."
    raise ConductError.must("kits", "be in stock at the site", "too few", fix=fix)


def _told(allocation: Any) -> Allocated:
    return Allocated(allocation.participant.identifier, allocation.kit.number, allocation.at.isoformat())


def _check_word(argument: str, word: str) -> None:
    if not word.strip() or len(word) > 40 or "/" in word or not word.isprintable():
        fix = "Take letters, digits and hyphens."
        raise ConductError.must(argument, "be 1 to 40 plain characters without a slash", repr(word), fix=fix)
