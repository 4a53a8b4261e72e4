"""A trial folder is screened from the command line: all results or none, and no identifier where it does not belong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.spec.ehr_cases import write_records

from calor.cli.show import progress
from calor.errors import RecordsError
from calor.trial import open_trial, stored
from calor.trial.screening import screen

ROOT = Path(__file__).parents[2]


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    text = (ROOT / "examples/outcome/protocol.toml").read_text(encoding="utf-8")
    listed = 'vocabulary = "listed"\nas_of = 2026-06-30\nabsent = ["other_trial"]\n'
    text = text.replace("[screening]\n", f"[screening]\n{listed}").replace("days = [30, 120]", "days = [0, 365]")
    (tmp_path / "protocol.toml").write_text(text.replace("window = [30, 120]", "window = [0, 365]"), encoding="utf-8")
    (tmp_path / "records").mkdir()
    write_records(tmp_path / "records")
    return tmp_path


def test_the_command_prints_one_line_and_nothing_on_stderr(trial: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "calor", "screen", str(trial)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    persons = len(pd.read_csv(trial / "records/person.csv"))
    assert done.stdout.startswith(f"{persons} persons · ")
    assert "worklist.parquet (0 windows close this week)" in done.stdout


@pytest.mark.slow
def test_the_command_says_nothing_on_stderr_with_spark_either(trial: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: Spark needs it")
    pytest.importorskip("pyspark")
    path = trial / "protocol.toml"
    text = path.read_text(encoding="utf-8").replace('records = "records"', f'records = "spark://{trial / "records"}"')
    path.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "calor", "screen", str(trial)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert " eligible · " in done.stdout


def test_progress_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with progress(quiet=False) as tell:
            tell("judging")
        monkeypatch.undo()
        terminal.write("the end")
        terminal.flush()
        shown = b""
        while b"the end" not in shown:
            shown += os.read(ours, 65_536)
    os.close(ours)
    assert b"judging" in shown


def test_results_hold_every_table_and_ids_only_where_they_belong(trial: Path) -> None:
    outcome = screen(trial)
    for name in ("worklist", "near_misses", "reasons", "funnel", "funnel_shareable", "overlap"):
        table = pd.read_parquet(outcome.folder / f"{name}.parquet")
        assert ("person_id" in table.columns) == (name in {"worklist", "near_misses", "reasons"})
    content = json.loads((outcome.folder / "screen.json").read_text(encoding="utf-8"))
    assert "person_id" not in json.dumps(content)
    assert content["funnel"][0]["left"] == content["persons"]


def test_the_parts_of_a_score_add_up_and_the_rank_follows(trial: Path) -> None:
    table = screen(trial).tables["worklist"]
    parts = table[["benefit_points", "urgency_points", "completeness_points"]].sum(axis=1)
    assert parts.to_numpy() == pytest.approx(table["score"].to_numpy())
    assert table["score"].is_monotonic_decreasing


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def rewrite(path: Path, **columns: object) -> None:
    pd.read_csv(path, dtype=str).assign(**columns).to_csv(path, index=False)


def cut_parquet(path: Path) -> None:
    whole = path.with_suffix(".parquet")
    pd.read_csv(path).to_parquet(whole)
    path.unlink()
    cut(whole)


BAD: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a missing table": ("death", Path.unlink, "no death"),
    "a missing column": (
        "measurement",
        lambda path: pd.read_csv(path, dtype=str).drop(columns="unit_concept_id").to_csv(path, index=False),
        "no unit_concept_id",
    ),
    "a person twice": (
        "person",
        lambda path: path.write_text(path.read_text() + path.read_text().splitlines()[-1] + "\n"),
        "1 rows too many",
    ),
    "a date in the future": ("measurement", lambda path: rewrite(path, measurement_date="2199-01-01"), "in the future"),
    "a cut text file": ("measurement", cut, "nothing was written|whole"),
    "a cut Parquet file": ("measurement", cut_parquet, "measurement.parquet"),
    "what is no date": ("drug_exposure", lambda path: rewrite(path, drug_exposure_start_date="soon"), "nothing was"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_records_are_refused_and_the_last_results_stay_as_they_were(trial: Path, name: str) -> None:
    table, spoil, message = BAD[name]
    spoil(trial / f"records/{table}.csv")
    before = trial / "results/screening/worklist.parquet"
    before.parent.mkdir(parents=True)
    before.write_bytes(b"of yesterday")
    with pytest.raises(RecordsError, match=message):
        screen(trial)
    assert before.read_bytes() == b"of yesterday"
    assert {path.name for path in (trial / "results").rglob("*")} == {".lock", "screening", "worklist.parquet"}


def test_a_vocabulary_without_descendants_is_refused(trial: Path) -> None:
    path = trial / "protocol.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('"listed"', '"site"'), encoding="utf-8")
    concept = pd.DataFrame({"concept_id": [4329847], "vocabulary_id": ["SNOMED"], "concept_code": ["22298006"]})
    concept.to_parquet(trial / "records/concept.parquet")
    with pytest.raises(RecordsError, match="descendants"):
        screen(trial)
    assert not (trial / "results/screening").exists()


def test_the_report_of_a_screen_names_nobody(trial: Path) -> None:
    for path in (trial / "records").iterdir():
        table = pd.read_csv(path, dtype=str)
        table.assign(person_id="98765" + table["person_id"]).to_csv(path, index=False)
    outcome = screen(trial)
    page = (outcome.folder / "report/report.html").read_text(encoding="utf-8")
    assert "Candidates in the health records" in page
    assert "person_id" not in page
    finding = stored.load(trial / "results/analyses/screening")
    assert all("person_id" not in table for table in finding.tables.values())
    written = page + " ".join(table.to_csv() for table in finding.tables.values())
    assert "98765" not in written


def test_a_second_screen_says_what_changed(trial: Path) -> None:
    assert screen(trial).changes is None
    (trial / "protocol.toml").write_text(
        (trial / "protocol.toml").read_text(encoding="utf-8").replace("as_of = 2026-06-30", "as_of = 2026-07-01"),
        encoding="utf-8",
    )
    path = trial / "records/death.csv"
    deaths = pd.read_csv(path, dtype=str)
    person = str(pd.read_parquet(trial / "results/screening/worklist.parquet")["person_id"].iloc[0])
    pd.concat([deaths, pd.DataFrame({"person_id": [person], "death_date": ["2026-06-20"]})]).to_csv(path, index=False)
    outcome = screen(trial)
    assert "since 2026-06-30: " in str(outcome)
    assert outcome.changes is not None
    moved = outcome.changes.table.set_index("person_id")
    assert moved["now"][int(person)] == "ineligible"
    assert "alive" in moved["criteria"][int(person)]


def test_a_run_screens_first_and_not_again_while_nothing_changes(trial: Path) -> None:
    first, second = (open_trial(trial).run() for _ in range(2))
    assert [step.state for step in first.steps if step.name == "screening"] == ["done"]
    assert [step.state for step in second.steps if step.name == "screening"] == ["unchanged"]
    assert "Candidates in the health records" in first.report.read_text(encoding="utf-8")


def test_a_run_without_records_says_so(trial: Path) -> None:
    for path in (trial / "records").iterdir():
        path.unlink()
    (trial / "records").rmdir()
    step = next(step for step in open_trial(trial).run().steps if step.name == "screening")
    assert (step.state, step.why) == ("left out", "no records in the folder")


def test_somebody_elses_tables_are_screened_and_what_they_lack_is_said(trial: Path, calor_data: Path) -> None:
    import zipfile  # noqa: PLC0415

    for path in (trial / "records").iterdir():
        path.unlink()
    archive = next((calor_data / "omop-synthea27nj").glob("*.zip"))
    with zipfile.ZipFile(archive) as file:
        for name in file.namelist():
            if name.endswith(".parquet") and "__MACOSX" not in name:
                (trial / "records" / Path(name).name).write_bytes(file.read(name))
    text = (trial / "protocol.toml").read_text(encoding="utf-8").replace('vocabulary = "listed"', 'vocabulary = "site"')
    (trial / "protocol.toml").write_text(text, encoding="utf-8")
    with pytest.raises(RecordsError, match="hscrp"):
        screen(trial)
    lacking = ["hscrp", "statin", "statin_high_intensity", "cancer", "immunosuppressant", "pregnancy", "other_trial"]
    (trial / "protocol.toml").write_text(
        text.replace('absent = ["other_trial"]', f"absent = {json.dumps(lacking)}"), encoding="utf-8"
    )
    outcome = screen(trial)
    assert outcome.screened.persons == 28
    assert "hscrp" in str(outcome)
