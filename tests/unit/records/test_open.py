"""Records that cannot be trusted are refused, by name of table and column and never by content."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.spec.ehr_cases import rules, write_records

from calor.errors import RecordsError
from calor.records.open import open_records
from calor.screen.facts import stage

IDENTIFIER = "987654321"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_records(tmp_path)


def refused(folder: Path, match: str) -> None:
    with pytest.raises(RecordsError, match=match) as caught:
        stage(open_records(folder), rules())
    assert IDENTIFIER not in str(caught.value)
    assert caught.value.__cause__ is None


def rewrite(path: Path, **columns: object) -> None:
    pd.read_csv(path, dtype=str).assign(**columns).to_csv(path, index=False)


def test_a_missing_table_is_named(folder: Path) -> None:
    (folder / "death.csv").unlink()
    refused(folder, "no death")


def test_a_missing_column_is_named(folder: Path) -> None:
    path = folder / "measurement.csv"
    pd.read_csv(path, dtype=str).drop(columns="unit_concept_id").to_csv(path, index=False)
    refused(folder, "no unit_concept_id")


def test_a_person_id_with_decimals_is_refused(folder: Path) -> None:
    rewrite(folder / "death.csv", person_id="4.5")
    refused(folder, "`person_id` must be of kind id, got float64 at death")


def test_a_person_twice_is_refused(folder: Path) -> None:
    path = folder / "person.csv"
    people = pd.read_csv(path, dtype=str)
    pd.concat([people, people.head(1).assign(year_of_birth=IDENTIFIER)]).to_csv(path, index=False)
    refused(folder, "1 rows too many")


@pytest.mark.parametrize(
    ("table", "column", "late"),
    [("measurement", "measurement_date", "2199-01-01"), ("death", "death_date", "2199-01-01"),
     ("person", "year_of_birth", "2199")],
)  # fmt: skip
def test_a_row_dated_in_the_future_is_refused_by_the_name_of_its_table(
    folder: Path, table: str, column: str, late: str
) -> None:
    rewrite(folder / f"{table}.csv", **{column: late})
    refused(folder, f"`{table}` must not be dated in the future")


def test_a_person_table_cut_between_rows_is_refused(folder: Path) -> None:
    path = folder / "person.csv"
    pd.read_csv(path, dtype=str).head(3).to_csv(path, index=False)
    refused(folder, "hold everyone with an infarction")


def test_rows_without_a_date_are_counted(folder: Path) -> None:
    rewrite(folder / "measurement.csv", measurement_date="")
    count = len(pd.read_csv(folder / "measurement.csv"))
    notes = stage(open_records(folder), rules()).notes
    assert f"{count} rows of measurement without a date were not seen." in notes


def test_what_is_no_date_is_refused_without_being_quoted(folder: Path) -> None:
    rewrite(folder / "condition_occurrence.csv", condition_start_date=f"on {IDENTIFIER}")
    refused(folder, "nothing was written")


def test_a_day_that_could_be_another_is_refused(folder: Path) -> None:
    rewrite(folder / "condition_occurrence.csv", condition_start_date="03/04/2026")
    refused(folder, "every date a date")


def test_an_address_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(RecordsError, match="a folder of OMOP tables"):
        open_records("mysql://host/records")


def test_a_cut_parquet_file_is_named(folder: Path) -> None:
    pd.read_csv(folder / "person.csv").to_parquet(folder / "person.parquet")
    (folder / "person.csv").unlink()
    whole = (folder / "person.parquet").read_bytes()
    (folder / "person.parquet").write_bytes(whole[: len(whole) // 2])
    refused(folder, "person.parquet")


def test_a_table_in_two_files_is_refused(folder: Path) -> None:
    pd.read_csv(folder / "person.csv").to_parquet(folder / "person.parquet")
    refused(folder, "each table once")


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "a folder of OMOP tables")


def test_a_strange_time_zone_is_refused(folder: Path) -> None:
    with pytest.raises(RecordsError, match="IANA"):
        open_records(folder, time_zone="Paris'; DROP TABLE person")


def test_a_duckdb_file_is_read_like_its_tables(folder: Path, tmp_path: Path) -> None:
    import duckdb  # noqa: PLC0415

    path = tmp_path / "site.duckdb"
    with duckdb.connect(str(path)) as connection:
        for file in folder.glob("*.csv"):
            connection.execute(f"CREATE TABLE {file.stem} AS FROM '{file}'")
    records = open_records(path)
    assert stage(records, rules()).persons == stage(open_records(folder), rules()).persons
    records.close()
