"""Who reaches what: every identifier on every address, odd texts in place of them, and reading that must not write."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from tests.web.attacks.besieged import CODE, KNOWN, THERE, Besieged, addresses, of_action
from tests.web.attacks.forms import send_all
from tests.web.routes import Route, routes, signed_in
from tests.web.test_api import BODIES

from calor.web.audit import audited_models
from calor.web.capture.models import UnblindedExport
from calor.web.models import AuditRow
from calor.web.permissions import PERMITTED, Action, can
from calor.web.services import accounts

TAKING = [route for route in routes() if route.parameters and route.view.action is not None]
ODD = (
    "' OR '1'='1", "1;DROP TABLE calor_web_participant", "..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/settings.py",
    "%00", "02-001%00", "9" * 40, "-1", "٠٢-٠٠١", "{{7*7}}", "%0d%0aSet-Cookie:%20x=1", "a" * 3000,
)  # fmt: skip


def _asked(client: Client, route: Route, method: str, path: str) -> Any:
    if method == "GET":
        return client.get(path)
    if isinstance(route.view.action, dict):
        return client.post(path, _body(route), content_type="application/json")
    return client.post(path, {"done": "x", "text": "x"})


def _body(route: Route) -> dict[str, Any]:
    """Return JSON that an address accepts, about site 02."""
    body = BODIES.get(of_action(route, "POST"), {})
    about = {name: there for name, there in (("site", "02"), ("username", "outsider")) if name in body}
    return body | about | ({"configuration": "0" * 64} if route.template.endswith("/list") else {})


def _told(answer: Any) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Return status, body and headers, but for the token that a page's form holds, which is random."""
    body = re.sub(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")\w+', b"", answer.content)
    return answer.status_code, body, sorted(answer.headers.items())


def _methods(route: Route) -> Iterator[str]:
    yield from sorted(route.methods & {"GET", "POST"})


def test_the_addresses_that_take_something_are_all_walked() -> None:
    assert len(TAKING) > 30
    assert {name for route in TAKING for name in route.parameters} <= set(KNOWN)


def test_a1_what_one_may_not_reach_looks_as_what_is_not_there(besieged: Besieged) -> None:
    """A1, A2: people of site 01, and one without a role, try every identifier of site 02 on every address."""
    send_all(besieged, "as it is")
    sites, trial, tried = besieged.sites, besieged.running.trial, 0
    for name, attacker in besieged.attackers.items():
        client = signed_in(attacker)
        for route in TAKING:
            for method in _methods(route):
                action = of_action(route, method)
                assert action is not None
                if can(attacker, action, trial, sites["02"]):
                    continue
                ours = method == "GET" or "site" not in _body(route)
                if route.parameters - {"kind"} == {"trial"} and ours and can(attacker, action, trial, sites["01"]):
                    continue  # what the trial holds for their own site
                nothing = _told(_asked(client, route, method, addresses(route, absent=True)[0]))
                assert nothing[0] == 404, f"{name} {method} {route.template}: {nothing[:2]}"
                for path in addresses(route):
                    assert _told(_asked(client, route, method, path)) == nothing, f"{name} {method} {path}"
                    tried += 1
    assert tried > 250


def test_a1_each_address_is_open_to_somebody_with_a_right_identifier(besieged: Besieged) -> None:
    """A1: without which the walk above would prove nothing."""
    send_all(besieged, "as it is")
    for route in TAKING:
        for method in _methods(route):
            action = of_action(route, method)
            people = {person.pk: person for role, person in besieged.there.items() if role in PERMITTED[action]}
            found = any(
                _asked(signed_in(person), route, method, path).status_code != 404
                for person in people.values()
                for path in addresses(route)
            )
            assert found, (
                f"nobody reaches {method} {route.template}, so walking it proves nothing. Let `besiege` or FORMS "
                "(tests/web/attacks) make a record of site 02 that it leads to, and KNOWN name its identifier."
            )


def test_a1_an_address_that_lists_shows_a_site_its_own_only(besieged: Besieged) -> None:
    """A1, A2: what is shown without asking for an identifier."""
    send_all(besieged, "canary of site 02")
    for name, attacker in besieged.attackers.items():
        client = signed_in(attacker)
        for route in routes():
            if route.parameters - {"trial", "kind"} or "GET" not in route.methods:
                continue
            for path in addresses(route):
                answer = client.get(path)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                for secret in (THERE, "02-002", "canary"):
                    assert secret.encode() not in body, f"{name} {path} shows {secret}"


def test_a2_who_moves_to_another_site_reaches_the_old_one_no_more(besieged: Besieged) -> None:
    """A2: within the session."""
    from calor.web.permissions import Role  # noqa: PLC0415

    mover, sites = besieged.there[Role.COORDINATOR], besieged.sites
    administrator, trial = besieged.there[Role.ADMINISTRATOR], besieged.running.trial
    client = signed_in(mover)
    paths = (f"/participants/{THERE}/", f"/api/trials/{CODE}/participants/{THERE}")
    assert [client.get(path).status_code for path in paths] == [200, 200]
    accounts.change_role(administrator, mover, Role.COORDINATOR, trial, site=sites["01"], reason="moves")
    accounts.change_role(administrator, mover, Role.COORDINATOR, trial, site=sites["02"], granted=False, reason="moves")
    assert [client.get(path).status_code for path in paths] == [404, 404]
    assert client.get("/participants/01-001/").status_code == 200


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:20])
def test_a11_odd_texts_in_an_address_lead_nowhere_and_break_nothing(besieged: Besieged, odd: str) -> None:
    """A11, A10: SQL, templates, headers and paths out of the folder, in every parameter of every address."""
    from calor.web.permissions import Role  # noqa: PLC0415

    client = signed_in(besieged.there[Role.INVESTIGATOR])
    for route in TAKING:
        for name in route.parameters:
            values = {other: [values[0]] for other, (values, _) in KNOWN.items()} | {name: [odd]}
            for path in route.paths(values):
                for method in _methods(route):
                    answer = _asked(client, route, method, path)
                    assert answer.status_code in (404, 405, 302), f"{method} {path}: {answer.status_code}"
                    if answer.status_code == 302:  # the address of another page, without a slash
                        assert answer["Location"].startswith("/")
                    assert "Set-Cookie" not in answer.headers or "x=1" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "path", ["../settings.py", "..%2fsettings.py", "%2e%2e/settings.py", "/etc/passwd", "calor/../../keys.py", "%00"]
)
def test_a10_shipped_files_are_served_and_no_others(besieged: Besieged, path: str) -> None:
    """A10: paths that lead out of the folder."""
    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    shipped = client.get("/static/calor/pages.css")
    assert b"".join(shipped.streaming_content).startswith(b"* {")
    refused = client.get(f"/static/{path}")
    assert refused.status_code in (400, 404)
    assert not refused.streaming


def _counts() -> dict[str, int]:
    return {m.__name__: m.objects.count() for m in audited_models() if m is not UnblindedExport}  # that it was taken


def test_a12_reading_an_address_writes_nothing_but_that_it_was_read(besieged: Besieged) -> None:
    """A12: a link in a letter cannot randomize, sign or close anything."""
    send_all(besieged, "as it is")
    before = _counts()
    signed = {person.pk: signed_in(person) for person in besieged.there.values()}
    rows = AuditRow.objects.count()
    for client in signed.values():
        for route in routes():
            if not route.template.startswith("static"):
                for path in addresses(route):
                    client.get(path).close()
    assert _counts() == before
    added = set(AuditRow.objects.order_by("pk")[rows:].values_list("action", flat=True))
    assert added <= {Action.EXPORT, Action.EXPORT_UNBLINDED, Action.READ_CLOSED, Action.READ_RESULTS}, added
