"""The safety board: a frozen cut, its two reports, limits for harm, looks, and who may read what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.test.utils import override_settings
from tests.web.routes import signed_in
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.errors import ConductError
from calor.web.audit_check import verify
from calor.web.board.cut import whole
from calor.web.capture.models import DataCut, WithheldAlert, WithheldCut
from calor.web.models import Allocation, Notice, Participant
from calor.web.permissions import Role
from calor.web.services import adverse_events, cuts, visits
from calor.web.services.adverse_events import Event
from calor.web.services.unblinding import read_arm

EXAMPLE = Path(__file__).parents[2] / "examples/ivory/protocol.toml"
LOOKS = """
[looks]
analysis = "primary"
alpha = 0.025
sides = 1
power = 0.8
efficacy = { function = "obrien_fleming" }

[looks.planning]
kind = "continuous"
difference = -0.5
sd = 0.3

[[looks.looks]]
id = "half"
information_fraction = 0.6
purpose = "Efficacy"

[[looks.looks]]
id = "final"
information_fraction = 1.0
purpose = "Final analysis"
"""
N = 8
AGO = timedelta(days=70)
TODAY = datetime.now(UTC).date()


@pytest.fixture
def running(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Eight participants randomized and treated 70 days ago, with a limit for harm at four of an arm."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("looks = [10, 20, 30]", "looks = [4, 8]")
    (tmp_path / "protocol.toml").write_text(text + LOOKS, encoding="utf-8")
    with override_settings(TRIAL_FOLDER=str(tmp_path)):
        with monkeypatch.context() as clock:
            clock.setattr("django.utils.timezone.now", lambda: datetime.now(UTC) - AGO)
            trial = open_running_trial(code="IVORY", arms=["Placebo", "Aldesleukin"], length=N)
            for number in range(N):
                trial.register(f"01-{number:03d}")
                trial.allocate(f"01-{number:03d}")
        for one in Participant.objects.select_related("trial", "site"):
            visits.record_visit(trial.people[Role.COORDINATOR], one, "V3", on=TODAY - AGO)
        yield trial


on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _cut(running: Running, name: str = "Meeting 1", **more: Any) -> Any:
    who = running.people[Role.UNBLINDED_STATISTICIAN]
    asked = {"name": name, "cutoff": TODAY, "reason": "the board meets", "username": who.username} | more
    return cuts.make_cut(more.pop("actor", who), running.trial, password=PASSWORD, **asked)


def _event(running: Running, identifier: str, term: str, **more: Any) -> None:
    participant = Participant.objects.select_related("trial", "site").get(identifier=identifier)
    now = datetime.now(UTC)
    told = Event(term, now.date() - timedelta(days=2), 2, now, **more)
    adverse_events.record_event(running.people[Role.COORDINATOR], participant, told)


def _treated(running: Running) -> list[str]:
    rows = Allocation.objects.select_related("participant__trial", "participant__site").order_by("at")
    pharmacist = running.people[Role.PHARMACIST]
    return [r.participant.identifier for r in rows if read_arm(pharmacist, r.participant) == "Aldesleukin"]


def _page(who: Any, address: str) -> str:
    answer = signed_in(who).get(address)
    assert answer.status_code == 200, address
    text = answer.content.decode()
    return text[text.index("<main") : text.index("</main>")]


def _forget() -> None:
    for made in (cuts._open, cuts._closed, cuts._result, cuts._whole):
        made.cache_clear()


def test_a_cut_is_signed_audited_and_never_changed(running: Running) -> None:
    _cut(running)
    assert verify().problem is None
    for change in (
        lambda: DataCut.objects.update(content="{}"),
        lambda: WithheldCut.objects.update(content="{}"),
        lambda: WithheldCut.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert "Meeting 1" in Notice.objects.get(role=Role.SAFETY_BOARD).text
    with pytest.raises(ConductError, match="no other cut has"):
        _cut(running)


@on_sqlite
def test_both_reports_are_the_same_bytes_from_the_same_cut_whatever_is_recorded_later(running: Running) -> None:
    board = running.people[Role.SAFETY_BOARD]
    _event(running, "01-001", "Urinary tract infection", infection=True)
    first = _cut(running)
    addresses = [f"/board/{first.number}/{kind}/" for kind in ("open", "closed")]
    before = [_page(board, address) for address in addresses]
    for report in before:
        assert first.digest in report
        assert "Urinary tract infection" in report
        assert "Infection, grade 2" in report  # the alert
        assert f"Data up to</dt><dd>{TODAY.isoformat()}" in report
        assert first.protocol[:12] in report
    _event(running, "01-002", "Gout")
    _forget()
    assert [_page(board, address) for address in addresses] == before
    second = _cut(running, "Meeting 2")
    assert second.digest != first.digest
    assert "Gout" in _page(board, "/board/2/open/")


@on_sqlite
def test_what_happened_after_the_cut_off_is_in_neither_part(running: Running) -> None:
    _event(running, "01-001", "Gout")
    cut = _cut(running, cutoff=TODAY - timedelta(days=3))
    assert "Gout" not in cut.content + cut.withheld.content


@on_sqlite
def test_content_that_is_not_what_was_cut_is_refused(running: Running) -> None:
    cut = _cut(running)
    cut.content = cut.content.replace('"01-001"', '"01-00x"', 1)
    with pytest.raises(ConductError, match="hold what was cut"):
        whole(cut)


@on_sqlite
def test_the_open_report_depends_on_no_arm_and_the_closed_one_names_letters_only(running: Running) -> None:
    _event(running, "01-001", "Fever")
    cut = _cut(running)
    told = _page(running.people[Role.STATISTICIAN], "/board/1/open/").lower()
    assert not any(word in told for word in ("arm a", "arm b", "placebo", "aldesleukin"))
    assert not any(f'"{arm}"' in cut.content for arm in running.trial.arms if f"label = {arm!r}" not in cut.content)
    opened = whole(cut)
    closed = _page(running.people[Role.SAFETY_BOARD], "/board/1/closed/")
    assert opened.coded["01-001"] in closed
    assert "placebo" not in closed.lower()
    key = cuts.read_codes(
        running.people[Role.UNBLINDED_STATISTICIAN], running.trial, reason="the board asked",
        username=running.people[Role.UNBLINDED_STATISTICIAN].username, password=PASSWORD,
    )  # fmt: skip
    assert {who: key[letter] for who, letter in opened.coded.items()} == opened.arms
    assert sorted(who for who, arm in opened.arms.items() if arm == "Aldesleukin") == sorted(_treated(running))
    assert "the board asked" in Notice.objects.filter(role=Role.SAFETY_BOARD).last().text


@on_sqlite
def test_only_the_board_and_its_statistician_open_the_closed_report_and_results(running: Running) -> None:
    _cut(running)
    shut = ("/board/1/closed/", "/board/1/results/", "/board/1/results/adverse_events/")
    for role in Role:
        client: Client = signed_in(running.people[role])
        absent = client.get("/no/such/page/").content
        for address in shut:
            answer = client.get(address)
            if role in (Role.SAFETY_BOARD, Role.UNBLINDED_STATISTICIAN):
                assert answer.status_code == 200, f"{role} {address}"
            else:
                assert (answer.status_code, answer.content) == (404, absent), f"{role} {address}"
        may_open = role not in (Role.COORDINATOR, Role.INVESTIGATOR, Role.PHARMACIST, Role.UNBLINDED_MONITOR)
        assert client.get("/board/1/open/").status_code == (200 if may_open else 404), role
        assert client.get("/board/").status_code == (200 if may_open else 404), role


@on_sqlite
def test_a_reached_limit_for_harm_alerts_those_who_may_know_and_stands_in_the_closed_report(running: Running) -> None:
    treated = _treated(running)
    for identifier in treated[:2]:
        _event(running, identifier, "Fever")
    assert not WithheldAlert.objects.exists()
    for identifier in treated[2:4]:
        _event(running, identifier, "Influenza-like illness")
    alert = WithheldAlert.objects.get(rule="immune_activation")
    assert set(alert.roles) == {Role.UNBLINDED_MONITOR, Role.PHARMACIST, Role.SAFETY_BOARD}
    for role in (Role.UNBLINDED_MONITOR, Role.SAFETY_BOARD):
        assert "of the first 4 participants of the arm" in _page(running.people[role], "/alerts/")
    assert "of the first 4 participants" not in _page(running.people[Role.COORDINATOR], "/alerts/")
    cut = _cut(running)
    closed = _page(running.people[Role.SAFETY_BOARD], "/board/1/closed/")
    assert "limit reached. Pause dosing; the board reviews before the trial goes on." in closed
    letter = whole(cut).coded[treated[0]]
    rows = closed[closed.index('id="harm-immune-activation"') :]
    cells = [part.split("<")[0] for part in rows.split('<td class="right">')[1:5]]  # look 1: n, limit, Arm A, Arm B
    assert cells == (["4", cells[1], "4", "0"] if letter == "Arm A" else ["4", cells[1], "0", "4"])
    assert int(cells[1]) <= 4
    assert "limit reached" not in _page(running.people[Role.SAFETY_BOARD], "/board/1/open/")


def _scans(running: Running, folder: Path, change: dict[bool, float]) -> None:
    treated, rows, rng = set(_treated(running)), [], np.random.default_rng(8)
    for k in range(N):
        who, base = f"01-{k:03d}", rng.normal(2.3, 0.3)
        after = base + change[who in treated] + rng.normal(0, 0.25)
        for visit, day, value in (("Baseline", -1.0, base), ("Day 61", 61.0, after)):
            on = TODAY - AGO + timedelta(days=day)
            rows.append(
                {"USUBJID": who, "PARAMCD": "TBRIDX", "AVISIT": visit, "ADT": on.isoformat(), "ADY": day, "AVAL": value,
                 "BASE": base, "CHG": None if day < 0 else value - base, "ANL01FL": "Y",
                 "ABLFL": "Y" if day < 0 else None}
            )  # fmt: skip
    (folder / "results/imaging").mkdir(parents=True)
    pd.DataFrame(rows).to_csv(folder / "results/imaging/adpet.csv", index=False)


@on_sqlite
def test_a_look_says_that_its_boundary_is_crossed(running: Running, tmp_path: Path) -> None:
    _scans(running, tmp_path, {True: -1.0, False: 0.0})
    _cut(running, look="half")
    with pytest.raises(ConductError, match="in order"):
        _cut(running, "Again", look="half")
    closed = _page(running.people[Role.SAFETY_BOARD], "/board/1/closed/")
    looks = closed[closed.index('id="looks"') :]
    assert "boundary crossed: stop for efficacy" in looks[: looks.index("<table")]
    assert "to come" in looks  # the final look
    result = _page(running.people[Role.SAFETY_BOARD], "/board/1/results/")
    assert "Arm B v Arm A, index-vessel TBRmax" in result
    assert 'data-chart="' in result


@on_sqlite
def test_a_cut_that_says_too_little_is_refused(running: Running) -> None:
    for wrong, said in (
        ({"cutoff": TODAY + timedelta(days=1)}, "future"),
        ({"cutoff": TODAY - timedelta(days=400)}, "first randomization"),
        ({"reason": " "}, "say why"),
        ({"look": "third"}, "be one of half, final"),
        ({"name": "  "}, "be a name"),
    ):
        with pytest.raises(ConductError, match=said):
            _cut(running, **wrong)
    assert DataCut.objects.count() == 0


@on_sqlite
def test_the_cut_is_made_by_a_form_that_keeps_what_was_typed(running: Running) -> None:
    who = running.people[Role.UNBLINDED_STATISTICIAN]
    client = signed_in(who)
    typed = {
        "name": "Meeting 1",
        "cutoff": TODAY.isoformat(),
        "look": "",
        "reason": "it meets",
        "username": who.username,
    }
    answer = client.post("/board/cut/", {**typed, "password": "wrong horse"})
    assert answer.status_code == 422
    assert 'value="Meeting 1"' in answer.content.decode()
    assert client.post("/board/cut/", {**typed, "password": PASSWORD}).status_code == 302
    assert DataCut.objects.get().name == "Meeting 1"
