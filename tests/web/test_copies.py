"""Copies: what a site keeps, what moves to another database, and who can change a site's data."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.web.databases import sql, use
from tests.web.routes import signed_in
from tests.web.running_trial import PASSWORD, Running, open_running_trial
from tests.web.superuser import without_triggers

from calor.errors import ConductError
from calor.web import copies, odm
from calor.web.audit import audited_models, digest_of
from calor.web.audit_check import verify
from calor.web.models import Allocation, AuditRow, ImpactAssessment, Participant, Signature
from calor.web.moving import move
from calor.web.permissions import AT_A_SITE, PERMITTED, Action, Role
from calor.web.services import accounts, consent, corrections, unblinding

SOURCE = Path(__file__).parents[2] / "src"
ODD = 'He said: "=1+1", <b>&amp;</b> \\u0041 \\ tab\there\nline\x01 é 漢 𝔘'


@pytest.fixture
def running(on_sqlite: str) -> Running:
    """A trial in which everything has happened once."""
    trial = open_running_trial()
    for i in range(3):
        trial.register(f"01-{i:03}", ("anterior", "other")[i % 2])
        trial.allocate(f"01-{i:03}")
    first = Participant.objects.get(identifier="01-000")
    coordinator, investigator = trial.people[Role.COORDINATOR], trial.people[Role.INVESTIGATOR]
    monitor = trial.people[Role.MONITOR]
    me = {"username": investigator.username, "password": PASSWORD}
    correction = corrections.correct(coordinator, first, "stratum", "other", reason=ODD)
    corrections.sign_correction(investigator, correction, **me)
    corrections.sign(investigator, first, meaning="reviewed", **me)
    unblinding.unblind(investigator, first, confirm="01-000", reason="leak", **me)
    assessed = {"conclusion": "None.", "username": monitor.username, "password": PASSWORD}
    unblinding.close_assessment(monitor, ImpactAssessment.objects.get(), **assessed)
    consent.withdraw(coordinator, Participant.objects.get(identifier="01-002"), reason="@home now")
    return trial


def _tables(who: Any, trial: Any) -> copies.Tables:
    return copies.tables_of(trial, copies.chosen(who, trial, Action.EXPORT))


def test_an_odm_copy_read_again_tells_all_that_the_database_holds(running: Running) -> None:
    told = _tables(running.people[Role.INVESTIGATOR], running.trial)
    document = odm.write(told, running.trial.code, timezone.now())
    trial, again = odm.read(document)
    assert trial == "IVORY-2"
    assert {name: _in_order(rows) for name, rows in again.items()} == {
        name: _in_order(rows) for name, rows in told.items()
    }
    assert again["correction"][0]["reason"] == ODD
    assert copies.difference(again, told) is None
    counts = {name: len(rows) for name, rows in again.items()}
    assert counts["participant"] == counts["allocation"] == 3
    assert counts["signature"] == Signature.objects.count() == 3
    records = {row["record"] for rows in told.values() for row in rows}
    assert counts["audit"] == AuditRow.objects.filter(record__in=records).count() > 10
    for row in again["allocation"]:
        held = Allocation.objects.get(participant__identifier=row["participant"])
        assert (row["kit"], row["stratum"], row["by"]) == (held.kit.number, held.stratum, held.by.username)


def test_a_csv_copy_holds_the_same_and_no_formulas(running: Running) -> None:
    """A8"""
    told = _tables(running.people[Role.INVESTIGATOR], running.trial)
    with zipfile.ZipFile(io.BytesIO(copies.csv_archive(told))) as archive:
        assert set(archive.namelist()) == {f"{name}.csv" for name in told}
        for name in set(told) - {"audit"}:
            rows = list(csv.DictReader(io.StringIO(archive.read(f"{name}.csv").decode(), newline="")))
            original = [{c: v[1:] if v.startswith("'") else v for c, v in row.items()} for row in rows]
            assert original == told[name]
        assert "'@home now" in archive.read("withdrawal.csv").decode()


def test_a_copy_names_no_arm_no_place_and_no_other_site(running: Running) -> None:
    """A6"""
    administrator = running.people[Role.ADMINISTRATOR]
    other = accounts.add_site(administrator, running.trial, "02")
    stranger = accounts.create_account("operator", "stranger", PASSWORD, full_name="A Stranger")
    accounts.change_role(administrator, stranger, Role.INVESTIGATOR, running.trial, site=other, reason="delegation")
    assert not any(_tables(stranger, running.trial).values())  # there is nobody at site 02
    told = str(_tables(running.people[Role.INVESTIGATOR], running.trial))
    assert "aldesleukin" not in told
    assert "placebo" not in told
    assert "position" not in told


def test_a_site_can_always_take_its_own_copy(running: Running) -> None:
    client = signed_in(running.people[Role.INVESTIGATOR])
    for kind, media in (("csv", "application/zip"), ("odm", "application/xml")):
        answer = client.get(f"/api/trials/IVORY-2/exports/{kind}")
        assert (answer.status_code, answer["Content-Type"]) == (200, media)
    assert AuditRow.objects.filter(action=Action.EXPORT, actor=running.people[Role.INVESTIGATOR].username).count() == 2


def test_no_role_of_the_sponsor_changes_a_sites_data() -> None:
    of_the_site = {
        Action.REGISTER, Action.ALLOCATE, Action.WITHDRAW, Action.CORRECT, Action.SIGN_CORRECTION, Action.SIGN,
        Action.UNBLIND,
    }  # fmt: skip
    for action in of_the_site:
        assert PERMITTED[action] <= AT_A_SITE
    assert Role.INVESTIGATOR in PERMITTED[Action.EXPORT]


def test_a_copy_kept_by_a_site_shows_what_was_altered_later(on_sqlite: str, running: Running, tmp_path: Path) -> None:
    path = tmp_path / "copy.xml"
    path.write_bytes(signed_in(running.people[Role.INVESTIGATOR]).get("/api/trials/IVORY-2/exports/odm").content)
    running.register("01-009")
    same = _calor("compare", on_sqlite, str(path))
    assert same.returncode == 0, same.stdout + same.stderr
    with without_triggers():
        Participant.objects.filter(identifier="01-001").update(consent_version="3")
    altered = _calor("compare", on_sqlite, str(path))
    assert altered.returncode == 1
    assert "consent_version of participant/" in altered.stdout


@pytest.mark.parametrize(
    "document",
    [
        b"not xml",
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>',
        b'<!DOCTYPE x SYSTEM "http://localhost/x.dtd"><x/>',
    ],
)
def test_documents_that_reach_beyond_themselves_are_refused(document: bytes) -> None:
    """A9"""
    with pytest.raises(ConductError, match="ODM"):
        odm.read(document)


def test_a_trial_moved_to_postgresql_and_back_is_the_same_to_the_last_digest(
    on_sqlite: str, running: Running, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before = _digests()
    server = request.getfixturevalue("postgresql")
    sql(server, "DROP DATABASE IF EXISTS moved")
    sql(server, "CREATE DATABASE moved")
    addresses = [on_sqlite, f"{server}moved", f"sqlite:///{tmp_path / 'back.sqlite3'}"]
    for source, target in pairwise(addresses):
        assert move(source, target) > len(before)
        use(target)
        assert _digests() == before
        assert verify().problem is None
    with pytest.raises(ConductError, match="be empty"):
        move(addresses[0], addresses[1])
    answers = []
    for address in addresses:
        use(address)
        running.register("01-050")
        answers.append(running.allocate("01-050").kit)
        assert verify().problem is None
    use("sqlite:///:memory:")
    sql(server, "DROP DATABASE moved WITH (FORCE)")
    assert len(set(answers)) == 1


def _digests() -> dict[str, str]:
    return {f"{model.__name__} {row.pk}": digest_of(row) for model in audited_models() for row in model.objects.all()}


def _in_order(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(rows, key=lambda row: (row["participant"], row["record"], row.get("n", "")))


def _calor(*arguments: str) -> Any:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "calor", "audit", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
