"""The declared subgroups: effects as the method gives them, no p-value of a level, levels joined by the protocol."""

from __future__ import annotations

import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, find, section

from calor.analyze.continuous.ancova import ancova
from calor.errors import AnalysisError


def test_everyone_is_the_primary_analysis() -> None:
    overall, primary = (find(name).to_frame() for name in ("subgroups", "primary"))
    assert overall["estimate"].iloc[0] == pytest.approx(primary["estimate"].iloc[0])


def test_no_level_is_tested_and_nothing_is_offered_to_a_procedure() -> None:
    finding = find("subgroups")
    assert "p_value" not in finding.tables["levels"]
    assert finding.p_values == ()


def test_interactions_are_adjusted_for_the_number_of_factors() -> None:
    factors = find("subgroups").tables["levels"].drop_duplicates("factor").sort_values("p_interaction")
    assert len(factors) == 3
    assert factors["p_holm"].iloc[0] == pytest.approx(3 * factors["p_interaction"].iloc[0])


def test_levels_are_joined_and_named_as_the_protocol_says() -> None:
    levels = find("subgroups").tables["levels"]
    here = levels[levels["factor"] == "DIAG"].set_index("level")["n"]
    adsl = datasets()["adsl"].frame
    expected = (adsl.loc[adsl["FASFL"] == "Y", "DIAG"] != "STEMI").sum()
    assert here["NSTEMI or unstable angina"] == expected
    assert set(levels.loc[levels["factor"] == "SMOKEFL", "level"]) == {"yes", "no"}


def test_level_that_is_too_small_or_not_there_is_refused() -> None:
    with pytest.raises(AnalysisError, match="Unstable angina"):
        find("subgroups", IVORY.replace(', "Unstable angina" = "NSTEMI or unstable angina"', ""))
    with pytest.raises(AnalysisError, match=r"`joined\.DIAG` must name levels"):
        find("subgroups", IVORY.replace('"Unstable angina" =', '"Angina" ='))


def test_forest_says_that_nothing_differs_unless_an_adjusted_interaction_does() -> None:
    finding = find("subgroups")
    clear = finding.tables["levels"]["p_holm"].min() <= 0.05
    title = section(finding).figures[0].title
    assert title.startswith("The effect differs") == clear


def test_level_of_a_factor_has_the_effect_of_its_own_model() -> None:
    finding = find("subgroups")
    row = finding.tables["levels"].query("factor == 'SEX' and level == 'Women'").iloc[0]
    pet = datasets()["adpet"].frame
    rows = pet[(pet["PARAMCD"] == "TBRIDX") & (pet["AVISIT"] == "Day 61")]
    women = rows.merge(datasets()["adsl"].frame.query("SEX == 'F' and FASFL == 'Y'")[["USUBJID"]], on="USUBJID")
    alone = ancova(women, response="AVAL", arm="TRTP", arms=("Placebo", "Aldesleukin"), covariates=("BASE",))
    assert row["n"] == len(women)
    # One slope and one variance for all levels: near, not equal.
    assert row["effect"] == pytest.approx(alone.differences[0].estimate, abs=0.1)
