"""What an investigator does at night, what the monitor then owes, and a participant who withdraws, in the pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings
from tests.web.captured_trial import FOLDER
from tests.web.routes import signed_in
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.web.audit_check import verify
from calor.web.models import AuditRow, ImpactAssessment, Notice, Participant, Unblinding, Withdrawal
from calor.web.permissions import Role
from calor.web.services import unblinding

ADDRESS = "/participants/01-001/unblinding/"


@pytest.fixture
def running(on_sqlite: str) -> Iterator[Running]:
    """A trial with a participant who was randomized."""
    trial = open_running_trial(code="IVORY")
    trial.register("01-001")
    trial.allocate("01-001")
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        yield trial


def _signed(person: Any, **fields: str) -> dict[str, str]:
    return {"username": person.username, "password": PASSWORD, **fields}


def test_an_investigator_is_told_the_arm_alone_and_at_once_and_it_stands_on_no_other_page(running: Running) -> None:
    """A16"""
    investigator, monitor = running.people[Role.INVESTIGATOR], running.people[Role.MONITOR]
    client = signed_in(investigator)
    assert ADDRESS in client.get("/participants/01-001/").content.decode()
    told = client.post(ADDRESS, _signed(investigator, reason="Bleeding", confirm="01-001")).content.decode()
    arm = unblinding.read_arm(running.people[Role.PHARMACIST], Participant.objects.get())
    assert f'<p class="kit">{arm}</p>' in told
    assert not [path for path in ("/participants/01-001/", ADDRESS, "/") if arm in client.get(path).content.decode()]
    assert "01-001 was unblinded" in signed_in(monitor).get("/").content.decode()
    assert Notice.objects.filter(role=Role.MONITOR).count() == 1


@pytest.mark.parametrize("wrong", [{"confirm": "01-002"}, {"reason": " "}, {"password": "wrong horse"}])
def test_the_arm_is_not_told_without_reason_identifier_and_password_and_what_was_typed_stays(
    running: Running, wrong: dict[str, str]
) -> None:
    investigator = running.people[Role.INVESTIGATOR]
    sent = _signed(investigator, reason="Bleeding", confirm="01-001") | wrong
    answer = signed_in(investigator).post(ADDRESS, sent)
    assert answer.status_code == 422
    assert sent["reason"].strip() in answer.content.decode()
    assert "horse" not in answer.content.decode()
    assert Unblinding.objects.count() == 0


def test_the_monitor_finds_what_is_owed_and_concludes_it_once(running: Running) -> None:
    investigator, monitor = running.people[Role.INVESTIGATOR], running.people[Role.MONITOR]
    signed_in(investigator).post(ADDRESS, _signed(investigator, reason="Bleeding", confirm="01-001"))
    client, owed = signed_in(monitor), f"/unblindings/{ImpactAssessment.objects.get().pk}/"
    assert owed in client.get("/unblindings/").content.decode()
    assert client.post(owed, _signed(monitor, conclusion=" ")).status_code == 422
    assert client.post(owed, _signed(monitor, conclusion="No bias.")).status_code == 302
    assert "No bias." in client.get("/unblindings/").content.decode()
    assert "Close the assessment" not in client.get(owed).content.decode()
    assert client.post(owed, _signed(monitor, conclusion="Another.")).status_code == 422
    assert client.get("/unblindings/99/").status_code == 404
    assert verify().problem is None


def test_a_withdrawal_is_recorded_with_its_reason_and_stands_on_the_participants_page(running: Running) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    address = "/participants/01-001/withdrawal/"
    assert client.post(address, {"reason": " "}).status_code == 422
    assert client.post(address, {"reason": "Moves away"}).status_code == 302
    told = client.get("/participants/01-001/").content.decode()
    assert "Moves away" in told
    assert address not in told
    assert "to come" not in told  # no visit is owed any more
    assert client.post(address, {"reason": "Again"}).status_code == 422
    assert Withdrawal.objects.get().by == running.people[Role.COORDINATOR]
    assert AuditRow.objects.filter(reason="Moves away").count() == 1


@pytest.mark.parametrize("address", ["/participants/01-001/medication/1/", "/participants/01-001/visits/V3/day/"])
def test_a_form_that_says_it_saw_a_version_nobody_wrote_is_asked_again(running: Running, address: str) -> None:
    """A13: the version in a form is what the browser says."""
    client = signed_in(running.people[Role.COORDINATOR])
    _record_once(client)
    drug = {"name": "Aspirin", "dose": "75 mg", "indication": "Prevention", "started": "2026-01-01"}
    answer = client.post(address, {**drug, "missed": "on", "reason": "ill", "seen": 99})
    assert answer.status_code == 422
    assert "changed while your form was open" in answer.content.decode()


def _record_once(client: Client) -> None:
    drug = {"name": "Aspirin", "dose": "75 mg", "indication": "Prevention", "started": "2026-01-01", "seen": 0}
    assert client.post("/participants/01-001/medication/new/", drug).status_code == 302
    day = {"missed": "on", "reason": "ill", "seen": 0}
    assert client.post("/participants/01-001/visits/V3/day/", day).status_code == 302
