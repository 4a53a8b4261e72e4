"""Whole folders or nothing, one writer, and a fingerprint that moves when its inputs do."""

from __future__ import annotations

from pathlib import Path

import pytest

from calor.errors import TrialError
from calor.trial.atomic import sweep, whole_folder
from calor.trial.lock import only_writer
from calor.trial.provenance import provenance


def test_folder_appears_only_when_the_block_ends_well(tmp_path: Path) -> None:
    target = tmp_path / "primary"
    with whole_folder(target) as aside:
        (aside / "a").write_text("old")
        assert not target.exists()
    assert (target / "a").read_text() == "old"


def test_error_leaves_the_old_folder_and_nothing_aside(tmp_path: Path) -> None:
    target = tmp_path / "primary"
    with whole_folder(target) as aside:
        (aside / "a").write_text("old")
    with pytest.raises(RuntimeError), whole_folder(target) as aside:
        (aside / "a").write_text("new")
        raise RuntimeError
    assert (target / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["primary"]


def test_sweep_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    (tmp_path / "analyses/.writing-x").mkdir(parents=True)
    (tmp_path / ".part-1-report.html").write_text("half")
    (tmp_path / "report.html").write_text("whole")
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["analyses", "report.html"]


def test_second_writer_is_refused(tmp_path: Path) -> None:
    with only_writer(tmp_path), pytest.raises(TrialError, match="one writer"), only_writer(tmp_path):
        pass
    with only_writer(tmp_path):  # released
        pass


def test_fingerprint_moves_with_an_input_and_with_the_seed() -> None:
    one = provenance({"adsl": "a" * 64})
    assert one.fingerprint == provenance({"adsl": "a" * 64}).fingerprint
    assert one.fingerprint != provenance({"adsl": "b" * 64}).fingerprint
    assert one.fingerprint != provenance({"adsl": "a" * 64}, seed=1).fingerprint
