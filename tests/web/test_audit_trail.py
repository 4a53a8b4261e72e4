"""The audit trail: what cannot be changed, and what is found when someone changes it all the same."""

# ruff: noqa: S608  (the tests play a superuser who types SQL)

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from tests.web.running_trial import PASSWORD, Running, open_running_trial
from tests.web.superuser import without_triggers

from calor.errors import ConductError
from calor.web.append_only import APPEND_ONLY, HEADS
from calor.web.audit import audited_models
from calor.web.audit_check import verify
from calor.web.audit_head import export_heads, read_heads
from calor.web.models import Allocation, AuditHead, AuditRow, ImpactAssessment, Participant, Slot
from calor.web.permissions import Role
from calor.web.persons import Person
from calor.web.services import allocation, consent, corrections, unblinding
from calor.web.services.plans import MinimizationPlan

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def running(database: str) -> Running:
    """A trial with two allocations."""
    trial = open_running_trial()
    for i in range(2):
        trial.register(f"01-{i:03}")
        trial.allocate(f"01-{i:03}")
    return trial


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_everything_done_so_far_is_whole(running: Running) -> None:
    verdict = verify()
    assert verdict.problem is None
    assert verdict.records == sum(model.objects.count() for model in audited_models())
    assert verdict.records == 18  # trial, site, 9 roles, list, delivery, 2 participants, 2 allocations, 1 second role


def test_no_statement_updates_or_deletes_what_is_written(running: Running) -> None:
    """A7"""
    _fill(running)
    refused = ["UPDATE calor_web_{} SET id = id", "DELETE FROM calor_web_{}"]
    if connection.vendor == "postgresql":
        refused += ["TRUNCATE calor_web_{} CASCADE"]
    for statement in (each.format(table) for table in (*APPEND_ONLY, *HEADS) for each in refused):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            _run(statement)


def _fill(running: Running) -> None:
    """Bring at least one row into every table."""
    participant = Participant.objects.get(identifier="01-000")
    investigator = running.people[Role.INVESTIGATOR]
    corrections.correct(investigator, participant, "stratum", "other", reason="misread ECG")
    signed = {"username": investigator.username, "password": PASSWORD}
    corrections.sign(investigator, participant, meaning="reviewed", **signed)
    unblinding.unblind(investigator, participant, confirm="01-000", reason="anaphylaxis", **signed)
    monitor = running.people[Role.MONITOR]
    signed = {"username": monitor.username, "password": PASSWORD}
    unblinding.close_assessment(monitor, ImpactAssessment.objects.get(), conclusion="none", **signed)
    consent.withdraw(investigator, participant, reason="asked to")
    allocation.register(
        investigator, running.site, "01-900", stratum="other", consent_version="2", eligible=True,
        person=Person(number="123"),
    )  # fmt: skip
    open_running_trial(code="IVORY-3", plan=MinimizationPlan((1, 1), (("a", "b"),), 4, 0.8, (1.0,)))


def test_bulk_updates_and_deletes_of_the_orm_are_refused(running: Running) -> None:
    allocation = Allocation.objects.first()
    with pytest.raises(DatabaseError), transaction.atomic():
        Allocation.objects.update(position=99)
    with pytest.raises(DatabaseError), transaction.atomic():
        Allocation.objects.bulk_update([allocation], ["stratum"])
    with pytest.raises(DatabaseError), transaction.atomic():
        allocation.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        Slot.objects.all()._raw_delete(Slot.objects.db)


