"""Sessions, passwords, second factors, hosts and redirects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from tests.web.attacks.besieged import CODE, THERE, Besieged, addresses
from tests.web.routes import routes, signed_in
from tests.web.running_trial import PASSWORD

from calor.web.models import AuditRow
from calor.web.permissions import Role

WRONG, TYPED = "wrong horse battery", "staple right horse"


def _sign_in(client: Client, person: Any, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/sign-in/", {"username": person.username, "password": password, **more})


@pytest.fixture
def person(besieged: Besieged) -> Any:
    return besieged.there[Role.INVESTIGATOR]


def test_a12_a_key_that_was_planted_before_is_not_that_of_the_session(person: Any) -> None:
    """A12: fixation."""
    client = Client()
    client.cookies["sessionid"] = planted = "p" * 32
    _sign_in(client, person)
    assert client.cookies["sessionid"].value != planted
    other = Client()
    other.cookies["sessionid"] = planted
    assert other.get("/").status_code == 302


def test_a12_the_key_is_another_after_the_second_factor_too(person: Any) -> None:
    """A12: a key stolen between password and code opens nothing afterwards."""
    device = TOTPDevice.objects.create(user=person, name="authenticator", confirmed=True)
    client = Client()
    _sign_in(client, person)
    before = client.cookies["sessionid"].value
    client.post("/sign-in/second-factor/", {"code": f"{totp(device.bin_key):06d}"})
    assert client.get("/").status_code == 200
    stolen = Client()
    stolen.cookies["sessionid"] = before
    assert stolen.get("/").status_code == 302


def test_a12_a_session_ends_when_it_was_not_used_for_half_an_hour(person: Any) -> None:
    """A12: a computer left alone."""
    client = Client()
    _sign_in(client, person)
    client.get("/")
    row = Session.objects.get(session_key=client.cookies["sessionid"].value)
    assert timedelta(minutes=29) < row.expire_date - timezone.now() <= timedelta(minutes=30)
    Session.objects.filter(pk=row.pk).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/").status_code == 302


def test_a12_cookies_are_for_this_server_and_no_script() -> None:
    """A12"""
    for name in ("SESSION", "CSRF"):
        assert getattr(settings, f"{name}_COOKIE_HTTPONLY")
        assert getattr(settings, f"{name}_COOKIE_SAMESITE") == "Strict"
        assert getattr(settings, f"{name}_COOKIE_SECURE"), "without TLS only where `calor serve` says so"


@override_settings(SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True)
def test_a12_the_flags_stand_in_the_cookie(person: Any) -> None:
    """A12"""
    client = Client()
    client.get("/sign-in/")
    _sign_in(client, person)
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Strict")


def test_a12_whoever_signed_out_leaves_nothing_to_go_on_with(person: Any) -> None:
    """A12: the key that was held, on the pages and the JSON interface; and nothing that a browser may keep."""
    client = Client()
    _sign_in(client, person)
    paths = ("/participants/", f"/api/trials/{CODE}/participants")
    for path in paths:
        assert client.get(path)["Cache-Control"] == "no-store"
    held = client.cookies["sessionid"].value
    client.post("/sign-out/")
    client.cookies["sessionid"] = held
    assert [client.get(path).status_code for path in paths] == [302, 401]


def test_a12_an_account_switched_off_is_out_at_once(person: Any) -> None:
    """A12, A14"""
    client = signed_in(person)
    assert client.get("/").status_code == 200
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    assert client.get("/").status_code == 302
    assert client.get(f"/api/trials/{CODE}/participants").status_code == 401
    assert _sign_in(Client(), person).status_code == 200  # the page again, with the refusal


@pytest.mark.parametrize("host", ["elsewhere.example", "localhost.elsewhere.example", "localhost:80@elsewhere.example"])
def test_a12_another_host_is_not_answered(person: Any, host: str) -> None:
    """A12: a host header that is not the trial's leads no link elsewhere."""
    with override_settings(ALLOWED_HOSTS=["localhost"]):
        client = Client(SERVER_NAME="localhost")
        assert client.get("/sign-in/").status_code == 200
        assert client.get("/sign-in/", headers={"host": host}).status_code == 400
        told = client.get("/sign-in/", headers={"x-forwarded-host": host})
        assert host not in told.content.decode()


@pytest.mark.parametrize(
    "wanted",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)",
     "http:///elsewhere.example", "\thttps://elsewhere.example", "https:elsewhere.example"],
)  # fmt: skip
def test_a12_signing_in_leads_nowhere_else(person: Any, wanted: str) -> None:
    """A12: open redirect."""
    assert _sign_in(Client(), person, next=wanted)["Location"] == "/"
    assert "elsewhere" not in Client().get("/", {"next": wanted})["Location"].split("?")[0]


def test_a14_who_has_an_authenticator_reaches_nothing_with_the_password_alone(besieged: Besieged) -> None:
    """A14: no page, and nothing of the JSON interface."""
    for role in (Role.INVESTIGATOR, Role.PHARMACIST):
        person = besieged.there[role]
        TOTPDevice.objects.create(user=person, name="authenticator", confirmed=True)
        client = Client(SERVER_NAME="localhost")
        client.force_login(person)
        for route in routes():
            if route.view.action is None:
                continue
            for path in addresses(route):
                for method in route.methods & {"GET", "POST"}:
                    answer = client.get(path) if method == "GET" else client.post(path, {}, "application/json")
                    if path.startswith("/api/"):
                        assert answer.status_code == 401, f"{method} {path}"
                    else:
                        assert answer["Location"] == "/sign-in/second-factor/", f"{method} {path}"


