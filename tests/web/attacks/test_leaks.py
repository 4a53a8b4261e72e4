"""What must be told nowhere: arms, people, passwords; in answers, logs, statements and by the time that it takes."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.db import IntegrityError, connection
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter
from tests.web.attacks.besieged import CODE, THERE, Besieged, addresses, of_action
from tests.web.attacks.forms import send_all
from tests.web.routes import post, routes, signed_in
from tests.web.running_trial import ARMS, PASSWORD, open_running_trial

from calor.enroll.blocks import PermutedBlocks
from calor.enroll.predictability import expected_guesses
from calor.web.log import Reserved
from calor.web.pages import medication
from calor.web.permissions import UNBLINDED, Action, Role
from calor.web.services import allocation, unblinding

PERSON = {"number": "756.1234.5678", "names": "Canaria Serinus", "born": "1961-02-03"}
TYPED = "canary sings"
SECRETS = ("canaria", "serinus", "756.1234", "7561234", "1961-02-03", "1961, 2, 3", TYPED, PASSWORD, "horse")


@contextmanager
def printed() -> Iterator[io.StringIO]:
    """Collect what every logger prints, down to the least, as the server prints it."""
    out, loggers = io.StringIO(), [logging.getLogger(name) for name in ("", "django", "axes")]
    handler, levels = logging.StreamHandler(out), [logger.level for logger in loggers]
    handler.setFormatter(Reserved())
    loggers[0].addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield out
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def _everything_sent(besieged: Besieged) -> None:
    send_all(besieged, TYPED)
    coordinator = signed_in(besieged.there[Role.COORDINATOR])
    new = {"site": "02", "stratum": "all", "consent_version": "2", "eligible": True, "person": PERSON}
    for identifier in ("02-090", "02-091"):  # the second is the same person, and refused
        post(coordinator, f"/api/trials/{CODE}/participants", identifier=identifier, **new)
    post(coordinator, f"/api/trials/{CODE}/participants", identifier=3, **new)
    investigator = besieged.there[Role.INVESTIGATOR]
    for password in (PASSWORD, "wrong horse"):
        Client().post("/sign-in/", {"username": investigator.username, "password": password})
        signed = {"confirm": THERE, "reason": TYPED, "username": investigator.username, "password": password}
        post(signed_in(investigator), f"/api/trials/{CODE}/participants/{THERE}/unblinding", **signed)
    post(signed_in(besieged.there[Role.PHARMACIST]), f"/api/trials/{CODE}/participants/{THERE}/arm")


def test_a15_no_log_holds_what_was_typed_a_person_or_an_arm(besieged: Besieged) -> None:
    """A15: canaries through every form, right and wrong, then every page; each logger at its lowest level."""
    with printed() as log:
        _everything_sent(besieged)
        client = signed_in(besieged.there[Role.COORDINATOR])
        for route in routes():
            for path in addresses(route):
                client.get(path).close()
        client.get("/no/such/page/")
    told = log.getvalue().casefold()
    assert "not found: /no/such/page/" in told
    assert [secret for secret in (*SECRETS, *ARMS) if secret.casefold() in told] == []


def test_a15_no_statement_to_the_database_holds_a_person_a_password_or_an_arm(besieged: Besieged) -> None:
    """A15: so that no log of the database can, whatever its settings; what was typed is what is stored."""
    told: list[str] = []

    def note(execute: Any, statement: str, parameters: Any, many: bool, context: Any) -> Any:
        if "calor_capture_datacut" not in statement:  # it holds the protocol's text, which names its arms
            told.append(f"{statement} {parameters}".casefold())
        return execute(statement, parameters, many, context)

    with connection.execute_wrapper(note):
        _everything_sent(besieged)
    assert len(told) > 500
    for secret in (*(secret for secret in SECRETS if secret != TYPED), *ARMS):
        assert not [one for one in told if secret.casefold() in one], secret


def test_a15_an_error_is_logged_by_kind_and_place_and_answered_without_a_word(
    besieged: Besieged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A15: PostgreSQL quotes the row that it refuses; neither the answer nor the log does."""

    def fail(*_: Any, **__: Any) -> None:
        raise IntegrityError(f"Failing row contains ({TYPED})") from ValueError(TYPED)

    monkeypatch.setattr(medication.adverse_events, "record_medication", fail)
    client, sent = signed_in(besieged.there[Role.COORDINATOR]), {"name": TYPED, "dose": "1", "indication": TYPED}
    with printed() as log:
        answer = client.post(f"/participants/{THERE}/medication/new/", {**sent, "seen": 0, "started": "2026-01-01"})
    assert answer.status_code == 500
    assert TYPED not in answer.content.decode()
    told = log.getvalue()
    assert TYPED not in told
    for kind in ("django.db.utils.IntegrityError", "builtins.ValueError", "medication.py"):
        assert kind in told


