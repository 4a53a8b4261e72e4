"""The declared mediation splits the effect, and says what would upset the split."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.formula.api as smf
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, find, section, with_frame

from calor.errors import AnalysisError


def test_parts_are_those_of_two_linear_models_on_the_mediator_and_its_baseline() -> None:
    effects = find("through_treg").tables["effects"].set_index("quantity")["estimate"]
    pet, labs = datasets()["adpet"].frame, datasets()["adlb"].frame
    people = datasets()["adsl"].frame.set_index("USUBJID")
    treg = labs[labs["PARAMCD"] == "TREG"]
    table = pet[(pet["PARAMCD"] == "TBRIDX") & (pet["AVISIT"] == "Day 61")].set_index("USUBJID")[["AVAL", "BASE"]]
    table = table.assign(
        before=np.log(treg[treg["ABLFL"] == "Y"].set_index("USUBJID")["AVAL"]),
        after=np.log(treg[treg["AVISIT"] == "Day 26"].set_index("USUBJID")["AVAL"]),
        active=(people["TRT01P"] == "Aldesleukin").astype(float),
        inside=people["FASFL"],
    )
    table = table[table["inside"] == "Y"]
    a = smf.ols("after ~ active + BASE + before", table).fit().params["active"]
    b = smf.ols("AVAL ~ active + after + BASE + before", table).fit().params
    assert effects["indirect"] == pytest.approx(a * b["after"])
    assert effects["direct"] == pytest.approx(b["active"])
    assert effects["total"] == pytest.approx(effects["indirect"] + effects["direct"])


def test_nothing_is_tested_and_the_mediator_is_said_not_to_be_randomized() -> None:
    finding = find("through_treg")
    assert finding.p_values == ()
    assert "p =" not in str(finding)
    shown = section(finding)
    assert "not randomized" in shown.title
    rho = finding.tables["axis"]["rho_at_zero"].iloc[0]
    assert f"{abs(rho):.2f}" in shown.figures[1].title
    curve = finding.tables["sensitivity"]
    assert np.interp(rho, curve["rho"], curve["indirect"]) == pytest.approx(0.0, abs=0.01)


def test_mediator_below_its_limit_of_detection_is_refused() -> None:
    labs = datasets()["adlb"].frame.copy()
    one = labs.index[(labs["PARAMCD"] == "TREG") & (labs["AVISIT"] == "Day 26")][0]
    labs.loc[one, "AVAL"], labs.loc[one, "AVALC"] = np.nan, "<0.5"
    with pytest.raises(Exception, match="1 value beyond a limit of detection"):
        find("through_treg", IVORY, with_frame("adlb", labs))


def test_mediator_without_logarithm_is_refused() -> None:
    labs = datasets()["adlb"].frame.copy()
    labs.loc[labs.index[(labs["PARAMCD"] == "TREG") & (labs["AVISIT"] == "Day 26")][0], "AVAL"] = 0.0
    with pytest.raises(AnalysisError, match="positive to have a logarithm"):
        find("through_treg", IVORY, with_frame("adlb", labs))
