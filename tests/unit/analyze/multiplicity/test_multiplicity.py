"""Adjusted p-values."""

from __future__ import annotations

import math

import pytest

from calor.analyze.multiplicity.multiplicity import adjust
from calor.errors import AnalysisError

_NAMES = ["TBR", "hs-CRP", "IL-6"]


def test_holm_by_hand() -> None:
    assert adjust(_NAMES, [0.01, 0.04, 0.03], "holm").adjusted == pytest.approx((0.03, 0.06, 0.06))


def test_rejections_are_named_in_the_order_given() -> None:
    assert adjust(_NAMES, [0.03, 0.001, 0.01], "holm").rejected(0.05) == ("TBR", "hs-CRP", "IL-6")
    assert adjust(_NAMES, [0.03, 0.001, 0.01], "bonferroni").rejected(0.05) == ("hs-CRP", "IL-6")


def test_the_table_keeps_names_raw_and_adjusted_together() -> None:
    frame = adjust(_NAMES, [0.03, 0.001, 0.01], "hommel").to_frame()
    assert list(frame["hypothesis"]) == _NAMES
    assert (frame["adjusted"] >= frame["p_value"]).all()


@pytest.mark.parametrize(
    ("names", "p", "message"),
    [
        (_NAMES, [0.1, 0.2], "be one for each of the 3 hypotheses, got 2"),
        (_NAMES, [0.1, math.nan, 0.2], "lie between 0 and 1, got nan at hs-CRP"),
        (_NAMES, [0.1, 1.2, 0.2], "lie between 0 and 1, got 1.2 at hs-CRP"),
        (["TBR", "TBR", "IL-6"], [0.1, 0.2, 0.3], "be named once each, got \\['TBR'\\]"),
    ],
)
def test_p_values_that_fit_no_hypothesis_are_refused(names: list[str], p: list[float], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        adjust(names, p, "holm")


def test_an_unknown_procedure_is_refused() -> None:
    with pytest.raises(AnalysisError, match="`method` must be one of"):
        adjust(_NAMES, [0.1, 0.2, 0.3], "sidak")  # type: ignore[arg-type]
