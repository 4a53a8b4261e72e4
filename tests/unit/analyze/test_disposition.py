"""Disposition: the counts of the flow diagram."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from calor.analyze.disposition import disposition
from calor.errors import AnalysisError


def _adsl() -> pd.DataFrame:
    rows = [
        ("1", "A", "2024-01-01", "COMPLETED", "", "Y", "Y"),
        ("2", "A", "2024-01-01", "DISCONTINUED", "Adverse Event", "Y", "Y"),
        ("3", "P", None, "DISCONTINUED", "", "Y", "N"),
        ("4", "P", "2024-01-01", "", "", "Y", "Y"),
        ("5", "Screen Failure", None, "", "", "N", "N"),
    ]
    return pd.DataFrame(rows, columns=["USUBJID", "TRT01P", "TRTSDT", "EOSSTT", "DCSREAS", "ITTFL", "SAFFL"])


def test_the_flow_counts_every_step() -> None:
    assert str(disposition(_adsl())) == ("5 screened, 4 randomized, 3 treated, 1 completed, 1 ongoing, 2 discontinued")


def test_the_flow_of_a_trial_that_nobody_left_names_no_reason() -> None:
    adsl = _adsl().assign(EOSSTT="ONGOING", DCSREAS="")
    flow = disposition(adsl).flow("SAFFL")
    assert flow.loc[flow["stage"] == "discontinued", ["count", "reason"]].to_numpy().tolist() == [[0, ""], [0, ""]]


def test_every_randomized_participant_ends_in_one_place() -> None:
    table = disposition(_adsl()).table
    whole = table[table["detail"] == ""].groupby("step")["participants"].sum()
    assert whole["completed"] + whole["ongoing"] + whole["discontinued"] == whole["randomized"]
    reasons = table[(table["step"] == "discontinued") & (table["detail"] != "")]
    assert reasons["participants"].sum() == whole["discontinued"]
    assert set(reasons["detail"]) == {"Adverse Event", "not stated"}


def test_sets_are_counted_by_flag_and_arm() -> None:
    table = disposition(_adsl()).table
    safety = table[table["detail"] == "SAFFL"].set_index("arm")["participants"].to_dict()
    assert safety == {"A": 2, "P": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"USUBJID": "2"}, "must name each participant once, got 2 again"),
        ({"EOSSTT": "VANISHED"}, "must be COMPLETED, DISCONTINUED or ONGOING, got \\['VANISHED'\\]"),
    ],
)
def test_faulty_rows_are_refused(change: dict[str, str], message: str) -> None:
    adsl = _adsl()
    for column, value in change.items():
        adsl.loc[0, column] = value
    with pytest.raises(AnalysisError, match=message):
        disposition(adsl)


def test_a_table_without_its_columns_or_participants_is_refused() -> None:
    with pytest.raises(AnalysisError, match="none named PPROTFL"):
        disposition(_adsl(), sets=["PPROTFL"])
    with pytest.raises(AnalysisError, match="at least one randomized participant"):
        disposition(_adsl().iloc[4:])
    with pytest.raises(AnalysisError, match="at least the 4 randomized, got 3"):
        disposition(_adsl(), screened=3)


def test_a_real_trial_discontinues_as_its_own_flags_say(calor_data: Path) -> None:
    adsl, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adsl.xpt")
    table = disposition(adsl, sets=("ITTFL", "SAFFL", "EFFFL")).table
    gone = table[(table["step"] == "discontinued") & (table["detail"] == "")].set_index("arm")["participants"]
    assert gone.to_dict() == adsl[adsl["DISCONFL"] == "Y"].groupby("TRT01P").size().to_dict()
    adverse = table[table["detail"] == "Adverse Event"].set_index("arm")["participants"]
    assert adverse.to_dict() == adsl[adsl["DSRAEFL"] == "Y"].groupby("TRT01P").size().to_dict()
