"""What happened to the demonstration's participants after randomization: visits, values, events; all made up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from calor.protocol.biomarkers import Biomarker
from calor.protocol.protocol import Protocol
from calor.protocol.visits import Visit
from calor.simulate.ivory_labs import COURSES, NORMAL
from calor.web.calendar import withheld
from calor.web.capture.models import AdverseEvent
from calor.web.encryption import open_slot
from calor.web.models import Allocation
from calor.web.permissions import Role
from calor.web.services import adverse_events, laboratory, queries, visits
from calor.web.services.adverse_events import Drug, Event
from calor.web.services.laboratory import Typed
from calor.web.study_day import date_of

Step = tuple[datetime, Callable[[], object]]
# Typical levels without drug, and the upper limit of normal where there is one.
_LEVELS = {"HSCRP": 3.0, "IL6": 2.6, "TNIHS": 12.0, "EOS": 0.18, "TREG": 6.0, "ALT": 26.0, "AST": 24.0, "BILI": 10.0}
_UPPER = {"ALT": 40.0, "AST": 40.0, "BILI": 20.0} | {code: high for code, (_, high) in NORMAL.items()}
# Who (in the order of randomization) has which unusual value at which visit.
_UNUSUAL = {
    (14, "V12", "ALT"): 178.0, (14, "V12", "AST"): 131.0, (14, "V12", "BILI"): 47.0, (9, "V8", "EOS"): 1.9,
}  # fmt: skip
_EVENTS = {
    2: ("Injection site reaction", 3, 6, 1), 4: ("Fatigue", 9, 5, 1), 6: ("Headache", 4, 1, 1),
    9: ("Fever", 6, 2, 1), 11: ("Upper respiratory tract infection", 15, 7, 2), 15: ("Nausea", 5, 2, 1),
    18: ("Injection site reaction", 2, 5, 2),
}  # fmt: skip
# Of those under the drug, so many of the first get what interleukin 2 does, so that a limit for harm is reached.
_ACTIVATED = ("Influenza-like illness", "Fever", "Influenza-like illness", "Fever", "Fever", "Influenza-like illness")
_SERIOUS, _SKIPPED, _ASKED = 19, {(5, "V10"), (12, "V12")}, 7


def follow_up(
    protocol: Protocol,
    people: dict[Any, Any],
    found: Callable[[], Any],
    number: int,
    randomized: datetime,
    now: datetime,
) -> Iterator[Step]:
    """Return what is recorded of one participant until now, each step with its time.

    Args:
        protocol: The protocol.
        people: The demonstration's people by role.
        found: Finds the participant, once randomized.
        number: The how-manieth participant.
        randomized: When.
        now: Until when.
    """
    coordinator, rng = people[Role.COORDINATOR], np.random.default_rng([61, number])
    yield randomized + timedelta(minutes=40), lambda: _medication(coordinator, found(), randomized)
    for visit in protocol.visits:
        day = visit.day if visit.day <= 1 else int(rng.integers(visit.window[0], visit.window[1] + 1))
        at = max(datetime.combine(date_of(day, randomized), randomized.timetz()), randomized) + timedelta(hours=1)
        if at.date() < now.date() and (number, visit.id) not in _SKIPPED:
            yield at, lambda visit=visit, day=day: _visit(protocol, people, found(), number, visit, day, rng)  # type: ignore[misc]
    if number in _EVENTS:
        term, first, lasts, grade = _EVENTS[number]
        event = _event(term, grade, randomized, first, lasts)
        at = event.learned_at + timedelta(hours=1)
        if at < now:
            yield at, lambda: adverse_events.record_event(coordinator, found(), event)
    if randomized + timedelta(days=8) < now:
        yield randomized + timedelta(days=8), lambda: _activated(coordinator, protocol, found(), number, randomized)
    if number == _SERIOUS:
        learned = now - timedelta(hours=3)
        serious = Event("Chest pain, kept in hospital overnight", learned.date(), 3, learned, criteria=["hospital"])
        yield learned + timedelta(hours=1), lambda: adverse_events.record_event(coordinator, found(), serious)
    if number == _ASKED:
        text = "The window of Day 5 had one more day. Is the day of the visit right?"
        asked = now - timedelta(days=2)
        yield asked, lambda: queries.ask(people[Role.MONITOR], found(), about="Day 5", text=text)


def _visit(
    protocol: Protocol, people: dict[Any, Any], participant: Any, number: int, visit: Visit, day: int,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    allocation = Allocation.objects.select_related("slot").get(participant=participant)
    on = date_of(day, allocation.at)
    treated = _is_treated(protocol, allocation)
    analytes = [b for b in protocol.biomarkers if b.id in visit.measures]
    typed = {b.id: Typed(_told(b, number, visit, treated, rng), _UPPER.get(b.paramcd)) for b in analytes}
    secret = {b.id for b in analytes if withheld(b, visit, allocation.at, on)}
    with transaction.atomic():
        visits.record_visit(people[Role.COORDINATOR], participant, visit.id, on=on)
        for hidden, actor, record in (
            (False, Role.COORDINATOR, laboratory.record_values),
            (True, Role.UNBLINDED_MONITOR, laboratory.record_withheld),
        ):
            mine = {name: value for name, value in typed.items() if (name in secret) == hidden}
            if mine:
                record(people[actor], participant, visit.id, mine)


def _told(biomarker: Biomarker, number: int, visit: Visit, treated: bool, rng: np.random.Generator) -> str:
    """Make up a value as a laboratory prints it."""
    code = biomarker.paramcd
    course = COURSES.get(code)
    days = (1, 5, 12, 26, 40, 54, 61)
    drug = course.drug[days.index(visit.day)] if course and treated and visit.day in days else 1.0
    acute = 3.0 if code == "HSCRP" and visit.day <= 1 else 1.0
    value = _LEVELS[code] * drug * acute * float(np.exp(rng.normal(0, course.noise if course else 0.2)))
    value = _UNUSUAL.get((number, visit.id, code), value)
    limit = biomarker.limit_of_detection
    decimals = course.decimals if course else 0
    return f"<{limit:g}" if limit and value < limit else f"{value:.{decimals}f}"


def _is_treated(protocol: Protocol, allocation: Any) -> bool:
    return protocol.arms[open_slot(allocation.slot, allocation.trial.code)].role == "active"


def _activated(actor: Any, protocol: Protocol, participant: Any, number: int, randomized: datetime) -> None:
    """Record an event of the group that the protocol's limit for harm counts, for the first few under the drug."""
    allocations = Allocation.objects.filter(trial=participant.trial).select_related("slot", "trial").order_by("at")
    treated = [one.participant_id for one in allocations if _is_treated(protocol, one)]
    events = AdverseEvent.objects.filter(participant__in=treated, term__in=set(_ACTIVATED))
    had = set(events.values_list("participant_id", flat=True))
    if number != _SERIOUS and participant.pk in set(treated) - had and len(had) < len(_ACTIVATED):
        event = _event(_ACTIVATED[len(had)], 1 + len(had) % 2, randomized, 3, 3)
        adverse_events.record_event(actor, participant, event)


def _event(term: str, grade: int, randomized: datetime, first: int, lasts: int) -> Event:
    onset = date_of(first, randomized)
    learned = datetime.combine(onset + timedelta(days=lasts), randomized.timetz())
    return Event(
        term, onset, grade, learned, ended=onset + timedelta(days=lasts), infection="infection" in term,
        related=term.startswith("Injection"), expected=term.startswith("Injection"),
    )  # fmt: skip


def _medication(actor: Any, participant: Any, randomized: datetime) -> None:
    since = date_of(-1, randomized)
    for name, dose, what in (
        ("Atorvastatin", "80 mg once daily", "Secondary prevention"),
        ("Aspirin", "75 mg once daily", "Secondary prevention"),
    ):
        adverse_events.record_medication(actor, participant, Drug(name, dose, what, since))
