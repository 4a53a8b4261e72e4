"""Double and group false discovery rates."""

from __future__ import annotations

import pytest

from calor.analyze.safety.double_fdr import double_fdr
from calor.analyze.safety.group_fdr import group_fdr
from calor.errors import AnalysisError

_SOC = ["Skin", "Skin", "Skin", "Cardiac", "Cardiac", "General"]
_TERM = ["Rash", "Itch", "Dryness", "Palpitations", "Syncope", "Fatigue"]
_P = [0.004, 0.02, 0.03, 0.04, 0.9, 0.5]


def test_2004_needs_both_the_class_and_the_term() -> None:
    result = double_fdr(_SOC, _TERM, _P, alpha_soc=0.1, alpha_term=0.05, version="2004")
    # Class minima 0.004, 0.04, 0.5 adjust to 0.012, 0.06, 0.5; Palpitations adjust to 0.08 within their class.
    assert result.flagged == ("Rash", "Itch", "Dryness")
    by_class = result.table.groupby("soc")["soc_adjusted"].first()
    assert by_class.to_dict() == pytest.approx({"Skin": 0.012, "Cardiac": 0.06, "General": 0.5})


def test_2012_adjusts_the_terms_of_the_selected_classes_as_one_family() -> None:
    result = double_fdr(_SOC, _TERM, _P, alpha_soc=0.05, alpha_term=0.05)
    assert result.flagged == ("Rash", "Itch", "Dryness")
    assert set(result.table.loc[result.table["soc"] != "Skin", "term_adjusted"]) == {1.0}


def test_nothing_is_flagged_when_no_class_is() -> None:
    result = double_fdr(_SOC, _TERM, [0.6] * 6)
    assert result.flagged == ()
    assert "none" in str(result)


def test_group_weights_help_terms_of_a_class_with_signals() -> None:
    assert "Dryness" in group_fdr(_SOC, _TERM, _P, alpha=0.05).flagged
    assert group_fdr(_SOC, _TERM, [0.6] * 6).flagged == ()


def test_a_class_of_nothing_but_signals_is_flagged_whole() -> None:
    assert group_fdr(["A", "A", "B"], ["a", "b", "c"], [0.001, 0.002, 0.9]).flagged == ("a", "b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"alpha_soc": 0.0}, "`alpha_soc` must lie between 0 and 1"),
        ({"alpha_term": 1.0}, "`alpha_term` must lie between 0 and 1"),
        ({"version": "2020"}, "`version` must be one of"),
        ({"soc": ["Skin"]}, "`soc` must be one for each of the 6 terms, got 1"),
        ({"term": ["Rash"] * 6}, "be named once each"),
    ],
)
def test_terms_and_levels_that_do_not_fit_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        double_fdr(**{"soc": _SOC, "term": _TERM, "p_values": _P, **arguments})  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="`alpha` must"):
        group_fdr(_SOC, _TERM, _P, alpha=0)
