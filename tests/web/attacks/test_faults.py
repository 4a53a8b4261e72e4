"""The database fails in the middle: nothing half is written, and the next request goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import override_settings
from tests.web.databases import use
from tests.web.routes import post, signed_in
from tests.web.running_trial import Running, open_running_trial
from tests.web.test_follow_up import FOLDER

from calor.web.audit_check import verify
from calor.web.models import Allocation, AuditRow, StratumHead
from calor.web.permissions import Role

ALLOCATE = "/api/trials/IVORY/participants/01-001/allocation"
ASKED = {"key": "k", "stratum": "anterior"}


@pytest.fixture
def running(database: str) -> Running:
    """A trial with a participant who waits for allocation."""
    trial = open_running_trial(code="IVORY")
    trial.register("01-001")
    return trial


def _state() -> tuple[int, int, int]:
    return Allocation.objects.count(), AuditRow.objects.count(), sum(h.next_position for h in StratumHead.objects.all())


@override_settings(TRIAL_FOLDER=str(FOLDER))
def test_a17_a_connection_cut_at_any_statement_leaves_nothing_and_the_next_request_is_right(
    running: Running, database: str
) -> None:
    """A17: the server ends the session in the midst of the transaction."""
    client = signed_in(running.people[Role.COORDINATOR])
    client.get("/participants/01-001/")
    before = _state()
    for at in range(1, 200):
        done = 0

        def cut(execute: Any, *call: Any) -> Any:
            nonlocal done
            done += 1
            if done == at:  # noqa: B023  (used within the loop only)
                if connection.vendor == "postgresql":
                    with psycopg.connect(database, autocommit=True) as other:
                        ours = connection.connection.info.backend_pid
                        other.execute("SELECT pg_terminate_backend(%s)", [ours])
                else:
                    raise OperationalError("disk I/O error")
            return execute(*call)

        with connection.execute_wrapper(cut):
            answer = post(client, ALLOCATE, **ASKED)
        use(database)  # as the next request does
        if answer.status_code == 200:
            assert done < at
            break
        assert answer.status_code in (302, 401, 404, 500, 503), answer.status_code
        assert _state() == before, f"statement {at}"
    assert at > 12
    assert Allocation.objects.count() == 1
    assert verify().problem is None


def test_a17_a_full_disk_refuses_and_leaves_nothing(on_sqlite: str) -> None:
    """A17"""
    running = open_running_trial(code="IVORY")
    running.register("01-001")
    client, before = signed_in(running.people[Role.COORDINATOR]), _state()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
    answers = []
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        for i in range(200):  # until a page more is needed
            new = {"site": "01", "identifier": f"01-{i + 100}", "stratum": "anterior", "consent_version": "2" * 40}
            answers.append(post(client, "/api/trials/IVORY/participants", eligible=True, **new).status_code)
            if answers[-1] != 200:
                break
    assert answers[-1] == 500
    assert verify().problem is None
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1000000")
    assert post(client, ALLOCATE, **ASKED).status_code == 200
    assert _state()[0] == before[0] + 1
    assert verify().problem is None


def test_a17_a_file_that_became_read_only_refuses_and_leaves_nothing(on_sqlite: str) -> None:
    """A17: as after a remount."""
    running = open_running_trial(code="IVORY")
    running.register("01-001")
    client, before = signed_in(running.people[Role.COORDINATOR]), _state()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
    assert post(client, ALLOCATE, **ASKED).status_code == 500
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = OFF")
    assert _state() == before
    assert post(client, ALLOCATE, **ASKED).status_code == 200


def test_a17_a_journal_that_was_removed_takes_nothing_that_was_told(on_sqlite: str) -> None:
    """A17: with the server stopped, what was acknowledged and lay in the file stays; the chain says if some is gone."""
    running = open_running_trial(code="IVORY")
    running.register("01-001")
    told = running.allocate("01-001")
    path = on_sqlite.removeprefix("sqlite:///")
    connection.close()  # the last connection writes the journal into the file
    for end in ("-wal", "-shm"):
        Path(path + end).unlink(missing_ok=True)
    use(on_sqlite)
    assert Allocation.objects.get().kit.number == told.kit
    assert verify().problem is None


def test_a17_a_storm_of_the_same_request_gives_one_allocation(running: Running) -> None:
    """A17: double click, lost answers, impatience."""
    client = signed_in(running.people[Role.COORDINATOR])
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        answers = [post(client, ALLOCATE, **ASKED | {"key": f"k{i % 3}"}) for i in range(20)]
    assert len({answer.json()["kit"] for answer in answers if answer.status_code == 200}) == 1
    assert Allocation.objects.count() == 1
