"""The declared Tobit regression counts undetected values as undetected."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, find, section, with_frame

from calor.errors import AnalysisError


def test_undetected_values_are_counted_and_none_is_made_up() -> None:
    finding = find("hs_crp_detected")
    labs = datasets()["adlb"].frame
    day61 = labs[(labs["PARAMCD"] == "HSCRP") & (labs["AVISIT"] == "Day 61")]
    below = day61["AVALC"].astype(str).str.startswith("<").sum()
    assert below > 0
    assert finding.tables["counts"]["below"].sum() == below
    assert finding.tables["counts"]["measured"].sum() == day61["AVAL"].notna().sum() + below


def test_answer_does_not_hang_on_how_far_below_the_limit_a_value_is_said_to_be() -> None:
    labs = datasets()["adlb"].frame.copy()
    rows = (labs["PARAMCD"] == "HSCRP") & labs["AVALC"].astype(str).str.startswith("<")
    labs.loc[rows, "AVALC"] = "<0.1"
    other = find("hs_crp_detected", IVORY, with_frame("adlb", labs)).to_frame()
    assert other["estimate"].iloc[0] == pytest.approx(find("hs_crp_detected").to_frame()["estimate"].iloc[0])


def test_limit_higher_than_the_declared_one_is_refused() -> None:
    labs = datasets()["adlb"].frame.copy()
    one = labs.index[(labs["PARAMCD"] == "HSCRP") & (labs["AVISIT"] == "Day 61")][0]
    labs.loc[one, "AVAL"], labs.loc[one, "AVALC"] = np.nan, "<0.5"
    with pytest.raises(AnalysisError, match=r"`HSCRP` must be a number or lie below 0\.2, got 1 others"):
        find("hs_crp_detected", IVORY, with_frame("adlb", labs))


def test_section_says_that_it_is_a_ratio() -> None:
    shown = section(find("hs_crp_detected"))
    assert "ratio of hs-CRP" in shown.sentence
    assert "Ratio" in [column.label for column in shown.tables[0].columns]
