"""eDISH and the liver trigger."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from calor.analyze.safety.edish import LiverRule, edish
from calor.errors import AnalysisError


def _adlb(*rows: tuple[str, str, int, float, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["USUBJID", "PARAMCD", "ADY", "AVAL", "ANRHI"])


def _adsl(*identifiers: str) -> pd.DataFrame:
    return pd.DataFrame({"USUBJID": list(identifiers), "TRT01A": ["Active"] * len(identifiers)})


@pytest.mark.parametrize(
    ("alt", "bilirubin", "trigger"),
    [
        (120.0, 40.0, True),
        (math.nextafter(120.0, 0), 40.0, False),
        (120.0, math.nextafter(40.0, 0), False),
        (400.0, 100.0, True),
    ],
)
def test_three_times_alt_and_twice_bilirubin_is_the_edge(alt: float, bilirubin: float, trigger: bool) -> None:
    adlb = _adlb(("01", "ALT", 15, alt, 40.0), ("01", "BILI", 15, bilirubin, 20.0))
    result = edish(adlb, _adsl("01"))
    assert result.triggers == (("01",) if trigger else ())


def test_ast_serves_as_well_as_alt() -> None:
    adlb = _adlb(("01", "AST", 15, 200.0, 40.0), ("01", "ALT", 15, 30.0, 40.0), ("01", "BILI", 20, 60.0, 20.0))
    result = edish(adlb, _adsl("01"))
    assert result.triggers == ("01",)
    assert result.table.iloc[0]["aminotransferase"] == 5


@pytest.mark.parametrize(("day", "trigger"), [(14, False), (15, True), (45, True), (46, False)])
def test_bilirubin_counts_within_the_window_after_the_aminotransferase(day: int, trigger: bool) -> None:
    result = edish(_adlb(("01", "ALT", 15, 200.0, 40.0), ("01", "BILI", day, 60.0, 20.0)), _adsl("01"))
    assert bool(result.triggers) == trigger
    # The quadrant is by the peaks at any time, so the participant is in view either way.
    assert result.table.iloc[0]["quadrant"] == "both"
    assert (result.table["trigger_day"].iloc[0] == day) if trigger else pd.isna(result.table["trigger_day"].iloc[0])


def test_a_cholestatic_picture_is_left_out_only_when_the_rule_says_so() -> None:
    adlb = _adlb(("01", "ALT", 15, 200.0, 40.0), ("01", "ALP", 15, 300.0, 100.0), ("01", "BILI", 15, 60.0, 20.0))
    assert edish(adlb, _adsl("01")).triggers == ("01",)
    assert edish(adlb, _adsl("01"), rule=LiverRule(alkaline_phosphatase=2)).triggers == ()


def test_baseline_values_do_not_count() -> None:
    adlb = _adlb(
        ("01", "ALT", 1, 200.0, 40.0),
        ("01", "BILI", 1, 60.0, 20.0),
        ("01", "ALT", 9, 30.0, 40.0),
        ("01", "BILI", 9, 9.0, 20.0),
    )
    assert edish(adlb, _adsl("01")).table.iloc[0]["quadrant"] == "neither"


def test_values_without_a_limit_and_participants_who_cannot_be_judged_are_reported() -> None:
    adlb = _adlb(
        ("01", "ALT", 15, 200.0, 40.0),
        ("01", "BILI", 15, 60.0, 20.0),
        ("02", "ALT", 15, 200.0, None),
        ("02", "BILI", 15, 60.0, 20.0),
    )
    result = edish(adlb, _adsl("01", "02", "03"))
    assert (result.not_judged, result.values_left_out) == (("02", "03"), 1)


def test_the_sentence_says_it_is_a_trigger_for_review() -> None:
    result = edish(_adlb(("01", "ALT", 15, 200.0, 40.0), ("01", "BILI", 15, 60.0, 20.0)), _adsl("01"))
    assert "within 30 days: Active 1/1; a trigger for review, not a Hy's law case" in str(result)


def test_data_that_judge_nobody_are_refused() -> None:
    with pytest.raises(AnalysisError, match="at least one participant be judged"):
        edish(_adlb(("01", "ALT", 15, 200.0, 40.0)), _adsl("01"))
    with pytest.raises(AnalysisError, match="`ANRHI` must be above 0"):
        edish(_adlb(("01", "ALT", 15, 200.0, 0.0)), _adsl("01"))
    with pytest.raises(AnalysisError, match="name only participants of adsl, got 01"):
        edish(_adlb(("01", "ALT", 15, 200.0, 40.0)), _adsl("02"))
    with pytest.raises(AnalysisError, match="`adlb` must have each column once, got none named ANRHI"):
        edish(_adlb(("01", "ALT", 15, 200.0, 40.0)).drop(columns="ANRHI"), _adsl("01"))