def test_a15_a_report_that_somebody_has_sent_by_mail_or_service_holds_no_form_and_no_variable() -> None:
    """A15: Django's own report of a crash."""
    request = RequestFactory().post("/", {"text": TYPED})
    try:
        secret = TYPED  # a variable of the place where it fails
        reporter = 1 // (len(secret) - len(TYPED))
    except ZeroDivisionError as error:
        reporter = ExceptionReporter(request, type(error), error, error.__traceback__)
    told = reporter.get_traceback_text() + "".join(
        str(pair) for frame in reporter.get_traceback_frames() for pair in frame["vars"]
    )
    assert "secret" in told
    assert TYPED not in told


def test_a15_nothing_is_logged_but_by_that_printer() -> None:
    """A15: Django's own settings would mail what was typed to administrators."""
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"reserved"}
    assert not settings.ADMINS
    assert not settings.DEBUG


def test_a15_no_link_carries_what_was_typed(besieged: Besieged) -> None:
    """A15: an address stands in histories, in the log of a proxy and, without the policy, in the next server's."""
    told = send_all(besieged, TYPED)
    for name, answer in told:
        assert "canary" not in answer.get("Location", ""), name
        assert answer["Referrer-Policy"] == "same-origin"


def test_a3_who_knows_every_earlier_arm_and_the_block_size_guesses_as_often_as_was_previewed() -> None:
    """A3: on lists as they are drawn; the bound is the exact share by enumeration, and three standard errors."""
    from calor.enroll.allocation_list import draw_production_list  # noqa: PLC0415

    blocks, length = PermutedBlocks((1, 1), (4,)), 4000
    arms = [int(arm) for arm in draw_production_list(blocks, ("all",), length).arms["all"]]
    right = sum(_guess(arms[start : start + 4], at) for start in range(0, length, 4) for at in range(4))
    share = float(expected_guesses(blocks).correct)
    error = np.sqrt(share * (1 - share) / length)
    assert right / length == pytest.approx(share, abs=4 * error)  # 17/24


def _guess(block: list[int], at: int) -> float:
    """Guess the arm that was given less often in the block; half right where they are even."""
    given = [block[:at].count(arm) for arm in (0, 1)]
    return 0.5 if given[0] == given[1] else float(block[at] == given.index(min(given)))


def test_a3_no_blinded_person_is_told_a_place_a_block_or_what_is_left(besieged: Besieged) -> None:
    """A3: method, block sizes, length and place of the list are nowhere but with the administrator, who drew it."""
    send_all(besieged, "as it is")
    words = ("block", "position", "places", "permuted", "next_position", "slot")
    for role, person in besieged.there.items():
        if role in UNBLINDED or role == Role.ADMINISTRATOR:
            continue
        client = signed_in(person)
        for route in routes():
            if route.template.startswith(("static", "style", "api/openapi", "charts")) or route.template == "api/":
                continue
            for path in addresses(route):
                answer = client.get(path)
                body = answer.content.decode("utf-8", "replace").casefold() if answer.status_code == 200 else ""
                assert [word for word in words if word in body] == [], f"{role} {path}"


