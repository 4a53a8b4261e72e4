"""Record adverse events in the site's own words, their reports, and concomitant medication."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from calor.errors import ConductError
from calor.web.audit import save_audited
from calor.web.capture.models import AdverseEvent, Medication, SafetyReport
from calor.web.permissions import Action, check
from calor.web.seriousness import CRITERIA, deadlines
from calor.web.services.alerts import raise_alerts
from calor.web.services.harm import judge_harm
from calor.web.services.hold import hold
from calor.web.services.versions import add_version

FATAL = 5


@dataclass(frozen=True)
class Event:
    """An adverse event as somebody tells it.

    Attributes:
        term: In the site's words.
        onset: First day.
        grade: CTCAE grade, 1 to 5.
        learned_at: When the site learned of it.
        ended: Last day; None while it lasts.
        criteria: What makes it serious, of `seriousness.CRITERIA`; none where it is not.
        infection: Whether it is an infection.
        related: Whether a relation to the treatment is possible.
        expected: Whether the reference safety information lists it.
    """

    term: str
    onset: date
    grade: int
    learned_at: datetime
    ended: date | None = None
    criteria: Sequence[str] = ()
    infection: bool = False
    related: bool = False
    expected: bool = False


@dataclass(frozen=True)
class Drug:
    """A concomitant medication as somebody tells it.

    Attributes:
        name: In the site's words.
        dose: With unit and frequency.
        indication: What for.
        started: First day.
        ended: Last day; None while it lasts.
    """

    name: str
    dose: str
    indication: str
    started: date
    ended: date | None = None


def record_event(
    actor: Any, participant: Any, event: Event, *, number: int | None = None, reason: str = "", seen: int = 0
) -> Any:
    """Record an adverse event, or a further version of one.

    Args:
        actor: A coordinator or investigator of the participant's site.
        participant: The participant.
        event: What happened.
        number: Which of the participant's events is written again; None for a new one.
        reason: Why a version is added.
        seen: Version that the form was filled from.

    Raises:
        ConductError: The actor may not, something contradicts itself, or somebody else wrote in the meantime.
    """
    check(actor, Action.RECORD_EVENT, participant.trial, participant.site)
    _check_event(event)
    with transaction.atomic():
        row = AdverseEvent(
            participant=participant, number=number or _next(AdverseEvent, participant), term=event.term.strip(),
            onset=event.onset, ended=event.ended, grade=event.grade, criteria=list(event.criteria),
            infection=event.infection, related=event.related, expected=event.expected, learned_at=event.learned_at,
            reason=reason.strip(),
        )  # fmt: skip
        add_version(actor, row, seen=seen, action=Action.RECORD_EVENT)
        raise_alerts(participant)
        # After the commit, since another process may do it; if that fails, the next event has it judged again.
        transaction.on_commit(partial(judge_harm, participant.trial), robust=True)
    return row


def report_serious(actor: Any, event: Any, kind: str) -> Any:
    """Note that a report of a serious event was sent now.

    Raises:
        ConductError: The actor may not, or the event owes no such report, or it was sent.
    """
    participant = event.participant
    check(actor, Action.REPORT_SERIOUS, participant.trial, participant.site)
    with transaction.atomic():
        hold(pk=participant.pk)
        owed = {deadline.kind for deadline in deadlines(event, {}) if deadline.kind not in sent(event)}
        if kind not in owed:
            raise ConductError.must("kind", f"be one of {sorted(owed)}", kind, fix="Reload: it may have been sent.")
        record = SafetyReport(event=event, kind=kind, by=actor, at=timezone.now())
        save_audited(record, chain=participant.trial.code, actor=actor.username, action=Action.REPORT_SERIOUS)
    return record


def sent(event: Any) -> dict[str, datetime]:
    """Return when each report of an event, in any version, was sent."""
    mine = SafetyReport.objects.filter(event__participant=event.participant_id, event__number=event.number)
    return dict(mine.values_list("kind", "at"))


def record_medication(
    actor: Any, participant: Any, drug: Drug, *, number: int | None = None, reason: str = "", seen: int = 0
) -> Any:
    """Record a concomitant medication, or a further version of one.

    Raises:
        ConductError: The actor may not, the days contradict, or somebody else wrote in the meantime.
    """
    check(actor, Action.RECORD_MEDICATION, participant.trial, participant.site)
    _check_days(drug.started, drug.ended)
    with transaction.atomic():
        row = Medication(
            participant=participant, number=number or _next(Medication, participant), name=drug.name.strip(),
            dose=drug.dose.strip(), indication=drug.indication.strip(), started=drug.started, ended=drug.ended,
            reason=reason.strip(),
        )  # fmt: skip
        return add_version(actor, row, seen=seen, action=Action.RECORD_MEDICATION)


def _check_event(event: Event) -> None:
    _check_days(event.onset, event.ended)
    if not event.term.strip():
        raise ConductError.must("term", "say what happened", repr(event.term), fix="Use the participant's words.")
    if event.grade not in range(1, FATAL + 1):
        raise ConductError.must("grade", "be 1 to 5", event.grade, fix="See CTCAE.")
    if (event.grade == FATAL) != ("death" in event.criteria):
        raise ConductError.must(
            "grade", "be 5 where, and only where, the event was fatal", event.grade, fix="See both."
        )
    if unknown := set(event.criteria) - set(CRITERIA):
        raise ConductError.must("criteria", f"be of {', '.join(CRITERIA)}", sorted(unknown), fix="See ICH E2A.")
    if event.learned_at > timezone.now() or event.learned_at.date() < event.onset:
        rule = "lie between the onset and now"
        raise ConductError.must("learned_at", rule, event.learned_at, fix="Give when the site learned of it.")


def _check_days(first: date, last: date | None) -> None:
    if first > timezone.now().date() or (last or first) > timezone.now().date():
        raise ConductError.must("day", "not lie in the future", last or first, fix="Record what has happened.")
    if last is not None and last < first:
        raise ConductError.must("ended", "not lie before the first day", last, fix="Look at both days.")


def _next(model: Any, participant: Any) -> int:
    hold(pk=participant.pk)
    return int(model.objects.filter(participant=participant, version=1).count()) + 1
