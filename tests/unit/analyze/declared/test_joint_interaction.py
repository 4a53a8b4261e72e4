"""The declared joint interaction holds each biomarker fixed while it judges the others."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.formula.api as smf
from tests.unit.analyze.declared.declared_trial import datasets, find, section


def test_slopes_and_joint_test_are_those_of_one_linear_model() -> None:
    finding = find("by_imaging_and_blood")
    pet, labs = datasets()["adpet"].frame, datasets()["adlb"].frame
    table = pet[(pet["PARAMCD"] == "TBRIDX") & (pet["AVISIT"] == "Day 61")].set_index("USUBJID")
    crp = labs[(labs["PARAMCD"] == "HSCRP") & (labs["ABLFL"] == "Y")].set_index("USUBJID")["AVAL"]
    people = datasets()["adsl"].frame.set_index("USUBJID")
    table = table[["AVAL", "BASE"]].assign(
        crp=np.log(crp), active=(people["TRT01P"] == "Aldesleukin").astype(float), inside=people["FASFL"]
    )
    fit = smf.ols("AVAL ~ active * BASE + active * crp", table[table["inside"] == "Y"]).fit()
    slopes = finding.tables["slopes"]
    assert slopes["estimate"].to_numpy() == pytest.approx(fit.params[["active:BASE", "active:crp"]].to_numpy())
    assert slopes["p_value"].to_numpy() == pytest.approx(fit.pvalues[["active:BASE", "active:crp"]].to_numpy())
    joint = float(fit.f_test("active:BASE = 0, active:crp = 0").pvalue)
    assert finding.p_values == pytest.approx((joint,))


def test_sentences_and_section_name_biomarkers_as_readers_do() -> None:
    finding = find("by_imaging_and_blood")
    assert "natural logarithm of baseline hs-CRP, the others held fixed" in finding.sentences[1]
    shown = section(finding)
    assert [row[0] for row in shown.tables[1].rows] == ["Baseline index-vessel TBRmax", "Baseline hs-CRP"]
    assert "No clear change" in shown.figures[0].title
