"""Winner's curse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calor.analyze.benefit.winners_curse import winners_curse
from calor.analyze.estimate import Estimate
from calor.errors import AnalysisError

IVORY = Estimate("IVORY", -0.171, -0.308, -0.034, 0.95, "difference", "ANCOVA", 60, se=0.0684, p_value=0.015)


def test_the_corrected_estimate_lies_nearer_zero_with_an_interval_that_may_cross_it() -> None:
    found = winners_curse(IVORY)
    assert -0.171 < found.conditional.estimate < 0
    assert found.conditional.lower < -0.25
    assert found.conditional.upper > -0.034


def test_the_sign_of_the_estimate_only_mirrors() -> None:
    mirrored = winners_curse(replace(IVORY, estimate=0.171, lower=0.034, upper=0.308)).conditional
    one = winners_curse(IVORY).conditional
    assert (mirrored.estimate, mirrored.lower, mirrored.upper) == pytest.approx((-one.estimate, -one.upper, -one.lower))


def test_overwhelming_evidence_is_left_alone() -> None:
    strong = replace(IVORY, estimate=-1.0, lower=-1.134, upper=-0.866)
    found = winners_curse(strong)
    assert found.conditional.estimate == pytest.approx(-1.0, abs=1e-6)
    assert found.conditional.lower == pytest.approx(-1.134, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimate": -0.05}, "be significant at 0.05, got z = -0.73"),
        ({"se": None}, "have a standard error"),
        ({"scale": "ratio"}, "Give the log ratio"),
    ],
)
def test_bad_input_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        winners_curse(replace(IVORY, **change))  # type: ignore[arg-type]
