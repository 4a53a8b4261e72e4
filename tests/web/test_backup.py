"""A restored backup goes on as if nothing had happened."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from tests.web.databases import POSTGRESQL_FOLDERS, sql, use
from tests.web.running_trial import open_running_trial

from calor.web.audit_check import verify
from calor.web.models import Allocation


def restored(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """Back a database up with its own tool and restore it elsewhere."""
    if database.startswith("sqlite"):
        path = tmp_path / "restored.sqlite3"
        source, target = sqlite3.connect(database.removeprefix("sqlite:///")), sqlite3.connect(path)
        source.backup(target)
        source.close()
        target.close()
        return f"sqlite:///{path}"
    folders = (*POSTGRESQL_FOLDERS, str(Path(shutil.which("pg_dump") or "/").parent))
    programs = next(folder for folder in folders if Path(folder, "pg_dump").exists())
    dump = subprocess.run([f"{programs}/pg_dump", database], check=True, capture_output=True)
    name = database.rsplit("/", 1)[1] + "_restored"
    sql(request.getfixturevalue("postgresql"), f"CREATE DATABASE {name}")
    restored = f"{database}_restored"
    restore = [f"{programs}/psql", "-q", "-v", "ON_ERROR_STOP=1", restored]
    subprocess.run(restore, input=dump.stdout, check=True, capture_output=True)
    return restored


def test_the_next_allocation_after_a_restore_is_the_one_that_would_have_come(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    running = open_running_trial()
    for i in range(3):
        running.register(f"01-{i:03}")
    running.allocate("01-000")
    copy = restored(database, tmp_path, request)
    answers = []
    for url in (database, copy):
        use(url)
        told = [running.allocate(f"01-{i:03}") for i in range(3)]
        positions = list(Allocation.objects.order_by("pk").values_list("participant__identifier", "position"))
        answers.append(([(one.participant, one.kit) for one in told], positions))
        assert verify().problem is None
    use("sqlite:///:memory:")
    assert answers[0] == answers[1]
    assert answers[0][1] == [("01-000", 0), ("01-001", 1), ("01-002", 2)]
