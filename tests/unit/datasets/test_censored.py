"""Values beyond a limit of detection."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from calor.datasets.censored import Reading, numbers, parse_reading, readings, separate
from calor.datasets.contents import Contents
from calor.datasets.folder import read_folder
from calor.errors import DatasetError


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("<0.2", Reading(0.2, "below")),
        ("< 0.2", Reading(0.2, "below")),
        ("<=0.2", Reading(0.2, "below")),
        (">500", Reading(500.0, "above")),
        (">=500", Reading(500.0, "above")),
        ("0.2", Reading(0.2, "exact")),
        (" 1e3 ", Reading(1000.0, "exact")),
        ("<", None),
        ("<limit", None),
        ("0,2", None),
        ("", None),
    ],
)
def test_a_result_is_a_number_or_a_limit_with_its_side(text: str, reading: Reading | None) -> None:
    assert parse_reading(text) == reading


def test_a_limit_of_detection_never_becomes_a_number() -> None:
    held = separate(Contents("ADLB", pd.DataFrame({"AVAL": ["3.1", "<0.2", None]}))).frame
    assert held["AVAL"].dtype == "float64"
    assert held["AVAL"].isna().tolist() == [False, True, True]
    assert readings(held).to_dict("list")["side"][:2] == ["exact", "below"]
    assert readings(held)["side"].isna().tolist() == [False, False, True]
    with pytest.raises(DatasetError, match="1 value beyond a limit"):
        numbers(held)


def test_numbers_are_given_where_nothing_is_censored() -> None:
    held = pd.DataFrame({"AVAL": [3.1, 0.2], "AVALC": ["3.1", "0.2"]}, index=[5, 7])
    assert numbers(held).to_dict() == {5: 3.1, 7: 0.2}


def test_rows_keep_their_index() -> None:
    held = pd.DataFrame({"AVAL": [None, 0.4], "AVALC": ["<0.2", None]}, index=[5, 7])
    assert readings(held)["value"].to_dict() == {5: 0.2, 7: 0.4}


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"AVAL": ["3.1", "hemolyzed"]}),
        pd.DataFrame({"AVAL": ["3.1", "<0.2"], "AVALC": ["3.1", "0.2"]}),
    ],
)
def test_a_text_that_is_no_result_or_disagrees_is_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DatasetError, match="ADLB"):
        separate(Contents("ADLB", frame))


def test_a_folder_comes_back_with_its_censored_values_separated(tmp_path: Path) -> None:
    (tmp_path / "adlb.csv").write_text("USUBJID,PARAMCD,AVAL\n001,HSCRP,3.1\n002,HSCRP,<0.2\n")
    adlb = read_folder(tmp_path)["adlb"]
    assert readings(adlb.frame)["side"].tolist() == ["exact", "below"]
    assert adlb.labels["AVALC"] == "Analysis Value (C)"
