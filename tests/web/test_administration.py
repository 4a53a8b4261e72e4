"""The administrator's pages: people, roles, sites, and the list that is drawn once after it was looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test.utils import override_settings
from tests.web.routes import signed_in
from tests.web.running_trial import ARMS, PASSWORD, Running, open_running_trial
from tests.web.test_follow_up import FOLDER

from calor.web.models import ActiveMethod
from calor.web.permissions import Role, roles_of
from calor.web.services import accounts


@pytest.fixture
def running(database: str) -> Iterator[Running]:
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        yield open_running_trial(code="IVORY")


def test_a_person_is_created_and_given_a_role_and_it_is_taken_back(running: Running) -> None:
    client = signed_in(running.people[Role.ADMINISTRATOR])
    new = {"username": "nora", "full_name": "Nora New", "password": PASSWORD}
    assert client.post("/people/new/", new).status_code == 302
    nora = User.objects.get(username="nora")
    role = {"person": "nora", "role": Role.COORDINATOR.value, "site": "01", "reason": "delegation log"}
    assert client.post("/people/grant/", role).status_code == 302
    assert roles_of(nora, running.trial, running.site) == {Role.COORDINATOR}
    assert client.post("/people/take-back/", role | {"reason": " "}).status_code == 422
    assert client.post("/people/take-back/", role | {"reason": "left"}).status_code == 302
    assert roles_of(nora, running.trial, running.site) == frozenset()


def test_what_cannot_be_is_said_and_what_was_typed_stays(running: Running) -> None:
    client = signed_in(running.people[Role.ADMINISTRATOR])
    coordinator = running.people[Role.COORDINATOR]
    role = {"person": coordinator.username, "role": Role.PHARMACIST.value, "site": "01", "reason": "short of staff"}
    answer = client.post("/people/grant/", role)
    assert answer.status_code == 422
    assert "blinded and unblinded" in answer.content.decode()
    assert 'value="short of staff"' in answer.content.decode()
    weak = client.post("/people/new/", {"username": "nora", "full_name": "Nora New", "password": "secret"})
    assert "hard to guess" in weak.content.decode()
    assert "secret" not in weak.content.decode()


def test_a_list_is_activated_only_as_it_was_looked_at(database: str) -> None:
    administrator = accounts.create_account("operator", "ada", PASSWORD, full_name="Ada")
    accounts.open_trial("operator", "IVORY", ARMS, administrator=administrator)
    client = signed_in(administrator)
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        shown = client.post("/list/", {"sizes": "4, 6", "length": "8", "configuration": ""})
        assert "%" in shown.context["previewed"] or "guess" in shown.context["previewed"]
        seen = shown.context["form"]["configuration"].value()
        other = client.post("/list/", {"sizes": "4", "length": "8", "configuration": seen})
        assert other.context["previewed"]
        assert ActiveMethod.objects.count() == 0
        assert client.post("/list/", {"sizes": "4, 6", "length": "8", "configuration": seen}).status_code == 302
    assert ActiveMethod.objects.count() == 1
