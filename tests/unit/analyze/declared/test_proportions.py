"""The declared binary endpoint: who met it at the visit, the difference, and every method beneath."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, datasets, with_frame
from tests.unit.analyze.declared.event_trial import analyze, declared, section

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen, stratified_miettinen_nurminen
from calor.errors import AnalysisError

ID = "hs_crp_low"
METHOD = 'primary_method = "miettinen_nurminen"\n'


def _met() -> pd.DataFrame:
    labs = datasets()["adlb"].frame
    rows = labs[(labs["PARAMCD"] == "HSCRP") & (labs["AVISIT"] == "Day 61")]
    value = rows["AVAL"].fillna(0.1)  # below the limit of detection, and so below 2
    adsl = datasets()["adsl"].frame[["USUBJID", "SEX"]]
    return rows.assign(met=value < 2).merge(adsl, on="USUBJID")


def _count(rows: pd.DataFrame, arm: str) -> EventCount:
    here = rows.loc[rows["TRTP"] == arm, "met"]
    return EventCount(int(here.sum()), len(here))


def test_difference_is_that_of_the_counted_participants() -> None:
    found = analyze(IVORY, id_=ID)
    rows = _met()
    truth = miettinen_nurminen(_count(rows, "Aldesleukin"), _count(rows, "Placebo")).estimate
    first = found.tables["methods"].iloc[0]
    assert first["primary"]
    assert (first["estimate"], first["lower"], first["p_value"]) == pytest.approx(
        (truth.estimate, truth.lower, truth.p_value)
    )
    assert any(note == "3 participants not analyzed: no value at Day 61." for note in found.notes)
    shown = section(found)
    assert shown.figures[0].title == "hs-CRP below 2 mg/L at day 61: 15 of 29 with Placebo, 19 of 31 with Aldesleukin."
    assert "nan" not in "".join(table.to_html() for table in shown.tables)


def test_missing_may_count_as_not_met() -> None:
    found = analyze(declared(METHOD, f'{METHOD}missing = "not_met"\n'), id_=ID)
    assert found.tables["shares"]["participants"].tolist() == [31, 32]
    assert found.tables["shares"]["met"].tolist() == [15, 19]
    assert any("count as not having met the endpoint" in note for note in found.notes)


def test_strata_reach_the_primary_method_only() -> None:
    found = analyze(declared(METHOD, f'{METHOD}strata = ["SEX"]\n'), id_=ID)
    rows = _met()
    strata = [(_count(here, "Aldesleukin"), _count(here, "Placebo")) for _, here in rows.groupby("SEX")]
    truth = stratified_miettinen_nurminen(strata).estimate
    methods = found.tables["methods"]
    assert methods["estimate"].iloc[0] == pytest.approx(truth.estimate)
    assert methods["name"].iloc[0] == "Miettinen-Nurminen score, within SEX"
    assert set(methods["method"].iloc[1:]) == {"newcombe", "fisher_exact", "boschloo"}


@pytest.mark.parametrize("method", ["newcombe", "mantel_haenszel", "fisher_exact", "boschloo"])
def test_every_method_may_be_primary(method: str) -> None:
    strata = 'strata = ["SEX"]\n' if method == "mantel_haenszel" else ""
    found = analyze(declared(METHOD, f'primary_method = "{method}"\n{strata}'), id_=ID)
    rows = found.tables["methods"]
    assert rows.loc[rows["primary"], "method"].tolist() == [method]
    assert 0 < found.p_values[0] <= 1
    assert "difference 9.6 percentage points" in found.sentences[0]
    assert section(found).figures


def test_stratum_of_one_arm_is_refused_by_name() -> None:
    with pytest.raises(AnalysisError, match="`strata` must hold participants of both arms, got one arm at"):
        analyze(declared(METHOD, f'{METHOD}strata = ["TRT01P"]\n'), id_=ID)


def test_nobody_meeting_it_gives_a_difference_of_none_with_its_interval() -> None:
    labs = datasets()["adlb"].frame
    found = analyze(IVORY, dict(with_frame("adlb", labs.assign(AVAL=50.0, AVALC="50"))), id_=ID)
    first = found.tables["methods"].iloc[0]
    assert first["estimate"] == 0
    assert first["lower"] < 0 < first["upper"]
    assert first["p_value"] == 1