def test_a5_an_allocation_asks_the_database_and_opens_what_is_sealed_alike_for_both_arms(
    on_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A5.2: so that neither the time nor the number of statements tells the arm."""
    running, work, arms = open_running_trial(length=16, strata=("all",), kits=40), [], []
    opened: list[str] = []
    real = allocation.open_arm
    monkeypatch.setattr(allocation, "open_arm", lambda *a: (opened.append(str(a[2])), real(*a))[1])
    for i in range(16):
        participant = running.register(f"01-{i:03}", "all")
        statements: list[str] = []
        opened.clear()
        with connection.execute_wrapper(
            lambda go, s, p, m, c, at=statements: (at.append(s.split()[0]), go(s, p, m, c))[1]
        ):
            running.allocate(f"01-{i:03}")
        work.append((tuple(statements), len(opened) + i))  # of one kit fewer each time
        arms.append(unblinding.read_arm(running.people[Role.PHARMACIST], participant))
    assert len(set(arms)) == 2
    seen = {arm: {one for one, of in zip(work, arms, strict=True) if of == arm} for arm in set(arms)}
    usual = [one for one in work if work.count(one) > 1]
    assert len(set(usual)) == 1, seen
    assert all(usual[0] in of_arm for of_arm in seen.values())


@pytest.mark.parametrize(
    "body",
    [
        {"confirm": [THERE, "02-002"]},
        {"confirm": f"{THERE},02-002"},
        {"participants": [THERE, "02-002"]},
        {"confirm": "02-002"},
        {"reason": " "},
    ],
)
def test_a16_one_unblinding_is_of_one_participant_and_says_why(besieged: Besieged, body: dict[str, object]) -> None:
    """A16: two participants in one request, another than confirmed, or no reason."""
    investigator = besieged.there[Role.INVESTIGATOR]
    right = {"confirm": THERE, "reason": "leak", "username": investigator.username, "password": PASSWORD}
    answer = post(signed_in(investigator), f"/api/trials/{CODE}/participants/{THERE}/unblinding", **{**right, **body})
    assert answer.status_code in (409, 422)
    assert not any(arm in answer.content.decode() for arm in ARMS)


def test_a16_who_was_unblinded_to_one_stays_masked_to_all_others(besieged: Besieged) -> None:
    """A16: and to the one who was told, on every page; the arm stands in that one answer alone."""
    for role, person in besieged.there.items():
        client = signed_in(person)
        for route in routes():
            if THERE not in "".join(addresses(route)):
                continue
            for path in addresses(route):
                body = client.get(path).content.decode("utf-8", "replace").casefold()
                assert not any(arm in body for arm in ARMS), f"{role} {path}"


# Addresses that tell arms apart. A page of results belongs here once a test shows that nobody can be singled out by its
# filters, nor by the difference of two of its answers, and no cell of fewer than five.
BY_ARM = {
    "api/trials/<trial>/sites/<site>/kits",
    "api/trials/<trial>/unblinded-exports/<kind>",
    "board/<int:number>/closed/",
    "board/<int:number>/results/",
    "board/<int:number>/results/<str:analysis>/",
}
FILTERS = {
    "site": "02",
    "find": THERE,
    "show": "eligible",
    "stratum": "all",
    "arm": "0",
    "sex": "F",
    "from": "2026-01-01",
}


def test_a25_what_tells_arms_apart_takes_no_filter(besieged: Besieged) -> None:
    """A25: small cells and differences of filters, for the unblinded roles; the blinded see no arm at all (A5.1)."""
    send_all(besieged, "as it is")
    told: set[str] = set()
    for role in UNBLINDED:
        client = signed_in(besieged.there[role])
        for route in routes():
            if "GET" not in route.methods or route.template.startswith("static"):
                continue
            for path in addresses(route):
                plain = client.get(path)
                by_letter = of_action(route, "GET") in (Action.READ_CLOSED, Action.READ_RESULTS)
                if plain.status_code == 200 and (by_letter or any(arm in _text(plain).casefold() for arm in ARMS)):
                    told.add(route.template)
                    assert len(_text(client.get(path, FILTERS))) == len(_text(plain)), path
    assert told >= BY_ARM
    assert told <= BY_ARM, (
        f"{told - BY_ARM} tell arms apart. Show that nobody can be singled out by their filters, or by the difference "
        "of two answers, nor a cell of fewer than five; then name them in BY_ARM (tests/web/attacks/test_leaks.py)."
    )


def _text(answer: Any) -> str:
    """Return what an answer tells, unpacked."""
    if answer["Content-Type"] != "application/zip":
        return answer.content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return " ".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_a23_no_page_names_another_server(besieged: Besieged) -> None:
    """A23: whatever is loaded, sent to or led to is this server's; the browser tests see that nothing is asked for."""
    send_all(besieged, "as it is")
    named = re.compile(
        r"""(?:src|href|action|hx-\w+|srcset|poster|data)\s*=\s*["']?\s*(?:[a-z]+:)?//|url\(|@import""", re.I
    )
    seen = 0
    for role, person in besieged.there.items():
        client = signed_in(person)
        for route in routes():
            if route.template.startswith("static"):
                continue
            for path in addresses(route):
                answer = client.get(path)
                if answer["Content-Type"].startswith(("text/html", "text/css")):
                    assert not named.findall(answer.content.decode()), f"{role} {path}"
                    seen += 1
                assert answer["Content-Security-Policy"].startswith("default-src 'self';")
    assert seen > 150
