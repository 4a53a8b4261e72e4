"""Laboratory safety as declared: grades as shifts, not gradable in words, the liver rule where it can be judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from calor.analyze import declared
from calor.analyze.finding import Finding
from calor.datasets.dataset import Dataset
from calor.errors import AnalysisError
from calor.protocol import Protocol, parse_protocol
from calor.report.sections import KINDS
from calor.simulate.ivory import reconstruct

IVORY = (Path(__file__).parents[4] / "examples/ivory/protocol.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def protocol() -> Protocol:
    return parse_protocol(IVORY)


@pytest.fixture(scope="module")
def datasets() -> dict[str, Dataset]:
    return reconstruct()


def _run(protocol: Protocol, datasets: dict[str, Dataset], adlb: pd.DataFrame) -> Finding:
    changed = {**datasets, "adlb": replace(datasets["adlb"], frame=adlb, labels={})}
    return declared.run(protocol, "laboratory", changed)


def _with_liver(adlb: pd.DataFrame, raised: str) -> pd.DataFrame:
    """Give everybody normal ALT and bilirubin before and on day 12, and one participant both raised."""
    rows = adlb[(adlb["PARAMCD"] == "EOS") & adlb["AVISIT"].isin(["Day 1", "Day 12"])]
    parts = [adlb]
    for code, uln, high in (("ALT", 40.0, 200.0), ("BILI", 20.0, 50.0)):
        liver = rows.assign(PARAMCD=code, PARAM=code, AVALU="any", ANRLO=1.0, ANRHI=uln, AVAL=uln / 2, BASE=uln / 2)
        hit = (liver["USUBJID"] == raised) & (liver["AVISIT"] == "Day 12")
        parts.append(liver.assign(AVAL=np.where(hit, high, liver["AVAL"])))
    return pd.concat(parts, ignore_index=True)


def test_eosinophils_of_the_reconstruction_are_graded_and_the_rest_is_said(
    protocol: Protocol, datasets: dict[str, Dataset]
) -> None:
    found = declared.run(protocol, "laboratory", datasets)
    shifts = found.tables["shifts"]
    assert set(shifts["term"]) == {"Eosinophilia"}
    assert shifts.groupby("arm")["participants"].sum().to_dict() == {"Aldesleukin": 32, "Placebo": 31}
    assert found.sentences[-1].startswith("The liver rule cannot be judged: the data hold no ALT or AST and no total")
    assert any("no laboratory criteria for High-sensitivity C-reactive protein" in note for note in found.notes)


def test_without_limits_of_normal_only_values_up_to_baseline_are_gradable_and_the_reason_is_counted(
    protocol: Protocol, datasets: dict[str, Dataset]
) -> None:
    adlb = datasets["adlb"].frame.drop(columns=["ANRLO", "ANRHI"])
    found = _run(protocol, datasets, adlb)
    eos = adlb[adlb["PARAMCD"] == "EOS"]
    above = int((eos["AVAL"] > eos["BASE"]).sum())  # eosinophilia is above ULN and above baseline
    assert f"{len(eos) - above} grades given, 0 of them 3 or 4, {above} values not gradable" in found.sentences[0]
    assert set(found.tables["not_gradable"]["reason"]) == {"no ULN"}
    assert found.tables["not_gradable"]["values"].sum() == above
    assert "ADLB has no column ANRLO, ANRHI: what needs it is not gradable." in found.notes
    assert set(found.tables["shifts"].query("participants > 0")["worst"]) == {"0", "not gradable"}


def test_participant_with_both_raised_is_listed_for_review(protocol: Protocol, datasets: dict[str, Dataset]) -> None:
    who = "IVORY-R-020"
    found = _run(protocol, datasets, _with_liver(datasets["adlb"].frame, who))
    triggers = found.tables["triggers"]
    assert triggers["participant"].tolist() == [who]
    assert triggers["aminotransferase"].tolist() == [5.0]
    assert "a trigger for review, not a Hy's law case" in found.sentences[-1]
    section = KINDS["laboratory_safety"].section(found)
    assert [figure.name for figure in section.figures] == ["laboratory-edish"]
    assert who in next(t for t in section.tables if t.name.endswith("liver-triggers")).to_html()
    assert all(who not in str(figure.spec) for figure in section.figures)


def test_a_grade_that_rose_to_three_is_in_the_sentence(protocol: Protocol, datasets: dict[str, Dataset]) -> None:
    found = _run(protocol, datasets, _with_liver(datasets["adlb"].frame, "IVORY-R-020"))
    assert "Rose to grade 3 or 4: Alanine aminotransferase increased" not in found.sentences[1]  # 5 x ULN is grade 2
    adlb = _with_liver(datasets["adlb"].frame, "IVORY-R-020")
    worse = adlb.assign(AVAL=adlb["AVAL"].where(adlb["AVAL"] != 200.0, 200.1))
    assert "Alanine aminotransferase increased" in _run(protocol, datasets, worse).sentences[1]


def test_columns_that_grading_reads_are_demanded(protocol: Protocol, datasets: dict[str, Dataset]) -> None:
    with pytest.raises(AnalysisError, match="have the columns AVALU"):
        _run(protocol, datasets, datasets["adlb"].frame.drop(columns="AVALU"))


def test_values_without_number_or_day_are_counted_not_graded(protocol: Protocol, datasets: dict[str, Dataset]) -> None:
    adlb = datasets["adlb"].frame.copy()
    eos = adlb.index[(adlb["PARAMCD"] == "EOS") & (adlb["AVISIT"] == "Day 26")]
    adlb.loc[eos[:3], "AVAL"] = np.nan
    adlb.loc[eos[3], "ADY"] = np.nan
    found = _run(protocol, datasets, adlb)
    assert "3 results without a number (below a limit of detection, say) are not graded." in found.notes
    assert "1 results without a study day are not graded." in found.notes


@pytest.mark.parametrize("method", ["laboratory_safety", "events_of_interest"])
def test_an_arm_without_a_participant_is_named(protocol: Protocol, datasets: dict[str, Dataset], method: str) -> None:
    adsl = datasets["adsl"].frame
    placebo = {**datasets, "adsl": replace(datasets["adsl"], frame=adsl[adsl["TRT01A"] == "Placebo"], labels={})}
    analysis = next(each.id for each in protocol.analyses if each.method == method)
    with pytest.raises(AnalysisError, match="`arms` must each have a participant, got none in Aldesleukin"):
        declared.run(protocol, analysis, placebo)
