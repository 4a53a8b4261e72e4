"""What is sent through every form: scripts, fields that are not there, no token, too much."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver
from tests.web.attacks.besieged import CODE, KNOWN, THERE, Besieged, addresses, of_action
from tests.web.attacks.forms import FORMS, OWN, send_all
from tests.web.routes import Route, routes, signed_in
from tests.web.test_api import BODIES

import calor.web
from calor.report.figures.time_line import time_line
from calor.report.table import Column, Table
from calor.web.audit import audited_models
from calor.web.capture.models import AdverseEvent, Consent, LabValue, Medication, Query, VisitRecord
from calor.web.headers import POLICY
from calor.web.models import Allocation, AuditRow, Participant
from calor.web.permissions import PERMITTED, Role

# Short enough for every field that a page prints; it leaves an attribute, and a text.
SCRIPT = "\"'><img src=x onerror=calor()>"
PRINTED = ("text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml")


def _name(route: Route) -> str:
    return next(p.name for p in get_resolver().url_patterns if str(p.pattern) == route.template)


def _pages() -> list[Route]:
    return [route for route in routes() if not route.template.startswith("api/")]


def test_every_form_of_the_pages_is_attacked_here() -> None:
    posted = {_name(route) for route in _pages() if "POST" in route.methods}
    missing = posted - {form.route for form in FORMS} - OWN
    assert not missing, (
        f"{missing} take forms that no attack sends. Add to FORMS (tests/web/attacks/forms.py) a form that is "
        "accepted, with its fields of free text."
    )
    assert {form.route for form in FORMS} | OWN <= posted


def _shown(besieged: Besieged) -> Iterator[tuple[str, Any]]:
    """Yield what every page answers to everyone of site 02, with scripts in what its address asks for."""
    asked = dict.fromkeys(("find", "show", "next", "term", "grade"), SCRIPT)
    for role, person in besieged.there.items():
        client = signed_in(person)
        for route in _pages():
            if "GET" in route.methods and not route.template.startswith("static"):
                for path in addresses(route):
                    yield f"{role} {path}", client.get(path, asked)


def test_a24_a_script_typed_anywhere_is_shown_as_text_on_every_page(besieged: Besieged) -> None:
    """A24, A12: stored and reflected scripts; the policy stands in every answer."""
    answers = [*send_all(besieged, SCRIPT), *_shown(besieged)]
    escaped = 0
    for where, answer in answers:
        text = answer.content.decode(errors="replace")
        if answer.get("Content-Type", "").split(";")[0] in PRINTED:
            assert "<img src=x" not in text, where
            assert "<script>" not in text, where
            escaped += "&lt;img src=x" in text
        assert answer.status_code < 500, where
        assert answer["Content-Security-Policy"] == POLICY, where
        assert "unsafe" not in POLICY
        assert answer["X-Frame-Options"] == "DENY", where
        assert answer["X-Content-Type-Options"] == "nosniff", where
        assert answer["Referrer-Policy"] == "same-origin", where
    assert escaped > 40


# Templates that print what the report drew, which escapes it itself.
DRAWN = {"report_table.html", "report_figure.html"}


def test_a24_what_the_report_draws_is_escaped_by_the_report() -> None:
    """A24: each text of a table and of a drawing."""
    columns = (Column("term", SCRIPT), Column("n", "n"))
    drawn = Table("events", SCRIPT, columns, ((SCRIPT, 1),), note=SCRIPT).to_html()
    course = pd.DataFrame([(SCRIPT, 1, 2.0, False)], columns=["label", "day", "value", "below"])
    spans = pd.DataFrame([("Events", SCRIPT, 1, 9)], columns=["row", "label", "first", "last"])
    figure = time_line(course, spans, days=(0, 10), name="x", title=SCRIPT, caption=SCRIPT).to_svg()
    for text in (drawn, figure):
        assert "<img" not in text
        assert "&lt;img" in text


def test_a24_nothing_in_a_template_or_page_switches_escaping_off() -> None:
    """A24: no text is printed as it is, and no attribute holds a script."""
    folder = Path(calor.web.__file__).parent
    off = {
        ".html": re.compile(r"\|\s*safe\b|autoescape off|hx-on|javascript:|\son[a-z]+\s*=|hx-vals=.js|<script>"),
        ".py": re.compile(r"mark_safe|SafeString|format_html|csrf_exempt|xframe_options_exempt"),
    }
    files = [path for path in folder.rglob("*") if path.suffix in off]
    assert len(files) > 80
    found = {path.name for path in files if off[path.suffix].search(path.read_text(encoding="utf-8"))}
    assert found == DRAWN, (
        "print no text as it is; or let a test show that it was escaped, and name the template in DRAWN"
    )


def test_a12_every_form_without_its_token_is_refused_and_writes_nothing(besieged: Besieged) -> None:
    """A12: requests forged by another site, to every address that takes a form or JSON."""
    tried = 0
    for route in routes():
        if "POST" not in route.methods:
            continue
        action = of_action(route, "POST")
        roles = [Role.COORDINATOR] if action is None else [role for role in besieged.there if role in PERMITTED[action]]
        for role in roles:
            client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
            client.force_login(besieged.there[role])
            logged_in = AuditRow.objects.count()
            for path in addresses(route):
                kind = (
                    "application/json" if isinstance(route.view.action, dict) else "application/x-www-form-urlencoded"
                )
                answer = client.post(path, "{}" if kind.endswith("json") else "done=x", content_type=kind)
                assert answer.status_code == 403, f"{role} {path}: {answer.status_code}"
                tried += 1
            assert AuditRow.objects.count() == logged_in
    assert tried > 60


def test_a12_a_form_of_another_origin_is_refused_though_it_has_a_token(besieged: Besieged) -> None:
    """A12"""
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    client.force_login(besieged.there[Role.MONITOR])
    token = client.get(f"/participants/{THERE}/").cookies["csrftoken"].value
    sent = {"csrfmiddlewaretoken": token, "about": "V3", "text": "Right?"}
    refused = client.post(f"/participants/{THERE}/ask/", sent, headers={"origin": "https://elsewhere.example"})
    assert refused.status_code == 403
    assert Query.objects.count() == 0
    assert client.post(f"/participants/{THERE}/ask/", sent, headers={"origin": "http://localhost"}).status_code == 302


FORGED = {
    "arm": "1", "slot": "7", "position": "7", "kit": "00000000", "at": "2020-01-01T00:00:00Z", "by": "1", "id": "999",
    "pk": "999", "version": "77", "participant": "1", "trial": "1", "actor": "x", "allocated_at": "2020-01-01",
    "stratum": "other", "withheld": "1", "roles": "administrator", "is_superuser": "1", "is_staff": "1",
}  # fmt: skip


def test_a13_fields_that_a_form_does_not_have_change_nothing(besieged: Besieged) -> None:
    """A13: arm, slot, time, author, version, participant sent along with every form."""
    send_all(besieged, "as it is", **{name: value for name, value in FORGED.items() if name != "version"})
    for model in audited_models():
        for row in model.objects.all():
            told = {field.name: field.value_from_object(row) for field in model._meta.concrete_fields}
            times = [told[name] for name in ("at", "opened_at") if told.get(name)]
            assert all(str(time) > "2024" for time in times), f"{model.__name__} {told}"
            assert told.get("version") != 77
            assert told["id"] != 999
    assert Participant.objects.filter(identifier="02-003").count() == 0
    ours = Participant.objects.get(identifier=THERE)
    coordinator = besieged.there[Role.COORDINATOR]
    for model in (VisitRecord, LabValue, AdverseEvent, Medication):
        written = model.objects.latest("pk")
        assert (written.participant, written.by) == (ours, coordinator), model.__name__
    allocation = Allocation.objects.latest("pk")
    assert (allocation.position, allocation.stratum, allocation.by) == (2, "all", coordinator)
    assert Consent.objects.get(person=besieged.candidate).version == "as it is"
    assert not User.objects.filter(is_superuser=True).exists()
    assert not User.objects.filter(is_staff=True).exists()


def test_a13_no_body_of_the_json_interface_takes_a_field_that_it_does_not_name(besieged: Besieged) -> None:
    """A13: the same for JSON."""
    client, tried = {role: signed_in(person) for role, person in besieged.there.items()}, 0
    for route in routes():
        action = of_action(route, "POST")
        if not isinstance(route.view.action, dict) or action is None or action not in BODIES:
            continue
        role = next(role for role in besieged.there if role in PERMITTED[action])
        for name in ("arm", "slot", "at", "by", "allocated_at", "is_superuser"):
            body = {**BODIES[action], "configuration": "0" * 64} if route.template.endswith("/list") else BODIES[action]
            for path in addresses(route):
                answer = client[role].post(path, {**body, name: 1}, content_type="application/json")
                assert answer.status_code in (422, 404), f"{path} {name}: {answer.status_code} {answer.content!r}"
                tried += 1
    assert tried > 50


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"text=" + b"a" * 3_000_000),
        ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % i for i in range(2000))),
        ("application/json", b'{"text": "' + b"a" * 3_000_000 + b'"}'),
    ],
)
def test_a10_a_body_that_is_too_large_is_refused(besieged: Besieged, kind: str, body: bytes) -> None:
    """A10: in bytes and in fields, to a page and to the JSON interface."""
    client = signed_in(besieged.there[Role.COORDINATOR])
    path = f"/api/trials/{CODE}/participants" if kind.endswith("json") else f"/participants/{THERE}/medication/new/"
    assert client.post(path, body, content_type=kind).status_code in (400, 413)


def test_known_values_are_known() -> None:
    assert {name for route in routes() for name in route.parameters} <= set(KNOWN)
