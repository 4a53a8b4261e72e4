"""Accounts: switched off and on, an authenticator taken away, the own password changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test.utils import override_settings
from django_otp.plugins.otp_totp.models import TOTPDevice
from tests.web.routes import signed_in
from tests.web.running_trial import ARMS, PASSWORD, Running, open_running_trial
from tests.web.test_follow_up import FOLDER

from calor.errors import ConductError
from calor.web.audit_check import verify
from calor.web.models import AuditRow
from calor.web.permissions import Role, roles_of
from calor.web.services import accounts

NEW = "staple right horse"
ON_ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what one database shows, both would


@pytest.fixture
def running(database: str) -> Iterator[Running]:
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        yield open_running_trial(code="IVORY")


def _change(running: Running, person: Any, way: str, reason: str = "left") -> Any:
    client = signed_in(running.people[Role.ADMINISTRATOR])
    return client.post(f"/people/{way}/", {"person": person.username, "reason": reason})


def _told(person: Any) -> list[tuple[str, str]]:
    """What the audit trail tells of an account, but for signing in."""
    rows = AuditRow.objects.filter(record=f"user/{person.pk}").order_by("n")
    return [(row.action, row.reason) for row in rows if row.action != "create account"]


def test_an_account_switched_off_ends_its_sessions_at_once_and_for_good(running: Running) -> None:
    coordinator, other = running.people[Role.COORDINATOR], signed_in(running.people["second"])
    client = signed_in(coordinator)
    assert client.get("/").status_code == 200
    assert _change(running, coordinator, "switch-off").status_code == 302
    assert client.get("/")["Location"].startswith("/sign-in/")
    assert client.get("/api/trials/IVORY/participants").status_code == 401
    signing_in = {"username": coordinator.username, "password": PASSWORD}
    assert client.post("/sign-in/", signing_in).status_code == 200
    assert _change(running, coordinator, "switch-on", "back").status_code == 302
    assert client.get("/")["Location"].startswith("/sign-in/")
    assert client.post("/sign-in/", signing_in).status_code == 302
    assert client.get("/participants/").status_code == 200  # with the roles of before
    assert other.get("/").status_code == 200
    assert _told(coordinator) == [("switch account off", "left"), ("switch account on", "back")]
    assert verify().problem is None


@ON_ONE
def test_a_session_that_outlived_the_switch_opens_nothing(running: Running) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    User.objects.filter(pk=running.people[Role.COORDINATOR].pk).update(is_active=False)
    assert client.get("/")["Location"].startswith("/sign-in/")


@ON_ONE
def test_the_page_shows_who_is_switched_off_and_what_can_be_done(running: Running) -> None:
    coordinator = running.people[Role.COORDINATOR]
    TOTPDevice.objects.create(user=coordinator, name="authenticator", confirmed=True)
    client = signed_in(running.people[Role.ADMINISTRATOR])

    def shown() -> dict[str, bool]:
        page = client.get("/people/").content.decode()
        ways = ("switch-off", "switch-on", "take-authenticator")
        return {way: f'id="{way}-{coordinator.pk}"' in page for way in ways} | {"off": "switched off" in page}

    assert shown() == {"switch-off": True, "switch-on": False, "take-authenticator": True, "off": False}
    _change(running, coordinator, "switch-off")
    _change(running, coordinator, "take-authenticator")
    assert shown() == {"switch-off": False, "switch-on": True, "take-authenticator": False, "off": True}
    page = client.get("/people/").content.decode()
    assert f'id="switch-off-{running.people[Role.ADMINISTRATOR].pk}"' not in page
    assert "coordinator at 01" in page  # the role waits for its account


@ON_ONE
def test_an_authenticator_taken_away_is_asked_for_no_more(running: Running) -> None:
    person = running.people[Role.MONITOR]
    TOTPDevice.objects.create(user=person, name="authenticator", confirmed=True)
    client = signed_in(person)
    assert client.get("/")["Location"] == "/sign-in/second-factor/"
    assert _change(running, person, "take-authenticator", "telephone lost").status_code == 302
    assert client.get("/")["Location"].startswith("/sign-in/?")  # begun with the lost telephone, perhaps
    assert signed_in(person).get("/").status_code == 200
    assert not TOTPDevice.objects.exists()
    assert _told(person) == [("take second factor", "telephone lost")]
    assert "must have an authenticator" in _change(running, person, "take-authenticator").content.decode()


@ON_ONE
@pytest.mark.parametrize("way", ["switch-off", "take-authenticator"])
def test_a_change_of_an_account_needs_a_reason_and_another_person(running: Running, way: str) -> None:
    coordinator, administrator = running.people[Role.COORDINATOR], running.people[Role.ADMINISTRATOR]
    for person in (coordinator, administrator):
        TOTPDevice.objects.create(user=person, name="authenticator", confirmed=person == coordinator)
    refused = _change(running, coordinator, way, " ")
    assert refused.status_code == 422
    assert "say why" in refused.content.decode()
    refused = _change(running, administrator, way)
    assert refused.status_code == 422
    assert "another person" in refused.content.decode()
    assert _told(coordinator) == _told(administrator) == []


@ON_ONE
def test_accounts_of_another_trial_are_not_the_administrators(running: Running) -> None:
    """Nor do they become so by a role that is granted for that purpose."""
    administrator = running.people[Role.ADMINISTRATOR]
    there = accounts.create_account("operator", "ada", PASSWORD, full_name="Ada There")
    other = accounts.open_trial("operator", "OTHER", ARMS, administrator=there)
    nobody = accounts.create_account("operator", "nobody", PASSWORD, full_name="No Body")
    for person in (there, nobody):
        with pytest.raises(ConductError, match="be of this trial"):
            accounts.switch_account(administrator, person, running.trial, on=False, reason="mine")
    accounts.change_role(administrator, there, Role.MONITOR, running.trial, reason="mine")
    with pytest.raises(ConductError, match="none that is not yours"):
        accounts.switch_account(administrator, there, running.trial, on=False, reason="mine")
    assert f"switch-off-{there.pk}" not in signed_in(administrator).get("/people/").content.decode()
    accounts.change_role(there, administrator, Role.ADMINISTRATOR, other, reason="delegation")
    accounts.switch_account(administrator, there, running.trial, on=False, reason="left")
    assert not User.objects.get(pk=there.pk).is_active


@ON_ONE
def test_of_two_administrators_who_switch_each_other_off_one_stays(running: Running) -> None:
    first, second = running.people[Role.ADMINISTRATOR], running.people[Role.MONITOR]
    accounts.change_role(first, second, Role.ADMINISTRATOR, running.trial, reason="delegation")
    accounts.switch_account(first, second, running.trial, on=False, reason="left")
    with pytest.raises(ConductError, match="hold a role"):  # though read before the switch
        accounts.switch_account(second, first, running.trial, on=False, reason="left")
    assert User.objects.get(pk=first.pk).is_active


@ON_ONE
def test_blinded_and_unblinded_work_do_not_join_while_the_account_is_off(running: Running) -> None:
    administrator, coordinator = running.people[Role.ADMINISTRATOR], running.people[Role.COORDINATOR]
    accounts.switch_account(administrator, coordinator, running.trial, on=False, reason="on leave")
    off = User.objects.get(pk=coordinator.pk)
    assert roles_of(off, running.trial, running.site) == frozenset()
    with pytest.raises(ConductError, match="blinded and unblinded"):
        accounts.change_role(administrator, off, Role.SAFETY_BOARD, running.trial, reason="short of staff")


@ON_ONE
def test_the_own_password_is_changed_and_other_sessions_end(running: Running) -> None:
    person = running.people[Role.COORDINATOR]
    here, elsewhere = signed_in(person), signed_in(person)
    assert b'href="/account/password/"' in here.get("/").content
    sent = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    answer = here.post("/account/password/", sent, follow=True)
    assert b"Your password is changed" in answer.content
    assert b"Your password is changed" not in here.get("/account/password/").content
    assert here.get("/").status_code == 200
    assert elsewhere.get("/")["Location"].startswith("/sign-in/")
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert _told(person) == [("password changed", "")]
    assert not any(NEW in str(row) or PASSWORD in str(row) for row in AuditRow.objects.values_list())


@ON_ONE
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"old_password": "wrong horse battery"}, "own"),
        ({"new_password2": NEW + "s"}, "match"),
        ({"new_password1": "short", "new_password2": "short"}, "too short"),
        ({"new_password1": "coordinator.ivory", "new_password2": "coordinator.ivory"}, "too similar"),
        ({"old_password": ""}, "required"),
    ],
)
def test_a_password_that_cannot_be_is_refused_and_shown_nowhere(
    running: Running, wrong: dict[str, str], said: str
) -> None:
    person = running.people[Role.COORDINATOR]
    sent = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW} | wrong
    answer = signed_in(person).post("/account/password/", sent)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not any(word and word in answer.content.decode() for word in {PASSWORD, NEW})
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert _told(person) == []
