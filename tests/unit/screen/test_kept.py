"""Staged tables are kept between screens; whatever could make them stale has everything staged anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from tests.spec.ehr_cases import TABLES, folder, rules

from calor.errors import RecordsError
from calor.records.open import open_records
from calor.screen.kept import Staged, bring_up_to_date, keep
from calor.screen.refresh import changed
from calor.screen.rules import Rules
from calor.screen.screened import Screened, screen

DAYS = {
    "condition_occurrence": ["condition_start_date", "condition_end_date"],
    "drug_exposure": ["drug_exposure_start_date", "drug_exposure_end_date"],
    "measurement": ["measurement_date"],
    "death": ["death_date"],
}


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """Give the cases' records as Parquet parts, all but the last ten tests, screened once."""
    for name in TABLES:
        table = pd.read_csv(folder() / f"ehr_case_{name}.csv")
        for day in DAYS.get(name, []):
            if day in table:
                table[day] = pd.to_datetime(table[day]).astype("date32[pyarrow]")
        (tmp_path / "records" / name).mkdir(parents=True)
        last = len(table) - 10 if name == "measurement" else len(table)
        table[:last].to_parquet(tmp_path / "records" / name / "first.parquet")
        table[last:].to_parquet(tmp_path / f"{name}-later.parquet")
    screened(tmp_path)
    return tmp_path


def screened(trial: Path, asked: Rules | None = None, salt: str = "") -> tuple[Staged, Screened]:
    asked = asked or rules()
    records = open_records(trial / "records")
    part = bring_up_to_date(records, asked, trial / "kept", salt)
    found = screen(part.facts, asked)
    keep(part, found, trial / "kept", salt)
    records.close()
    return part, found


def arrive(trial: Path) -> None:
    (trial / "measurement-later.parquet").rename(trial / "records/measurement/second.parquet")


def test_files_that_did_not_change_are_not_read_again(trial: Path) -> None:
    part, _ = screened(trial)
    assert part.reread == 0
    assert str(part) == "new rows of 0 persons read"


def test_a_new_file_is_read_for_the_persons_it_touches(trial: Path) -> None:
    later = pd.read_parquet(trial / "measurement-later.parquet")
    arrive(trial)
    part, found = screened(trial)
    assert part.reread == later["person_id"].nunique()
    assert part.before is not None
    moved = changed(part.before, found)
    assert set(moved.table["person_id"]) <= set(later["person_id"])
    assert str(moved).startswith("since 2026-06-30: ")


def test_nothing_changed_is_said_in_words(trial: Path) -> None:
    part, found = screened(trial)
    assert part.before is not None
    assert str(changed(part.before, found)) == "since 2026-06-30: nothing changed"


def test_a_file_that_was_written_anew_has_everything_staged(trial: Path) -> None:
    path = trial / "records/measurement/first.parquet"
    pd.read_parquet(path).assign(value_as_number=1.0).to_parquet(path)
    assert screened(trial)[0].reread is None


def test_a_file_that_is_gone_has_everything_staged(trial: Path) -> None:
    arrive(trial)
    screened(trial)
    (trial / "records/measurement/second.parquet").unlink()
    assert screened(trial)[0].reread is None


def test_other_concept_sets_or_code_have_everything_staged(trial: Path) -> None:
    asked = rules()
    other = asked.screening.model_copy(update={"concepts": {"statin": (1545958,)}})
    assert screened(trial, salt="newer code")[0].reread is None
    assert screened(trial, replace(asked, screening=other), salt="newer code")[0].reread is None


def test_another_cutoff_or_day_needs_no_reading_and_says_nothing_of_changes(trial: Path) -> None:
    asked = rules()
    assert asked.gate is not None
    moved = replace(asked, gate=asked.gate.model_copy(update={"cutoff": 3.0}))
    part, _ = screened(trial, moved)
    assert part.reread == 0
    assert part.before is None
    later, _ = screened(trial, replace(moved, as_of=moved.as_of + timedelta(1)))
    assert later.reread == 0
    assert later.before is not None


def test_a_death_told_later_is_seen(trial: Path) -> None:
    _, found = screened(trial)
    person = int(found.answers.loc[found.answers["status"] == "eligible", "person_id"].iloc[0])
    path = trial / "records/death/first.parquet"
    deaths = pd.read_parquet(path)
    one = deaths.head(1).assign(person_id=person)
    pd.concat([deaths, one]).to_parquet(path)
    part, after = screened(trial)
    assert part.reread == 1
    assert after.answers.set_index("person_id")["status"][person] == "ineligible"


def test_a_new_person_is_counted_and_one_twice_refused(trial: Path) -> None:
    path = trial / "records/person/first.parquet"
    people = pd.read_parquet(path)
    pd.concat([people, people.head(1).assign(person_id=999_999)]).to_parquet(path)
    part, found = screened(trial)
    assert part.reread == 0
    assert found.persons == len(people) + 1
    pd.concat([people, people.head(1)]).to_parquet(path)
    with pytest.raises(RecordsError, match="1 rows too many"):
        screened(trial)


@pytest.mark.parametrize("name", ["kept.json", "labs.parquet", "members.parquet"])
def test_what_was_kept_and_was_damaged_is_not_used(trial: Path, name: str) -> None:
    (trial / "kept" / name).write_text("{", encoding="utf-8")
    assert screened(trial)[0].reread is None


def test_answers_that_were_kept_and_were_damaged_are_not_compared_with(trial: Path) -> None:
    (trial / "kept/answers.parquet").write_text("{", encoding="utf-8")
    part, _ = screened(trial)
    assert part.before is None
    assert part.reread == 0
