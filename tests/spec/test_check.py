"""Every rule on trial data: a dataset that breaks exactly this rule, and how often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calor.datasets.check import RULES, check, refuse
from calor.datasets.contents import Contents
from calor.datasets.dataset import Dataset
from calor.datasets.folder import read_folder
from calor.errors import DatasetError
from calor.protocol import Protocol, read_protocol
from calor.simulate.ivory import reconstruct
from calor.simulate.ivory_conduct import protocol

ROOT = Path(__file__).parents[2]
TODAY = dt.date(2026, 11, 22)
Frames = dict[str, pd.DataFrame]
NAT = pd.NaT


def first(frame: pd.DataFrame, **where: object) -> int:
    """Return the first row where all columns have these values."""
    return int(np.flatnonzero(np.logical_and.reduce([frame[c] == v for c, v in where.items()]))[0])


def put(name: str, column: str, value: object, **where: object) -> Callable[[Frames], None]:
    """Put a value into the first row that matches."""

    def change(frames: Frames) -> None:
        frame = frames[name]
        row = first(frame, **where) if where else 0
        frame.loc[row, column] = value

    return change


def both(*changes: Callable[[Frames], None]) -> Callable[[Frames], None]:
    def change(frames: Frames) -> None:
        for one in changes:
            one(frames)

    return change


def hscrp(aval: float, avalc: str) -> Callable[[Frames], None]:
    at = {"PARAMCD": "HSCRP", "AVISIT": "Day 26"}
    return both(put("adlb", "AVAL", aval, **at), put("adlb", "AVALC", avalc, **at))


def drop(name: str, column: str | None = None) -> Callable[[Frames], None]:
    def change(frames: Frames) -> None:
        if column is None:
            del frames[name]
        else:
            frames[name] = frames[name].drop(columns=column)

    return change


def rename_parameter(frames: Frames) -> None:
    frames["adtte"] = frames["adtte"].replace({"PARAMCD": {"TTMI": "TTMX"}})


def rename_visit(frames: Frames) -> None:
    frames["adpet"] = frames["adpet"].assign(AVISIT=frames["adpet"]["AVISIT"].where(
        (frames["adpet"]["PARAMCD"] != "TBRIDX") | (frames["adpet"]["AVISIT"] != "Day 61"), "Day 62"
    ))  # fmt: skip


def repeat_scan(frames: Frames) -> None:
    row = first(frames["adpet"], PARAMCD="TBRIDX", AVISIT="Day 61")
    frames["adpet"] = pd.concat([frames["adpet"], frames["adpet"].iloc[[row]]], ignore_index=True)


def scan_of_forty(frames: Frames) -> None:
    row = first(frames["adpet"], PARAMCD="TBRIDX", AVISIT="Day 61")
    frames["adpet"].loc[row, "AVAL"] = 40.0


def early_event(frames: Frames) -> None:
    before = pd.Timestamp("2015-01-01")
    frames["adtte"].loc[0, ["STARTDT", "ADT"]] = [before, before + pd.Timedelta(days=730)]


def born_late(frames: Frames) -> None:
    born = pd.Series(pd.Timestamp("1960-05-05"), index=frames["adsl"].index)
    born[0] = frames["adsl"].loc[0, "TRTEDT"] + pd.Timedelta(days=1)
    frames["adsl"] = frames["adsl"][
        ["STUDYID", "USUBJID", "ARM", "TRT01P", "TRT01A", "SAFFL", "ITTFL", "FASFL", "FUPFL"]
    ]
    frames["adsl"]["BRTHDT"] = born
    frames["adsl"]["TRTEDT"] = pd.Timestamp("2021-03-01")
    frames["adsl"].loc[0, "TRTEDT"] = born[0] - pd.Timedelta(days=1)
    for name in ("adlb", "adpet", "adtte", "adae"):
        frames[name] = frames[name][frames[name]["USUBJID"] != frames["adsl"].loc[0, "USUBJID"]].reset_index(drop=True)


def age_as_text(frames: Frames) -> None:
    frames["adsl"]["AGE"] = frames["adsl"]["AGE"].astype("str")


def other_unit_in_param(frames: Frames) -> None:
    row = first(frames["adlb"], PARAMCD="HSCRP")
    frames["adlb"].loc[row, "PARAM"] = "C-reactive protein (mg/dL)"


def eosinophils_of_one_site(frames: Frames) -> None:
    slipped = (frames["adlb"]["PARAMCD"] == "EOS") & (frames["adlb"]["SITEID"] == "02")
    frames["adlb"].loc[slipped, "AVAL"] *= 10
    frames["adlb"].loc[slipped, "AVALC"] = None


def hscrp_in_mg_per_dl(frames: Frames) -> None:
    slipped = (frames["adlb"]["PARAMCD"] == "HSCRP") & (frames["adlb"]["ABLFL"] == "Y")
    frames["adlb"].loc[slipped, "AVAL"] /= 10
    frames["adlb"].loc[slipped, "AVALC"] = None


SPEC: list[tuple[str, Callable[[Frames], None], str, int]] = [
    ("no_adsl", drop("adsl"), "adsl", 1),
    ("missing_column", drop("adlb", "AVISIT"), "adlb", 1),
    ("missing_column", drop("adsl", "FUPFL"), "adsl", 1),
    ("missing_column", drop("adpet", "BASE"), "adpet", 1),
    ("missing_column", drop("adtte", "CNSR"), "adtte", 1),
    ("missing_column", drop("adae", "TRTEMFL"), "adae", 1),
    ("missing_column", drop("adae", "AEDECOD"), "adae", 1),
    ("missing_key", put("adlb", "USUBJID", None), "adlb", 1),
    ("no_endpoint", rename_parameter, "adtte", 1),
    ("no_endpoint", rename_visit, "adpet", 1),
    ("unknown_arm", put("adae", "TRTA", "Aldesleukine"), "adae", 1),
    ("arm_missing", put("adsl", "TRT01P", None), "adsl", 1),
    ("other_arm", put("adae", "TRTA", "Placebo", TRTA="Aldesleukin"), "adae", 1),
    ("stranger", put("adae", "USUBJID", "IVORY-R-999"), "adae", 1),
    ("duplicate", repeat_scan, "adpet", 2),
    ("two_baselines", put("adlb", "ABLFL", "Y", PARAMCD="EOS", AVISIT="Day 5"), "adlb", 2),
    ("end_before_start", put("adsl", "TRTEDT", pd.Timestamp("2020-01-01")), "adsl", 1),
    ("end_before_start", put("adtte", "ADT", pd.Timestamp("2015-01-01")), "adtte", 1),
    (
        "end_before_start",
        both(put("adae", "AENDT", pd.Timestamp("2015-01-01")), put("adae", "AENDY", np.nan)),
        "adae",
        1,
    ),
    ("not_yet", put("adsl", "EOSDT", pd.Timestamp("2026-11-23")), "adsl", 1),
    ("before_birth", put("adsl", "ACSDT", pd.Timestamp("1899-12-31")), "adsl", 1),
    ("before_birth", born_late, "adsl", 1),
    ("before_randomization", put("adsl", "RANDDT", pd.Timestamp("2020-10-05")), "adsl", 1),
    ("before_randomization", early_event, "adtte", 1),
    ("emergent_early", put("adae", "TRTEMFL", "Y", ASTDY=-1.0), "adae", 1),
    ("day_disagrees", put("adlb", "ADY", 3.0, PARAMCD="EOS", AVISIT="Day 1"), "adlb", 1),
    ("day_disagrees", put("adlb", "ADY", 0.0, PARAMCD="EOS", AVISIT="Day 1"), "adlb", 1),
    ("not_numbers", age_as_text, "adsl", 63),
    ("implausible", scan_of_forty, "adpet", 1),
    ("implausible", hscrp(600.0, "600"), "adlb", 1),
    ("implausible", hscrp(0.001, "0.001"), "adlb", 1),
    ("implausible", put("adsl", "AGE", 170.0), "adsl", 1),
    ("other_unit", put("adlb", "AVALU", "mg/dL", PARAMCD="HSCRP"), "adlb", 1),
    ("other_unit", other_unit_in_param, "adlb", 1),
    ("shifted", eosinophils_of_one_site, "adlb", 2),
    ("shifted", hscrp_in_mg_per_dl, "adlb", 1),
    ("censored_badly", hscrp(np.nan, "<limit"), "adlb", 1),
    ("limit_as_number", hscrp(0.2, "<0.2"), "adlb", 1),
    ("limit_as_number", hscrp(0.1, "0.1"), "adlb", 1),
    ("text_disagrees", hscrp(3.1, "31"), "adlb", 1),
    ("text_disagrees", hscrp(np.nan, "3.1"), "adlb", 1),
    ("change_disagrees", put("adpet", "CHG", 0.123, PARAMCD="TBRIDX", AVISIT="Day 61"), "adpet", 1),
    ("time_not_positive", put("adtte", "AVAL", 0.0), "adtte", 1),
    ("time_not_positive", put("adtte", "AVAL", -3.0), "adtte", 1),
    ("time_not_positive", put("adtte", "AVAL", np.nan), "adtte", 1),
    ("censoring_unknown", put("adtte", "CNSR", -1.0), "adtte", 1),
    ("censoring_unknown", put("adtte", "CNSR", 0.5), "adtte", 1),
]


def broken(change: Callable[[Frames], None]) -> dict[str, Contents]:
    whole = reconstruct()
    frames = {name: dataset.frame.copy() for name, dataset in whole.items()}
    change(frames)
    for name, frame in frames.items():  # a changed value changes its change too, so that one rule is broken at a time
        if {"AVAL", "BASE", "CHG"} <= set(frame.columns) and len(frame) == len(whole[name].frame):
            moved = frame["AVAL"].ne(whole[name].frame["AVAL"]) & frame["CHG"].notna()
            frame.loc[moved, "CHG"] = frame["AVAL"] - frame["BASE"]
    same = {name: frame.equals(whole[name].frame) for name, frame in frames.items()}
    return {name: whole[name] if same[name] else Contents(name.upper(), frame) for name, frame in frames.items()}


@pytest.mark.parametrize(
    ("rule", "change", "dataset", "count"), SPEC, ids=[f"{row[0]}-{number}" for number, row in enumerate(SPEC)]
)
def test_a_dataset_that_breaks_one_rule_is_told_so_and_nothing_else(
    rule: str, change: Callable[[Frames], None], dataset: str, count: int
) -> None:
    words = {r.name: r.words for r in RULES}
    found = check(broken(change), protocol(), today=TODAY)
    assert found["rule"].unique().tolist() == [words[rule]], found
    assert found["dataset"].tolist() == [dataset] * count


def test_every_rule_has_its_case() -> None:
    assert {row[0] for row in SPEC} == {rule.name for rule in RULES}
    assert len({rule.name for rule in RULES}) == len({rule.words for rule in RULES}) == len(RULES)


def test_the_reconstruction_has_no_problem() -> None:
    assert check(reconstruct(), protocol(), today=TODAY).empty


def test_the_real_cdisc_pilot_has_no_problem(calor_data: Path) -> None:
    datasets = read_folder(calor_data / "cdisc-pilot")
    assert check(datasets, read_protocol(ROOT / "examples" / "cdisc-pilot" / "protocol.toml"), today=TODAY).empty


def test_all_problems_come_at_once_with_row_subject_column_and_value() -> None:
    datasets = broken(both(hscrp(600.0, "600"), put("adsl", "AGE", 170.0), put("adtte", "AVAL", 0.0)))
    found = check(datasets, protocol(), today=TODAY)
    assert found[["dataset", "subject", "column", "value"]].values.tolist() == [
        ["adlb", "IVORY-R-001", "AVAL", "600"],
        ["adsl", "IVORY-R-001", "AGE", "170"],
        ["adtte", "IVORY-R-001", "AVAL", "0"],
    ]
    assert found.loc[found["dataset"] == "adsl", "row"].tolist() == [1]


def test_problems_are_refused_without_telling_a_value_or_an_arm() -> None:
    change = both(put("adsl", "AGE", 170.0), put("adae", "TRTA", "Aldesleukin", TRTA="Placebo"))
    with pytest.raises(DatasetError) as caught:
        refuse(check(broken(change), protocol(), today=TODAY), table="problems.csv")
    said = str(caught.value)
    assert "2 problems (1 in adae, 1 in adsl)" in said
    assert "IVORY-R-001" in said
    assert "problems.csv" in said
    for secret in ("170", "Placebo", "Aldesleukin"):
        assert secret not in said


def test_many_problems_are_counted_and_the_first_are_named() -> None:
    with pytest.raises(DatasetError, match=r"63 problems.*and 58 more"):
        refuse(check(broken(age_as_text), protocol(), today=TODAY))


def test_data_without_problems_are_not_refused() -> None:
    refuse(check(reconstruct(), protocol(), today=TODAY))


@pytest.mark.parametrize("unit", ["10^9/L", "x10E9/L", "10*9/L"])
def test_units_written_otherwise_are_the_same_unit(unit: str) -> None:
    change = put("adlb", "AVALU", unit, PARAMCD="EOS")
    assert check(broken(change), protocol(), today=TODAY).empty


def test_sites_that_differ_by_chance_are_not_taken_for_a_slip_of_unit() -> None:
    rng = np.random.default_rng(7)
    given: Protocol = protocol().model_copy(update={"gate": None})
    rule = next(r for r in RULES if r.name == "shifted")
    alarms = 0
    for _ in range(60):
        values = np.exp(2 + 1.2 * rng.standard_normal(60)).clip(0.3, 400)
        adlb = pd.DataFrame({"USUBJID": [str(i) for i in range(60)], "PARAMCD": "HSCRP", "AVAL": values})
        adlb["SITEID"] = rng.choice(["01", "02", "03", "04"], 60, p=[0.5, 0.3, 0.1, 0.1])
        found = check({"adlb": Contents("ADLB", adlb)}, given, today=TODAY)
        alarms += int((found["rule"] == rule.words).sum())
    assert alarms == 0


def test_a_number_that_dtype_calls_derived_may_stand_for_a_limit() -> None:
    def change(frames: Frames) -> None:
        hscrp(0.1, "<0.2")(frames)
        frames["adlb"]["DTYPE"] = pd.Series(None, index=frames["adlb"].index, dtype="str")
        put("adlb", "DTYPE", "LIMIT/2", AVALC="<0.2")(frames)

    assert check(broken(change), protocol(), today=TODAY).empty


def test_checking_does_not_change_what_it_checks() -> None:
    given = {name: replace(dataset, frame=dataset.frame.copy()) for name, dataset in reconstruct().items()}
    check(given, protocol(), today=TODAY)
    for name, dataset in given.items():
        pd.testing.assert_frame_equal(dataset.frame, reconstruct()[name].frame)
        assert isinstance(dataset, Dataset)


def test_the_page_lists_the_same_rules() -> None:
    page = (ROOT / "docs" / "methods" / "trial-data.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{rule.name}` | {rule.words} |" for rule in RULES]


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (put("adtte", "AVAL", 0.0, USUBJID="IVORY-R-063"), "AVAL"),
        (put("adtte", "AVAL", -3.0, USUBJID="IVORY-R-063"), "AVAL"),
        (put("adtte", "ADT", pd.Timestamp("2015-01-01"), USUBJID="IVORY-R-063"), "ADT"),
    ],
    ids=["time zero", "time negative", "end before start"],
)
def test_a_time_that_cannot_be_is_told_with_row_and_participant(change: Callable[[Frames], None], column: str) -> None:
    data = broken(change)
    frame = data["adtte"].frame
    found = check(data, protocol(), today=TODAY)
    assert found[["subject", "column"]].to_numpy().tolist() == [["IVORY-R-063", column]]
    assert found["row"].tolist() == [first(frame, USUBJID="IVORY-R-063") + 1]
    with pytest.raises(DatasetError, match=f"adtte row {found['row'].iloc[0]} .IVORY-R-063. {column}"):
        refuse(found)
