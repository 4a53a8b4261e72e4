"""The declared mixed model tests the endpoint's visit only, and never guesses a value that was not measured."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, find, section, with_frame

from calor.analyze.declared.mmrm import DEGREES, STRUCTURES
from calor.errors import AnalysisError
from calor.protocol.analyses import MmrmAnalysis

LINEAR = IVORY.replace('scale = "log"\nbelow_limit = "half"', 'scale = "linear"\nbelow_limit = "half"')


def test_every_covariance_and_count_of_degrees_a_protocol_may_name_is_known() -> None:
    fields = MmrmAnalysis.model_fields
    assert set(STRUCTURES) == set(fields["covariance"].annotation.__args__)  # type: ignore[union-attr]
    assert set(DEGREES) == set(fields["df"].annotation.__args__)  # type: ignore[union-attr]


def test_ratio_and_its_interval_are_those_of_the_logarithms() -> None:
    finding = find("hs_crp_course")
    row = finding.tables["contrasts"].iloc[-1]
    half = np.log(row["upper"] / row["estimate"])
    assert np.log(row["estimate"] / row["lower"]) == pytest.approx(half)
    assert row["scale"] == "ratio"
    assert len(finding.p_values) == 1
    assert finding.p_values[0] == row["p_value"]
    assert "ratio of hs-CRP at Day 61" in str(finding)


def test_only_the_declared_visit_is_tested_in_the_report() -> None:
    table = section(find("hs_crp_course")).tables[0]
    tested = [row[-1] for row in table.rows]
    assert all(value != value for value in tested[:-1])  # noqa: PLR0124 (NaN: printed as "not tested")
    assert table.to_html().count("not tested") == 5


def test_means_carry_the_number_measured_at_each_visit() -> None:
    means = find("hs_crp_course").tables["ls_means"]
    labs = datasets()["adlb"].frame
    crp = labs[(labs["PARAMCD"] == "HSCRP") & (labs["AVISIT"] == "Day 61")]
    at_end = means[means["visit"] == "Day 61"].set_index("label")["n"]
    assert at_end.to_dict() == crp["TRTP"].value_counts().to_dict()


def test_linear_scale_gives_differences() -> None:
    row = find("hs_crp_course", LINEAR).tables["contrasts"].iloc[-1]
    assert row["scale"] == "difference"
    assert row["upper"] - row["estimate"] == pytest.approx(row["estimate"] - row["lower"])


def test_value_below_a_limit_is_refused_unless_the_protocol_says_what_to_do() -> None:
    assert "4 values below the limit of detection enter as half of it." in find("hs_crp_course").notes
    with pytest.raises(AnalysisError, match="4 beyond a limit of detection"):
        find("hs_crp_course", IVORY.replace('below_limit = "half"\n', ""))


def test_visit_that_a_participant_has_twice_is_named() -> None:
    labs = datasets()["adlb"].frame
    twice = labs.copy()
    of_one = (twice["USUBJID"] == "IVORY-R-001") & (twice["PARAMCD"] == "HSCRP") & (twice["AVISIT"] == "Day 5")
    twice.loc[of_one, "AVISIT"] = "Day 61"
    with pytest.raises(AnalysisError, match="IVORY-R-001, Day 61"):
        find("hs_crp_course", held=with_frame("adlb", twice))


def test_baseline_that_changes_between_visits_is_refused() -> None:
    labs = datasets()["adlb"].frame.copy()
    labs.loc[(labs["USUBJID"] == "IVORY-R-001") & (labs["AVISIT"] == "Day 61"), "BASE"] += 1.0
    with pytest.raises(AnalysisError, match="`BASE` must be the same at every visit"):
        find("hs_crp_course", held=with_frame("adlb", labs))


def test_participant_without_baseline_is_counted_as_left_out() -> None:
    labs = datasets()["adlb"].frame.copy()
    labs.loc[labs["USUBJID"] == "IVORY-R-001", "BASE"] = np.nan
    finding = find("hs_crp_course", held=with_frame("adlb", labs))
    assert "1 participant not analyzed: the baseline value is missing." in finding.notes
    assert finding.tables["contrasts"]["n"].unique().tolist() == [62]
