"""Two people on one record: the second sees what changed and loses nothing typed; visits are in test_follow_up.py."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone
from tests.web.captured_trial import PARTICIPANTS, open_captured_trial
from tests.web.routes import signed_in
from tests.web.running_trial import Running
from tests.web.test_follow_up import FOLDER

from calor.web.capture.models import AdverseEvent, Medication
from calor.web.models import Participant
from calor.web.permissions import Role
from calor.web.services import adverse_events, queries

WHO = PARTICIPANTS[-1]  # about whom nothing is recorded yet
EVENTS, DRUGS = f"/participants/{WHO}/events/1/", f"/participants/{WHO}/medication/1/"


@pytest.fixture
def running(on_sqlite: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The captured trial."""
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        yield open_captured_trial(monkeypatch)


@pytest.fixture
def participant(running: Running) -> Any:
    return Participant.objects.select_related("trial", "site").get(identifier=WHO)


def _two(running: Running) -> tuple[Client, Client]:
    return signed_in(running.people[Role.COORDINATOR]), signed_in(running.people["second"])


def _filled(client: Client, address: str) -> dict[str, Any]:
    form = client.get(address).context["form"]
    return {field.name: value for field in form if (value := field.value()) not in (None, "", False, [])}


@pytest.mark.parametrize(
    ("address", "model", "changes", "told", "kept"),
    [
        (
            EVENTS,
            AdverseEvent,
            ({"term": "Fever and chills", "reason": "Said so later"}, {"grade": 3, "reason": "Admitted"}),
            "What happened: was Fever, now Fever and chills",
            {"grade": "3", "reason": "Admitted"},
        ),
        (
            DRUGS,
            Medication,
            ({"dose": "100 mg", "reason": "Read from the pack"}, {"dose": "300 mg", "reason": "Asked the doctor"}),
            "Dose: was 75 mg, now 100 mg",
            {"dose": "300 mg", "reason": "Asked the doctor"},
        ),
    ],
)
def test_the_second_sees_what_changed_and_sends_the_same_again(
    running: Running, participant: Any, address: str, model: Any, changes: Any, told: str, kept: dict[str, str]
) -> None:
    _recorded(running, participant)
    first, second = _two(running)
    begun = _filled(second, address)
    assert first.post(address, _filled(first, address) | changes[0]).status_code == 302
    answer = second.post(address, begun | changes[1])
    assert answer.status_code == 422
    assert told in answer.content.decode()
    form = answer.context["form"]
    assert {name: str(form[name].value()) for name in kept} == kept
    assert model.objects.filter(participant=participant).count() == 2
    again = {field.name: field.value() for field in form if field.value() not in (None, "", False, [])}
    assert second.post(address, again).status_code == 302
    assert list(
        model.objects.filter(participant=participant).order_by("version").values_list("version", flat=True)
    ) == [1, 2, 3]


def _recorded(running: Running, participant: Any) -> None:
    now, coordinator = timezone.now(), running.people[Role.COORDINATOR]
    adverse_events.record_event(coordinator, participant, adverse_events.Event("Fever", now.date(), 2, now))
    drug = adverse_events.Drug("Aspirin", "75 mg", "Prevention", now.date() - timedelta(9))
    adverse_events.record_medication(coordinator, participant, drug)


def test_an_answer_to_a_query_that_was_closed_meanwhile_is_shown_again(running: Running, participant: Any) -> None:
    query = queries.ask(running.people[Role.MONITOR], participant, about="Day 12", text="Is the day right?")
    _, second = _two(running)
    queries.close(running.people[Role.MONITOR], query)
    answer = second.post(f"/queries/{query.pk}/answer/", {"text": "Yes, see page 3 of the <notes>."})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "must be open" in text
    assert "Yes, see page 3 of the &lt;notes&gt;." in text


def test_two_answers_to_one_query_both_stand(running: Running, participant: Any) -> None:
    query = queries.ask(running.people[Role.MONITOR], participant, about="Day 12", text="Is the day right?")
    for client, text in zip(_two(running), ("Yes.", "It was day 13."), strict=True):
        assert client.post(f"/queries/{query.pk}/answer/", {"text": text}).status_code == 302
    page = signed_in(running.people[Role.COORDINATOR]).get("/queries/").content.decode()
    assert "Yes." in page
    assert "It was day 13." in page
