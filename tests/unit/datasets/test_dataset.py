"""Reading and writing datasets."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from calor.datasets.aside import aside
from calor.datasets.dataset import Dataset, read, write
from calor.datasets.folder import read_folder
from calor.errors import DatasetError

COLUMN = {
    "type": "object",
    "required": ["itemOID", "name", "label", "dataType"],
    "additionalProperties": False,
    "properties": {
        "itemOID": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "label": {"type": "string"},
        "dataType": {
            "enum": ["string", "integer", "decimal", "float", "double", "boolean", "datetime", "date", "time", "URI"]
        },
        "targetDataType": {"enum": ["integer", "decimal"]},
        "length": {"type": "integer", "minimum": 1},
        "displayFormat": {"type": "string"},
        "keySequence": {"type": "integer", "minimum": 1},
    },
}
DATASET_JSON = {  # the tables of the Dataset-JSON 1.1 specification, written as a schema
    "type": "object",
    "required": [
        "datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records", "name", "label", "columns",
    ],
    "properties": {
        "datasetJSONCreationDateTime": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?$"},
        "datasetJSONVersion": {"pattern": r"^1\.1(\.(0|[1-9]\d*))?$"},
        "itemGroupOID": {"type": "string", "minLength": 1},
        "records": {"type": "integer", "minimum": 0},
        "name": {"type": "string", "minLength": 1},
        "label": {"type": "string"},
        "columns": {"type": "array", "items": COLUMN},
        "rows": {"items": {"type": "array", "items": {"type": ["string", "number", "null"]}}},
    },
}  # fmt: skip


def example() -> Dataset:
    frame = pd.DataFrame(
        {
            "USUBJID": ["001", "002"],
            "ADT": [dt.date(2021, 3, 1), None],
            "ADTM": [dt.datetime(2021, 3, 1, 9, 30), None],  # noqa: DTZ001
            "AVAL": [1.5, np.nan],
            "AVALC": ["1.5", "<0.2"],
        }
    )
    return Dataset("ADLB", frame, {"AVAL": "Analysis Value"}, "Laboratory Results")


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "adlb.parquet"
    write(example(), path)
    assert read(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert read(path).source == path


def test_the_hash_in_memory_changes_with_any_value() -> None:
    given = example()
    changed = given.frame.assign(AVAL=[1.5000001, np.nan])
    assert Dataset("ADLB", changed, {}).sha256 != given.sha256
    assert Dataset("ADLB", given.frame, {}).sha256 == given.sha256


def test_written_dataset_json_fits_the_specification(tmp_path: Path) -> None:
    path = tmp_path / "adlb.json"
    write(example(), path)
    held = json.loads(path.read_text())
    jsonschema.validate(held, DATASET_JSON)
    date = next(column for column in held["columns"] if column["name"] == "ADT")
    assert (date["dataType"], date["targetDataType"]) == ("date", "integer")
    assert held["rows"][0] == ["001", "2021-03-01", "2021-03-01T09:30:00", 1.5, "1.5"]
    assert held["rows"][1] == ["002", None, None, None, "<0.2"]


def test_dataset_json_from_elsewhere_is_read_by_its_metadata(tmp_path: Path) -> None:
    columns = [
        {"itemOID": "a", "name": "AESTDTC", "label": "", "dataType": "date"},
        {"itemOID": "b", "name": "ASTDT", "label": "", "dataType": "date", "targetDataType": "integer"},
        {"itemOID": "c", "name": "ATM", "label": "", "dataType": "time", "targetDataType": "integer"},
        {"itemOID": "d", "name": "AVAL", "label": "", "dataType": "decimal", "targetDataType": "decimal"},
        {"itemOID": "e", "name": "AGE", "label": "", "dataType": "integer"},
    ]
    about = {"datasetJSONCreationDateTime": "2024-01-01T00:00:00", "datasetJSONVersion": "1.1.0", "itemGroupOID": "IG"}
    held = {**about, "name": "X", "label": "", "records": 2, "columns": columns}
    rows = [["2021-03", "2021-03-01", "09:30:00", "1.25", 61], [None, None, None, None, None]]
    path = tmp_path / "adx.json"
    path.write_text(json.dumps({**held, "rows": rows}))
    frame = read(path).frame
    assert frame.iloc[0].tolist() == ["2021-03", pd.Timestamp("2021-03-01"), 34_200.0, 1.25, 61.0]
    assert frame.iloc[1].isna().all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"records": 3}, "3 records"),
        ({"datasetJSONVersion": "1.0.0"}, "version 1.0.0"),
        ({"rows": [["001"]]}, "uneven rows"),
        ({"rows": [["x"] * 5, ["y"] * 5]}, "no date"),
        ({"columns": None}, "structure|no columns"),
    ],
)
def test_a_broken_dataset_json_is_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    path = tmp_path / "adlb.json"
    write(example(), path)
    held = {**json.loads(path.read_text()), **change}
    path.write_text(json.dumps({key: value for key, value in held.items() if value is not None}))
    with pytest.raises(DatasetError, match=says):
        read(path)


@pytest.mark.parametrize("name", ["adsl.json", "adsl.ndjson", "adsl.xpt", "adsl.parquet"])
def test_a_file_that_is_not_what_its_suffix_says_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("USUBJID,AGE\n001,61\n")
    with pytest.raises(DatasetError, match="must be"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("frame", "label", "says"),
    [
        (pd.DataFrame({"TREATMENT": ["x"]}), "", "1 to 8"),
        (pd.DataFrame({"age": [1.0]}), "", "1 to 8"),
        (pd.DataFrame({"AVALC": ["x" * 201]}), "", "at most 200"),
        (pd.DataFrame({"AVALC": ["µ" * 101]}), "", "at most 200"),
        (pd.DataFrame({"AVAL": [1e76]}), "", "in size"),
        (pd.DataFrame({"AVALC": ["x", ""]}), "", "blanks only"),
        (pd.DataFrame({"AVAL": [1.0]}), "L" * 41, "at most 40"),
    ],
)
def test_what_xport_cannot_hold_is_refused_before_writing(
    tmp_path: Path, frame: pd.DataFrame, label: str, says: str
) -> None:
    path = tmp_path / "adlb.xpt"
    path.write_text("what stood here")
    with pytest.raises(DatasetError, match=says):
        write(Dataset("ADLB", frame, {frame.columns[0]: label}), path)
    assert path.read_text() == "what stood here"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (pd.DataFrame({"X": [True, False]}), "booleans"),
        (pd.DataFrame({"X": [np.inf]}), "infinite"),
        (pd.DataFrame({"X": ["a", 1]}), "type int and str"),
        (pd.DataFrame({"X": pd.to_datetime(["2021-03-01T00:00:00Z"])}), "time zone"),
        (pd.DataFrame({"X": pd.to_datetime(["2021-03-01T00:00:00.5"])}), "finer than a second"),
        (pd.DataFrame({"X": pd.to_timedelta([1], unit="s")}), "durations"),
        (pd.DataFrame([[1.0, 2.0]], columns=["X", "X"]), "each its own"),
        (pd.DataFrame({"X": ["a\0b"]}), "NUL"),
    ],
)
def test_a_column_that_adam_has_no_place_for_is_refused(frame: pd.DataFrame, says: str) -> None:
    with pytest.raises(DatasetError, match=says):
        Dataset("ADLB", frame, {})


def test_a_label_without_its_column_is_refused() -> None:
    with pytest.raises(DatasetError, match="AGEX"):
        Dataset("ADSL", pd.DataFrame({"AGE": [1.0]}), {"AGEX": "Age"})


def test_csv_from_elsewhere_keeps_leading_zeros_and_missing_codes(tmp_path: Path) -> None:
    path = tmp_path / "adsl.csv"
    path.write_bytes(
        b'\xef\xbb\xbfUSUBJID,SITEID,AGE,TRTSDT,ARM\r\n007,01,61,2021-03-01,"High, daily"\r\n008,02,NA,,Low\r\n'
    )
    frame = read(path).frame
    assert frame["USUBJID"].tolist() == ["007", "008"]
    assert frame["SITEID"].tolist() == ["01", "02"]
    assert frame["ARM"].tolist() == ["High, daily", "Low"]
    assert frame["AGE"].isna().tolist() == [False, True]
    assert frame["TRTSDT"].dtype == "datetime64[s]"


@pytest.mark.parametrize(
    ("text", "says"), [("", "header"), ("A,B\n1\n", "2 fields"), ('A\n"x"y\n', "stray one"), (b"A\n\xe9\n", "UTF-8")]
)
def test_a_broken_csv_is_refused(tmp_path: Path, text: str | bytes, says: str) -> None:
    path = tmp_path / "adsl.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DatasetError, match=says):
        read(path)


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "adsl.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError), aside(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert [file.read_text() for file in tmp_path.iterdir()] == ["old"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"adsl\.xpt"):
        read(tmp_path / "adsl.xpt")


def test_a_folder_gives_its_datasets_by_stem(tmp_path: Path) -> None:
    write(example(), tmp_path / "adlb.csv")
    write(example(), tmp_path / "ADPET.json")
    (tmp_path / "define.json").write_text("{}")
    (tmp_path / ".part-1-adsl.csv").write_text("half")
    assert sorted(read_folder(tmp_path)) == ["adlb", "adpet"]


def test_a_folder_with_one_dataset_in_two_files_is_refused(tmp_path: Path) -> None:
    write(example(), tmp_path / "adlb.csv")
    write(example(), tmp_path / "ADLB.json")
    with pytest.raises(DatasetError, match=r"ADLB\.json and adlb\.csv|adlb\.csv and ADLB\.json"):
        read_folder(tmp_path)


@pytest.mark.parametrize("folder", [".", "absent"])
def test_a_folder_without_datasets_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(DatasetError, match="adam_dir"):
        read_folder(tmp_path / folder)


def test_the_cdisc_pilot_keeps_every_value_through_every_format(calor_data: Path, tmp_path: Path) -> None:
    for stem, given in read_folder(calor_data / "cdisc-pilot").items():
        for suffix in (".xpt", ".json", ".ndjson", ".parquet", ".csv"):
            write(given, tmp_path / f"{stem}{suffix}")
            pd.testing.assert_frame_equal(read(tmp_path / f"{stem}{suffix}").frame, given.frame, check_exact=True)


def test_the_cdisc_pilot_has_its_labels_and_dates(calor_data: Path) -> None:
    adsl = read(calor_data / "cdisc-pilot" / "adsl.xpt")
    assert adsl.frame.shape == (254, 49)
    assert adsl.labels["TRTSDT"] == "Date of First Exposure to Treatment"
    assert adsl.frame["TRTSDT"].dtype == "datetime64[s]"
    assert adsl.frame["TRTSDT"].iloc[0] == pd.Timestamp("2014-01-02")
    assert adsl.frame["DCSREAS"].isna().sum() == 110