def test_a_deleted_account_is_refused_so_that_names_are_never_given_again(running: Running) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        _run(f"DELETE FROM auth_user WHERE id = {running.people[Role.MONITOR].pk}")
    assert User.objects.filter(pk=running.people[Role.MONITOR].pk).exists()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE calor_web_auditrow SET actor = 'x' WHERE chain = 'IVORY-2' AND n = 5", "row 5 "),
        ("UPDATE calor_web_auditrow SET reason = 'x' WHERE chain = 'IVORY-2' AND n = 5", "row 5 "),
        ("UPDATE calor_web_auditrow SET at = '2020' WHERE chain = 'IVORY-2' AND n = 5", "row 5 "),
        ("DELETE FROM calor_web_auditrow WHERE chain = 'IVORY-2' AND n = 5", "row 5 "),
        (
            "INSERT INTO calor_web_auditrow (chain, n, at, actor, action, record, record_digest, reason, digest) "
            "SELECT chain, 1000, at, actor, action, record, record_digest, reason, digest FROM calor_web_auditrow "
            "WHERE chain = 'IVORY-2' AND n = 5",
            "is missing",
        ),
        ("UPDATE calor_web_auditrow SET n = 9 - n WHERE chain = 'IVORY-2' AND n IN (-1, 4, 5)", "row 4 "),
        ("DELETE FROM calor_web_auditrow WHERE chain = 'IVORY-2' AND n > 12", "row 13 "),
        ("UPDATE calor_web_participant SET stratum = 'other' WHERE identifier = '01-000'", "participant/"),
        ("UPDATE calor_web_allocation SET position = 7 WHERE position = 0", "allocation/"),
        ("DELETE FROM calor_web_rolechange WHERE role = 'monitor'", "rolechange/"),
        ("UPDATE calor_web_stratumhead SET next_position = 5 WHERE stratum = 'anterior'", "first 5 of its list"),
        ("UPDATE calor_web_slot SET position = 70 WHERE position = 7 AND stratum = 'other'", "list of trial"),
        ("UPDATE calor_web_kit SET number = '00000000' WHERE id = (SELECT min(id) FROM calor_web_kit)", "kits of"),
    ],
)
def test_a_superusers_change_is_found_and_named(running: Running, change: str, named: str) -> None:
    """A7"""
    with without_triggers():
        if "9 - n" in change:  # two rows change places; the constraint forbids doing so at once
            _run("UPDATE calor_web_auditrow SET n = -1 WHERE chain = 'IVORY-2' AND n = 4")
            _run("UPDATE calor_web_auditrow SET n = 4 WHERE chain = 'IVORY-2' AND n = 5")
            _run("UPDATE calor_web_auditrow SET n = 5 WHERE chain = 'IVORY-2' AND n = -1")
        else:
            _run(change)
    problem = verify().problem
    assert problem is not None
    assert named in problem, problem


def test_an_inserted_record_without_an_audit_row_is_found(running: Running) -> None:
    _run(
        "INSERT INTO calor_web_notice (trial_id, role, text, at) "
        f"VALUES ({running.trial.pk}, 'monitor', 'forged', CURRENT_TIMESTAMP)"
    )
    assert "has no audit row" in str(verify().problem)


def test_a_tail_cut_together_with_its_head_is_found_by_the_exported_head(running: Running, tmp_path: Path) -> None:
    """A7"""
    export_heads(tmp_path / "head.json")
    heads = read_heads(tmp_path / "head.json")
    assert verify(heads).problem is None
    with without_triggers():
        last = AuditRow.objects.filter(chain="IVORY-2").order_by("n").last()
        previous = AuditRow.objects.get(chain="IVORY-2", n=last.n - 1)
        Allocation.objects.filter(position=1)._raw_delete(Allocation.objects.db)
        AuditRow.objects.filter(pk=last.pk).delete()
        AuditHead.objects.filter(chain="IVORY-2").update(n=previous.n, digest=previous.digest)
        _run("UPDATE calor_web_stratumhead SET next_position = 1 WHERE stratum = 'anterior'")
    assert verify().problem is None  # without the export the cut cannot be seen
    assert f"row {last.n} of chain IVORY-2 is missing" in str(verify(heads).problem)


def test_an_altered_export_is_refused(running: Running, tmp_path: Path) -> None:
    path = tmp_path / "head.json"
    export_heads(path)
    signed = json.loads(path.read_text())
    signed["heads"] = signed["heads"].replace('"n": ', '"n": 1')
    path.write_text(json.dumps(signed))
    with pytest.raises(ConductError, match="signature"):
        read_heads(path)


def test_a_trigger_switched_off_is_found(running: Running) -> None:
    """A7"""
    if connection.vendor == "postgresql":
        _run("ALTER TABLE calor_web_auditrow DISABLE TRIGGER calor_auditrow_update")
    else:
        _run("DROP TRIGGER calor_auditrow_update")
    assert "calor_auditrow_update is missing" in str(verify().problem)


def test_the_head_steps_by_one_only(running: Running) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditHead.objects.filter(chain="IVORY-2").update(n=3)
    with pytest.raises(DatabaseError), transaction.atomic():
        _run("UPDATE calor_web_stratumhead SET next_position = 0")


def test_a_failed_action_leaves_no_audit_row(running: Running) -> None:
    before = AuditRow.objects.count()
    with pytest.raises(ConductError):
        running.register("01-000")
    assert AuditRow.objects.count() == before
