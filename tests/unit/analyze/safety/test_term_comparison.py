"""Comparing two arms term by term."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen
from calor.analyze.safety.adverse_events import AdverseEvents, adverse_events
from calor.analyze.safety.term_comparison import compare_terms
from calor.errors import AnalysisError


@cache
def _incidence() -> AdverseEvents:
    adsl = pd.DataFrame(
        {"USUBJID": [f"{at:02d}" for at in range(40)], "TRT01A": ["Active"] * 20 + ["Placebo"] * 20, "TRTDURD": 90}
    )
    rows = [(f"{at:02d}", "Active", "Skin", "Rash") for at in range(12)]
    rows += [
        ("20", "Placebo", "Skin", "Rash"),
        ("21", "Placebo", "Heart", "Palpitations"),
        ("00", "Active", "Heart", "Rash"),
    ]
    adae = pd.DataFrame(rows, columns=["USUBJID", "TRTA", "AEBODSYS", "AEDECOD"]).assign(
        AESEV="MILD", AEREL="NONE", AESER="N", TRTEMFL="Y", ASTDY=5
    )
    return adverse_events(adae, adsl)


def test_each_term_has_its_difference_interval_and_p() -> None:
    table = compare_terms(_incidence(), "Active", "Placebo").table
    rash = table[(table["soc"] == "Skin") & (table["term"] == "Rash")].iloc[0]
    counts = EventCount(12, 20), EventCount(1, 20)
    expected = miettinen_nurminen(*counts).estimate
    assert (rash["difference"], rash["lower"], rash["upper"]) == pytest.approx(
        (55, 100 * expected.lower, 100 * expected.upper)
    )
    assert rash["p_value"] == fisher_exact(*counts).p_minlike


def test_the_largest_difference_comes_first_and_signals_are_flagged() -> None:
    result = compare_terms(_incidence(), "Active", "Placebo")
    assert list(result.table["difference"]) == sorted(result.table["difference"], reverse=True)
    assert list(result.table.loc[result.table["flagged"], "term"]) == ["Rash"]
    assert "1 of 1 terms tested flagged for review" in str(result)


def test_a_term_under_two_classes_is_two_rows() -> None:
    table = compare_terms(_incidence(), "Active", "Placebo").table
    assert sorted(table.loc[table["term"] == "Rash", "soc"]) == ["Heart", "Skin"]


def test_terms_that_few_reported_are_shown_but_not_tested() -> None:
    table = compare_terms(_incidence(), "Active", "Placebo").table
    assert list(table["tested"]) == [True, False, False]
    assert compare_terms(_incidence(), "Active", "Placebo", least_participants=1).table["tested"].all()
    assert not compare_terms(_incidence(), "Active", "Placebo", least_participants=99).table["flagged"].any()


def test_unknown_arms_and_empty_tables_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`active` must be one of the arms"):
        compare_terms(_incidence(), "Drug", "Placebo")
    with pytest.raises(AnalysisError, match="`control` must be another arm"):
        compare_terms(_incidence(), "Placebo", "Placebo")
    empty = AdverseEvents(_incidence().table.iloc[:0], _incidence().arms, 0.95, 0)
    with pytest.raises(AnalysisError, match="hold at least one term"):
        compare_terms(empty, "Active", "Placebo")


def test_the_skin_reactions_of_a_real_patch_trial_are_flagged(calor_data: Path) -> None:
    adae, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adae.xpt")
    adsl, _ = pyreadstat.read_xport(calor_data / "cdisc-pilot" / "adsl.xpt")
    result = compare_terms(adverse_events(adae, adsl), "Xanomeline High Dose", "Placebo")
    flagged = set(result.table.loc[result.table["flagged"], "term"])
    assert {"APPLICATION SITE PRURITUS", "PRURITUS"} <= flagged
