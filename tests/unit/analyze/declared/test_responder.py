"""The declared responder analysis is labelled not randomized, warns, and gives no p-value."""

from __future__ import annotations

import pytest
from tests.unit.analyze.declared.declared_trial import datasets, declare, find, section, with_frame

from calor.errors import AnalysisError

RESPONDER = """role = "exploratory"
method = "responder"
biomarker = "hs_crp"
visit = "V12"
comparator = "<"
cutoff = 2
"""
PROTOCOL = declare("responders", RESPONDER)


def test_responders_are_labelled_not_randomized_without_p_value() -> None:
    finding = find("responders", PROTOCOL)
    assert finding.sentences[0].startswith("NOT RANDOMIZED")
    assert finding.p_values == ()
    assert "p =" not in str(finding)
    assert finding.tables["differences"]["p_value"].isna().all()
    assert any(note.startswith("Warning: responders and others were not randomized") for note in finding.notes)
    shown = section(finding)
    assert "not randomized" in shown.title
    assert shown.figures[0].title.startswith("Not randomized")
    assert "p" not in [column.key for column in shown.tables[0].columns]


def test_difference_is_that_of_the_means_of_the_split() -> None:
    finding = find("responders", PROTOCOL)
    labs, pet = datasets()["adlb"].frame, datasets()["adpet"].frame
    crp = labs[(labs["PARAMCD"] == "HSCRP") & (labs["AVISIT"] == "Day 40")].set_index("USUBJID")["AVAL"].fillna(0.1)
    tbr = pet[(pet["PARAMCD"] == "TBRIDX") & (pet["AVISIT"] == "Day 61") & (pet["TRTP"] == "Aldesleukin")]
    low = tbr["USUBJID"].map(crp) < 2
    assert finding.to_frame()["estimate"].iloc[0] == pytest.approx(
        tbr.loc[low, "AVAL"].mean() - tbr.loc[~low, "AVAL"].mean()
    )
    counts = finding.tables["counts"].set_index("arm").loc["Aldesleukin"]
    assert counts["responders"] == low.sum()
    assert counts["others"] == (~low).sum()


def test_value_below_a_limit_is_judged_where_its_side_of_the_cut_off_is_known() -> None:
    assert find("responders", PROTOCOL).tables["counts"]["unknown"].sum() == 0
    low = PROTOCOL.replace("cutoff = 2\n", "cutoff = 0.1\n").replace('comparator = "<"', 'comparator = ">"')
    with pytest.raises(AnalysisError):  # nobody is known to be at or below 0.1
        find("responders", low)


def test_endpoint_measured_before_the_landmark_is_refused() -> None:
    pet = datasets()["adpet"].frame.copy()
    pet.loc[(pet["USUBJID"] == "IVORY-R-001") & (pet["AVISIT"] == "Day 61"), "ADY"] = 40
    with pytest.raises(AnalysisError, match="after the landmark on study day 42"):
        find("responders", PROTOCOL, with_frame("adpet", pet))