def test_a14_a_name_and_password_in_a_header_open_nothing(person: Any) -> None:
    """A14: basic authentication and tokens."""
    from base64 import b64encode  # noqa: PLC0415

    basic = b64encode(f"{person.username}:{PASSWORD}".encode()).decode()
    for header in (f"Basic {basic}", f"Bearer {basic}", f"Token {basic}"):
        client = Client(headers={"authorization": header})
        assert client.get(f"/api/trials/{CODE}/participants").status_code == 401
        assert client.get("/").status_code == 302


def test_a14_codes_of_an_authenticator_cannot_be_tried_one_after_the_other(person: Any) -> None:
    """A14"""
    device = TOTPDevice.objects.create(user=person, name="authenticator", confirmed=True)
    client = Client()
    _sign_in(client, person)
    for _ in range(3):
        client.post("/sign-in/second-factor/", {"code": "000000"})
    right = f"{totp(device.bin_key):06d}"
    assert client.post("/sign-in/second-factor/", {"code": right}).status_code == 200  # not looked at for a while
    assert client.get("/").status_code == 302
    assert AuditRow.objects.filter(actor=person.username, action="second factor refused").count() == 4


def test_a14_a_code_opens_once(person: Any) -> None:
    """A14: a code seen over somebody's shoulder."""
    device = TOTPDevice.objects.create(user=person, name="authenticator", confirmed=True)
    code = f"{totp(device.bin_key):06d}"
    answers = []
    for _ in range(2):
        client = Client()
        _sign_in(client, person)
        answers.append(client.post("/sign-in/second-factor/", {"code": code}).status_code)
    assert answers == [302, 200]


class Counted(MD5PasswordHasher):
    """A hasher that counts how often it is asked."""

    algorithm = "counted"
    asked = 0

    def encode(self, password: str, salt: str) -> str:
        Counted.asked += 1
        return super().encode(password, salt)


@pytest.fixture
def counted() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=[f"{__name__}.Counted"]):
        yield


def test_a14_names_cannot_be_found_out_by_word_work_or_lockout(besieged: Besieged, counted: None) -> None:
    """A14: a name that exists and one that does not are answered alike, with the same work, until both are locked."""
    from calor.web.services import accounts  # noqa: PLC0415

    accounts.create_account("operator", "somebody", PASSWORD, full_name="Some Body")
    told = []
    for name in ("somebody", "no.such.one"):
        client, seen = Client(), []
        for _ in range(6):
            Counted.asked = 0
            answer = client.post("/sign-in/", {"username": name, "password": WRONG})
            text = answer.content.decode().replace(name, "NAME")
            seen.append((answer.status_code, text.split("<form")[0], text.split("</form>")[-1], Counted.asked))
        told.append(seen)
    assert told[0] == told[1]
    assert told[0][0][3] == 1
    assert [status for status, *_ in told[0]] == [200] * 4 + [429] * 2


def test_a14_a_password_typed_as_a_name_is_kept_nowhere(person: Any, on_sqlite: str) -> None:
    """A14: who is in a hurry types the password first; neither the audit trail nor the lock of names keeps it."""
    for _ in range(5):
        assert _sign_in(Client(), type(person)(username=TYPED), "x").status_code in (200, 429)
    assert _sign_in(Client(), type(person)(username=TYPED), "x").status_code == 429
    rows = AuditRow.objects.filter(action="access refused")
    assert {row.actor for row in rows} == {"unknown name"}
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert TYPED.encode() not in Path(on_sqlite.removeprefix("sqlite:///")).read_bytes()


def test_a14_no_address_gives_a_new_password_to_who_has_not_the_old_one(person: Any) -> None:
    """A14: so there is none that could tell which names exist; an account's password is handed over in person."""
    named = [r.template for r in routes() if any(w in r.template for w in ("reset", "forgot", "password"))]
    assert named == ["account/password/"]
    assert Client().get("/account/password/")["Location"].startswith("/sign-in/")


def test_a14_passwords_cannot_be_tried_where_the_own_is_changed(person: Any) -> None:
    """A14: a session left open; five failures lock the name, and then the right password changes nothing either."""
    client, new = signed_in(person), {"new_password1": TYPED, "new_password2": TYPED}
    for word in [WRONG] * 5 + [PASSWORD]:
        assert client.post("/account/password/", {"old_password": word, **new}).status_code == 422
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert AuditRow.objects.filter(actor=person.username, action="access refused").count() == 5


def test_a14_only_an_administrator_can_make_one_and_not_of_oneself(besieged: Besieged) -> None:
    """A14: each person posts the form that grants the own account a role."""
    for role, person in besieged.there.items():
        for path, body in (
            ("/people/grant/", {"person": person.username, "role": "administrator", "reason": "mine"}),
            (f"/api/trials/{CODE}/roles", {"username": person.username, "role": "administrator", "reason": "mine"}),
        ):
            kind = {"content_type": "application/json"} if path.startswith("/api") else {}
            answer = signed_in(person).post(path, body, **kind)
            assert answer.status_code == (404 if role != Role.ADMINISTRATOR else 409 if kind else 422), f"{role} {path}"


def test_a14_passwords_cannot_be_tried_at_a_signature(besieged: Besieged) -> None:
    """A14: where one signs, five failures lock as at the door; then neither opens."""
    person = besieged.there[Role.INVESTIGATOR]
    client, path = signed_in(person), f"/api/trials/{CODE}/participants/{THERE}/signatures"
    body = {"meaning": "reviewed", "username": person.username}
    answers = [
        client.post(path, {**body, "password": word}, content_type="application/json").status_code
        for word in [WRONG] * 5 + [PASSWORD]
    ]
    assert answers == [409] * 6
