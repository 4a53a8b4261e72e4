"""`calor audit` from the shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.web.databases import use
from tests.web.running_trial import open_running_trial
from tests.web.superuser import without_triggers

SOURCE = Path(__file__).parents[2] / "src"


def _calor(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.run(
        [sys.executable, "-m", "calor", "audit", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_verify_names_the_first_bad_row(database: str, tmp_path: Path) -> None:
    from calor.web.models import AuditRow  # noqa: PLC0415

    running = open_running_trial()
    head = str(tmp_path / "head.json")
    exported = _calor("export", database, head)
    assert exported.returncode == 0, exported.stderr
    assert "IVORY-2: " in exported.stdout
    whole = _calor("verify", database, "--head", head)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert whole.stdout.startswith("audit trail whole")
    use(database)
    with without_triggers():
        AuditRow.objects.filter(chain=running.trial.code, n=7).update(actor="somebody else")
    broken = _calor("verify", database, "--head", head)
    assert broken.returncode == 1
    assert "row 7 of chain IVORY-2" in broken.stdout


def test_a_key_is_written_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    assert _calor("key", str(path)).returncode == 0
    assert path.stat().st_mode & 0o077 == 0
    again = _calor("key", str(path))
    assert again.returncode == 2
    assert "not exist yet" in again.stderr
