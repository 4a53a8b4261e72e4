"""A trial in which everything that can be captured was captured once, beside the participant's randomization."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.web.running_trial import Running, open_running_trial

from calor.web.capture.models import Alert, Query, WithheldAlert
from calor.web.models import Participant
from calor.web.permissions import Role
from calor.web.services import adverse_events, alerts, laboratory, queries, visits
from calor.web.services.adverse_events import Drug, Event
from calor.web.services.laboratory import Typed

FOLDER = Path(__file__).parents[2] / "examples/ivory"
LABELS = ["Placebo", "Aldesleukin"]  # the protocol's own
CANARY, SECRET_REASON, SECRET_DEED = "7.314159265", "canary of a reason", "canary of a deed"
FORMULA = '=HYPERLINK("http://localhost/","see")'
PARTICIPANTS = ("01-001", "01-002", "01-003", "01-004")  # the last one without a visit
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
DAY_12 = START.date() + timedelta(days=11)


def open_captured_trial(monkeypatch: pytest.MonkeyPatch) -> Running:
    """Open the example's trial (its folder must be served) with four participants, a block, randomized 20 days ago."""
    with monkeypatch.context() as patched:
        patched.setattr("django.utils.timezone.now", lambda: START)
        running = open_running_trial(code="IVORY", arms=LABELS)
        for identifier in PARTICIPANTS:
            running.register(identifier)
            running.allocate(identifier)
    _follow(running)
    return running


def participant(identifier: str = "01-001") -> Any:
    """Return a participant."""
    return Participant.objects.select_related("trial", "site").get(identifier=identifier)


def _follow(running: Running) -> None:
    one, coordinator = participant(), running.people[Role.COORDINATOR]
    visits.record_visit(coordinator, one, "V1", on=START.date() - timedelta(days=3))
    for identifier in PARTICIPANTS[:3]:
        visits.record_visit(coordinator, participant(identifier), "V3", on=START.date())
    visits.record_visit(coordinator, one, "V8", on=DAY_12)
    laboratory.record_values(coordinator, one, "V1", {"hs_crp": Typed("6.2"), "alt": Typed("25", 40)})
    laboratory.record_values(coordinator, one, "V3", {"hs_crp": Typed("4.4"), "troponin_i": Typed("12")})
    high = {"alt": Typed("140", 40), "bilirubin": Typed("60", 20)}
    laboratory.record_values(coordinator, one, "V8", high)
    laboratory.record_values(coordinator, one, "V8", {"alt": Typed("141", 40, seen=1)}, reason="Misread")
    unblinded = running.people[Role.UNBLINDED_MONITOR]
    laboratory.record_withheld(unblinded, one, "V8", {"eosinophils": Typed(CANARY, 0.5), "hs_crp": Typed("<0.2")})
    again = {"eosinophils": Typed(f"{CANARY}0", 0.5, seen=1)}
    laboratory.record_withheld(unblinded, one, "V8", again, reason=SECRET_REASON)
    learned = START + timedelta(days=5)
    fever = Event(FORMULA, learned.date(), 3, learned, criteria=["hospital"], related=True)
    serious = adverse_events.record_event(coordinator, one, fever)
    adverse_events.report_serious(coordinator, serious, "24 hours")
    adverse_events.record_event(coordinator, one, Event("Rash", DAY_12, 1, START + timedelta(days=12), ended=DAY_12))
    adverse_events.record_medication(coordinator, one, Drug("Aspirin", "75 mg", "Prevention", START.date()))
    queries.ask(running.people[Role.MONITOR], one, about="Day 12", text="-2 or 2?")
    queries.answer(coordinator, Query.objects.get(), text="2")
    queries.close(running.people[Role.MONITOR], Query.objects.get())
    alerts.acknowledge(running.people[Role.INVESTIGATOR], Alert.objects.filter(rule="liver").get(), done="Called her")
    alerts.acknowledge_withheld(unblinded, WithheldAlert.objects.first(), done=SECRET_DEED)
