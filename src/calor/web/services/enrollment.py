"""From candidate to participant: consent, eligibility judged again at the click, randomization, kit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web import served
from calor.web.audit import save_audited
from calor.web.capture.models import Consent, EligibilityCheck, Enrollment
from calor.web.models import Participant, Site
from calor.web.permissions import Action, check
from calor.web.screening import Judged
from calor.web.services.allocation import Allocated, allocate, register


def consent(actor: Any, site: Any, person: int, *, version: str, signed_on: date) -> Any:
    """Record that a candidate consented.

    Raises:
        ConductError: The actor may not, the candidate consented before, or version or day cannot be.
    """
    check(actor, Action.CONSENT, site.trial, site)
    if not version.strip():
        raise ConductError.must("version", "name the consent form", repr(version), fix="It stands at its foot.")
    if signed_on > timezone.now().date():
        raise ConductError.must("signed_on", "not lie in the future", signed_on, fix="Give the day of the signature.")
    with transaction.atomic():
        Site.objects.select_for_update(no_key=True).get(pk=site.pk)
        if Consent.objects.filter(site=site, person=person).exists():
            raise ConductError.must("candidate", "consent once", person, fix="Reload: it has been recorded.")
        record = Consent(
            trial=site.trial, site=site, person=person, version=version, signed_on=signed_on, by=actor,
            at=timezone.now(),
        )  # fmt: skip
        save_audited(record, chain=site.trial.code, actor=actor.username, action=Action.CONSENT)
    return record


def randomize(
    actor: Any, given: Any, judged: Judged, *, confirmed: Mapping[str, bool], stratum: str, key: str
) -> Allocated:
    """Make a participant of a consenting candidate who is eligible now, and allocate.

    The check is stored whatever it says. Asked again for the same candidate, the same allocation is told.

    Args:
        actor: A coordinator or investigator of the site.
        given: The candidate's consent.
        judged: The machine's criteria, judged on the records a moment ago.
        confirmed: The protocol's other criteria by id: whether the actor says that they are kept.
        stratum: The stratum of the list.
        key: The request's own key.

    Raises:
        ConductError: The actor may not, or a criterion is not met; or allocation is refused (the participant then
            stands registered, and asking again goes on).
    """
    check(actor, Action.ALLOCATE, given.trial, given.site)
    enrolled = Enrollment.objects.filter(consent=given).select_related("participant").first()
    if enrolled is not None:
        return allocate(actor, given.trial, enrolled.participant.identifier, key=key)
    made = EligibilityCheck(
        consent=given,
        status=judged.status,
        answers=[asdict(answer) for answer in judged.answers],
        confirmed=dict(confirmed),
        records_as_of=timezone.now().date(),
        by=actor,
        at=timezone.now(),
    )
    kept = judged.status == "eligible" and all(confirmed.get(rule.id) for rule in served.protocol().eligibility)
    with transaction.atomic():
        # Before the audit trail is taken, as whoever allocates does: the other way round two would wait in a circle.
        Site.objects.select_for_update(no_key=True).get(pk=given.site_id)
        save_audited(made, chain=given.trial.code, actor=actor.username, action="check eligibility")
        participant = _registered(actor, given, made, stratum) if kept else None
    if participant is None:
        fix = "Nobody was randomized; see which criterion is not met."
        raise ConductError.must("candidate", "meet every criterion now", judged.status, fix=fix)
    return allocate(actor, given.trial, participant.identifier, key=key)


def _registered(actor: Any, given: Any, made: Any, stratum: str) -> Any:
    """Register the next participant of the locked site; of two clicks at once the second finds the first's."""
    enrolled = Enrollment.objects.filter(consent=given).select_related("participant").first()
    if enrolled is not None:
        return enrolled.participant
    number = Participant.objects.filter(site=given.site).count() + 1
    participant = register(
        actor,
        given.site,
        f"{given.site.code}-{number:03d}",
        stratum=stratum,
        consent_version=given.version,
        eligible=True,
    )
    record = Enrollment(consent=given, check_made=made, participant=participant, at=timezone.now())
    save_audited(record, chain=given.trial.code, actor=actor.username, action="enroll")
    return participant
