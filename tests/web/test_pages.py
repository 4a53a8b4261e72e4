"""The pages: who opens which, what they refuse, and what stands in their headers."""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings
from django.urls import URLResolver, get_resolver, resolve, reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.web.models import AuditRow
from calor.web.permissions import PERMITTED, Role

PROTOCOL = Path(__file__).parents[2] / "examples/ivory/protocol.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A trial folder that is served."""
    (tmp_path / "protocol.toml").write_text(PROTOCOL.read_text(encoding="utf-8"), encoding="utf-8")
    with override_settings(TRIAL_FOLDER=str(tmp_path)):
        yield tmp_path


@pytest.fixture
def running(database: str, folder: Path) -> Running:
    """The protocol's trial with one participant."""
    trial = open_running_trial(code="IVORY")
    trial.register("01-001")
    trial.allocate("01-001")
    return trial


def signed_in(person: Any) -> Client:
    """Return a browser in which a person has signed in."""
    client = Client()
    answer = client.post(reverse("sign-in"), {"username": person.username, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def routes() -> dict[str, Any]:
    """Return every page's address, with what it takes filled in, and its view; the JSON interface has its own tests."""
    found = {}
    for pattern in get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            continue
        taken = {"person": 1, "identifier": "01-001", "path": "calor/pages.css", "visit": "V3", "number": 1}
        taken |= {"analysis": "primary"}
        arguments = {name: taken[name] for name in pattern.pattern.converters}
        found[reverse(pattern.name, kwargs=arguments)] = pattern.callback
    return found


def test_every_route_names_its_action_or_says_that_it_is_for_anyone() -> None:
    for address, view in routes().items():
        assert hasattr(view, "action"), address
    open_to_all = {address for address, view in routes().items() if view.action is None}
    assert open_to_all == {
        "/sign-in/",
        "/sign-in/second-factor/",
        "/sign-out/",
        "/style.css",
        "/static/calor/pages.css",
    }


def test_who_has_not_signed_in_is_asked_to(running: Running) -> None:
    for address, view in routes().items():
        if view.action is not None:
            answer = Client().get(address)
            assert answer.status_code in (302, 405), address
            assert answer.status_code == 405 or answer["Location"].startswith("/sign-in/")


def test_a_page_is_opened_by_the_roles_of_its_action_only_and_else_looks_absent(running: Running) -> None:
    """A1"""
    for role in Role:
        client = signed_in(running.people[role])
        absent = client.get("/no/such/page/")
        for address, view in routes().items():
            if view.action is None:
                continue
            answer = client.get(address)
            if role not in PERMITTED[view.action]:
                assert answer.status_code in (404, 405), f"{role} {address}"
            if answer.status_code == 404:
                assert answer.content == absent.content, f"{role} {address}"


def test_no_page_leads_to_where_its_reader_may_not_go(captured: Running) -> None:
    """Whoever follows a link, in any role, finds a page; one link to each kind of page is followed."""
    for role in Role:
        client, found, seen = signed_in(captured.people[role]), {"dashboard": "/"}, set[str]()
        while new := set(found) - seen:
            kind = min(new)
            seen.add(kind)
            answer = client.get(found[kind])
            assert answer.status_code == 200, f"{role} {found[kind]}"
            if answer["Content-Type"].startswith("text/html"):
                for path in re.findall(r'href="(/(?!static)[^"#?]*)"', answer.content.decode()):
                    found.setdefault(resolve(path).url_name or path, path)
        assert "alerts" in seen, role


def test_a_participant_of_another_site_looks_absent(running: Running) -> None:
    from calor.web.services import accounts  # noqa: PLC0415

    administrator = running.people[Role.ADMINISTRATOR]
    other = accounts.add_site(administrator, running.trial, "02")
    stranger = accounts.create_account("operator", "stranger", PASSWORD, full_name="A Stranger")
    accounts.change_role(administrator, stranger, Role.COORDINATOR, running.trial, site=other, reason="delegation")
    client = signed_in(stranger)
    here, absent = (client.get(reverse("participant", args=[i])) for i in ("01-001", "99-999"))
    assert here.status_code == absent.status_code == 404
    assert here.content == absent.content
    assert signed_in(running.people[Role.COORDINATOR]).get("/participants/01-001/").status_code == 200


def test_every_answer_forbids_what_comes_from_elsewhere_and_keeping_a_page(running: Running) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    for address in ("/", "/participants/", "/no/such/page/"):
        answer = client.get(address)
        assert answer["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Frame-Options"] == "DENY"
        text = answer.content.decode()
        assert "<style" not in text
        assert " style=" not in text
        assert "<script>" not in text


def test_the_session_gets_a_new_key_at_sign_in_and_ends_at_sign_out(running: Running) -> None:
    client = Client()
    client.get("/sign-in/")
    person = running.people[Role.COORDINATOR]
    client.post("/sign-in/", {"username": person.username, "password": PASSWORD})
    held = client.cookies["sessionid"].value
    assert client.get("/").status_code == 200
    client.post("/sign-out/")
    client.cookies["sessionid"] = held
    assert client.get("/").status_code == 302


def test_a_form_of_another_site_is_refused(running: Running) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/sign-in/", {"username": "x", "password": "y"})
    assert answer.status_code == 403
    assert b"nothing was written" in answer.content


def test_sign_in_leads_inside_only(running: Running) -> None:
    person = running.people[Role.COORDINATOR]
    for wanted, led in (
        ("/participants/", "/participants/"),
        ("https://elsewhere.example/", "/"),
        ("//x.example", "/"),
    ):
        answer = Client().post("/sign-in/", {"username": person.username, "password": PASSWORD, "next": wanted})
        assert answer["Location"] == led


def test_five_failures_lock_the_name_even_for_the_right_password(running: Running) -> None:
    """A14"""
    person = running.people[Role.COORDINATOR]
    client = Client()
    for _ in range(5):
        client.post("/sign-in/", {"username": person.username, "password": "wrong horse battery"})
    answer = Client().post("/sign-in/", {"username": person.username, "password": PASSWORD})
    assert answer.status_code == 429
    assert b"locked for 15 minutes" in answer.content
    assert AuditRow.objects.filter(chain="system", actor=person.username, action="access refused").count() >= 5


def test_an_unknown_name_is_answered_as_a_wrong_password(running: Running) -> None:
    answers = [
        Client().post("/sign-in/", {"username": name, "password": "wrong horse battery"}).content.decode()
        for name in (running.people[Role.COORDINATOR].username, "nobody")
    ]
    assert "Name and password do not match" in answers[0]
    strip = [text.split("<form")[0] for text in answers]
    assert strip[0] == strip[1]


def test_who_has_an_authenticator_must_give_its_code(running: Running) -> None:
    """A14"""
    person = running.people[Role.INVESTIGATOR]
    device = TOTPDevice.objects.create(user=person, name="authenticator", confirmed=True)
    client = signed_in(person)
    assert client.get("/")["Location"] == "/sign-in/second-factor/"
    assert b"not right" in client.post("/sign-in/second-factor/", {"code": "000000"}).content
    TOTPDevice.objects.update(throttling_failure_count=0)
    right = f"{totp(device.bin_key):06d}"
    assert client.post("/sign-in/second-factor/", {"code": right})["Location"] == "/"
    assert client.get("/").status_code == 200


def test_an_authenticator_is_added_by_its_first_right_code(running: Running) -> None:
    person = running.people[Role.MONITOR]
    client = signed_in(person)
    keys = [client.get("/account/authenticator/").context["key"] for _ in range(2)]
    assert keys[0] == keys[1]
    key = b32decode(keys[0].replace(" ", ""))
    wrong = (totp(key) + 500_000) % 1_000_000
    assert b"not right" in client.post("/account/authenticator/", {"code": f"{wrong:06d}"}).content
    assert not TOTPDevice.objects.exists()  # neither looking nor a wrong code adds one
    assert client.post("/account/authenticator/", {"code": f"{totp(key):06d}"}).status_code == 302
    assert TOTPDevice.objects.get(user=person).bin_key == key
    assert client.get("/").status_code == 200
    assert AuditRow.objects.filter(actor=person.username, action="add second factor").count() == 1


def test_a_role_taken_back_closes_its_pages_at_once(running: Running) -> None:
    from calor.web.services import accounts  # noqa: PLC0415

    coordinator = running.people[Role.COORDINATOR]
    client = signed_in(coordinator)
    assert client.get("/participants/").status_code == 200
    accounts.change_role(
        running.people[Role.ADMINISTRATOR], coordinator, Role.COORDINATOR, running.trial,
        site=running.site, granted=False, reason="left",
    )  # fmt: skip
    assert client.get("/participants/").status_code == 404


def test_recruitment_stands_against_the_plan(running: Running) -> None:
    coordinator = signed_in(running.people[Role.COORDINATOR])
    assert "By plan it would be 0." in coordinator.get("/").content.decode()
    drawing = coordinator.get("/recruitment.svg").content.decode()
    assert ">1 so far<" in drawing
    assert ">plan: 60<" in drawing


def test_without_a_planned_duration_there_is_no_drawing(running: Running, folder: Path) -> None:
    said = (folder / "protocol.toml").read_text(encoding="utf-8")
    without = "\n".join(line for line in said.splitlines() if not line.startswith("recruitment_months"))
    (folder / "protocol.toml").write_text(without, encoding="utf-8")
    coordinator = signed_in(running.people[Role.COORDINATOR])
    assert "By plan" not in coordinator.get("/").content.decode()
    assert coordinator.get("/recruitment.svg").status_code == 404
