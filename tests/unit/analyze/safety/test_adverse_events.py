"""Adverse-event tables: who counts, how often, and where."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from calor.analyze.safety.adverse_events import AdverseEventColumns, adverse_events
from calor.errors import AnalysisError


def _adsl() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "USUBJID": ["01", "02", "03", "04", "05"],
            "TRT01A": ["Active", "Active", "Active", "Placebo", "Placebo"],
            "TRTDURD": [100, 50, 150, 100, 100],
        }
    )


def _adae() -> pd.DataFrame:
    rows = [
        ("01", "Active", "Skin", "Rash", "MILD", "RELATED", "N", "Y", 10),
        ("01", "Active", "Skin", "Rash", "SEVERE", "NONE", "Y", "Y", 30),
        ("01", "Active", "Skin", "Itch", "MILD", "", "N", "Y", 20),
        ("02", "Active", "Skin", "Rash", "MODERATE", "RELATED", "N", "Y", 5),
        ("03", "Active", "Skin", "Rash", "MILD", "RELATED", "N", "", -3),
        ("04", "Placebo", "Blood", "Eosinophilia", "", "NONE", "N", "Y", 40),
    ]
    names = ["USUBJID", "TRTA", "AEBODSYS", "AEDECOD", "AESEV", "AEREL", "AESER", "TRTEMFL", "ASTDY"]
    return pd.DataFrame(rows, columns=names)


@cache
def _table() -> pd.DataFrame:
    return adverse_events(_adae(), _adsl()).table


def _cell(table: pd.DataFrame, **where: str) -> pd.Series:  # type: ignore[type-arg]
    for column, value in where.items():
        table = table[table[column] == value]
    (row,) = table.to_dict("records")
    return pd.Series(row)


def test_a_participant_counts_once_per_term_however_many_events() -> None:
    rash = _cell(_table(), level="term", term="Rash", by="all", arm="Active")
    assert (rash["participants"], rash["events"], rash["n"]) == (2, 3, 3)
    assert rash["percent"] == pytest.approx(200 / 3)


def test_a_term_seen_in_one_arm_is_a_row_of_zeros_in_the_other() -> None:
    rash = _cell(_table(), level="term", term="Rash", by="all", arm="Placebo")
    assert (rash["participants"], rash["events"], rash["percent"], rash["rate"]) == (0, 0, 0, 0)
    assert rash["percent_upper"] > 80


def test_events_that_did_not_emerge_under_treatment_are_left_out() -> None:
    any_event = _cell(_table(), level="any", by="all", arm="Active")
    assert (any_event["participants"], any_event["events"]) == (2, 4)


def test_severity_counts_a_participant_at_the_worst_only() -> None:
    table = _table()
    rash = table[(table["term"] == "Rash") & (table["by"] == "severity") & (table["arm"] == "Active")]
    found = rash.set_index("category")[["participants", "events"]].to_dict("index")
    assert found == {
        "MILD": {"participants": 0, "events": 1},
        "MODERATE": {"participants": 1, "events": 1},
        "SEVERE": {"participants": 1, "events": 1},
    }


def test_a_relation_or_severity_left_blank_is_a_category_of_its_own() -> None:
    table = _table()
    assert _cell(table, level="any", by="relation", category="not stated", arm="Active")["participants"] == 1
    assert _cell(table, level="any", by="severity", category="not stated", arm="Placebo")["participants"] == 1


def test_time_at_risk_ends_at_the_first_event() -> None:
    rash = _cell(_table(), level="term", term="Rash", by="all", arm="Active")
    assert rash["years_at_risk"] == pytest.approx((10 + 5 + 150) / 365.25)
    assert rash["rate"] == pytest.approx(100 * 2 / ((10 + 5 + 150) / 365.25))


def test_a_trial_without_events_is_a_table_of_zeros() -> None:
    result = adverse_events(_adae().iloc[:0], _adsl())
    assert list(result.table["participants"]) == [0, 0, 0, 0]
    assert "Active 0/3 (0.0 %)" in str(result)


def test_an_event_without_a_day_counts_from_the_first_day_and_is_reported() -> None:
    adae = _adae()
    adae.loc[5, "ASTDY"] = float("nan")
    result = adverse_events(adae, _adsl())
    assert result.onset_unknown == 1
    eosinophilia = _cell(result.table, term="Eosinophilia", by="all", arm="Placebo")
    assert eosinophilia["years_at_risk"] == pytest.approx(101 / 365.25)


def test_grades_can_stand_for_severity() -> None:
    adae = _adae().assign(AETOXGR=["1", "3", "1", "2", "1", "5"])
    columns = AdverseEventColumns(severity="AETOXGR")
    table = adverse_events(adae, _adsl(), columns=columns, severity_order=("1", "2", "3", "4", "5")).table
    assert _cell(table, level="any", by="severity", category="5", arm="Placebo")["participants"] == 1


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("USUBJID", 0, "99", "`adae` must name only participants of adsl, got 99"),
        ("TRTA", 0, "Placebo", "`adae` must agree with adsl on each participant's arm, got 01"),
        ("AESEV", 0, "AWFUL", "`severity_order` must name every severity in adae, got \\['AWFUL'\\]"),
    ],
)
def test_events_that_fit_no_participant_are_refused(column: str, row: int, value: str, message: str) -> None:
    adae = _adae()
    adae.loc[row, column] = value
    with pytest.raises(AnalysisError, match=message):
        adverse_events(adae, _adsl())


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("USUBJID", "02", "`adsl` must name each participant once, got 02"),
        ("TRT01A", "", "`adsl` must give each participant an arm, got 01"),
        ("TRTDURD", 0, "`adsl` must give each participant a positive TRTDURD, got 01"),
    ],
)
def test_a_safety_set_with_faults_is_refused(column: str, value: object, message: str) -> None:
    adsl = _adsl()
    adsl.loc[0, column] = value
    with pytest.raises(AnalysisError, match=message):
        adverse_events(_adae(), adsl)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(AnalysisError, match="none named AESER"):
        adverse_events(_adae().drop(columns="AESER"), _adsl())


@pytest.mark.parametrize(("level", "flag"), [("any", "AOCCFL"), ("soc", "AOCCSFL"), ("term", "AOCCPFL")])
def test_participants_of_a_real_trial_agree_with_its_own_first_occurrence_flags(
    level: str, flag: str, calor_data: Path
) -> None:
    adae, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adae.xpt")
    adsl, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adsl.xpt")
    table = adverse_events(adae, adsl[adsl["SAFFL"] == "Y"]).table
    ours = table[(table["level"] == level) & (table["by"] == "all") & (table["participants"] > 0)]
    found = ours.set_index(["soc", "term", "arm"])["participants"].to_dict()
    flagged = adae[(adae["TRTEMFL"] == "Y") & (adae[flag] == "Y")]
    keys = {"any": [], "soc": ["AEBODSYS"], "term": ["AEBODSYS", "AEDECOD"]}[level]
    filled = flagged.assign(**dict.fromkeys({"AEBODSYS", "AEDECOD"} - set(keys), ""))
    assert found == filled.groupby(["AEBODSYS", "AEDECOD", "TRTA"]).size().to_dict()
