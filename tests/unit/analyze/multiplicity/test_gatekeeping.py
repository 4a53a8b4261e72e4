"""Multistage gatekeeping."""

from __future__ import annotations

import pytest

from calor.analyze.multiplicity.gatekeeping import gatekeeping
from calor.analyze.multiplicity.multiplicity import adjust
from calor.errors import AnalysisError


def test_one_family_is_holm() -> None:
    p = {"A": 0.01, "B": 0.04, "C": 0.03}
    assert gatekeeping([p], truncation=[]).adjusted == pytest.approx(adjust(list(p), list(p.values()), "holm").adjusted)


def test_serial_gatekeeping_opens_only_when_all_before_are_rejected() -> None:
    families = [{"A": 0.01, "B": 0.04}, {"C": 0.001}]
    assert gatekeeping(families, truncation=[1.0]).adjusted == pytest.approx((0.02, 0.04, 0.04))


def test_parallel_gatekeeping_passes_on_the_share_of_each_rejected() -> None:
    # Bonferroni at 0.025 each: A is rejected, so C and D are tested by Holm at 0.025.
    families = [{"A": 0.02, "B": 0.2}, {"C": 0.012, "D": 0.03}]
    result = gatekeeping(families, truncation=[0.0])
    assert result.rejected(0.05) == ("A", "C")
    # C needs alpha/2 for A and half of what A passes on: max(2 * 0.02, 4 * 0.012).
    assert result.adjusted[2] == pytest.approx(0.048)


def test_truncation_trades_power_between_families() -> None:
    families = [{"A": 0.01, "B": 0.035}, {"C": 0.02}]
    adjusted = {share: gatekeeping(families, truncation=[share]).adjusted for share in (0.0, 0.5, 1.0)}
    assert adjusted[0.0][1] > adjusted[0.5][1] > adjusted[1.0][1]  # B gains
    assert gatekeeping([{"A": 0.01, "B": 0.2}, {"C": 0.02}], truncation=[0.0]).adjusted[2] == pytest.approx(0.04)
    assert gatekeeping([{"A": 0.01, "B": 0.2}, {"C": 0.02}], truncation=[0.5]).adjusted[2] == pytest.approx(0.08)


@pytest.mark.parametrize("truncation", [[], [0.5, 0.5], [1.2], [-0.1]])
def test_truncation_must_match_the_families(truncation: list[float]) -> None:
    with pytest.raises(AnalysisError, match="`truncation` must be 1 numbers from 0 to 1"):
        gatekeeping([{"A": 0.01}, {"B": 0.2}], truncation=truncation)


def test_empty_families_and_repeated_names_are_refused() -> None:
    with pytest.raises(AnalysisError, match="`families` must each hold a hypothesis"):
        gatekeeping([{"A": 0.01}, {}], truncation=[0.5])
    with pytest.raises(AnalysisError, match="be named once each, got \\['A'\\]"):
        gatekeeping([{"A": 0.01}, {"A": 0.2}], truncation=[0.5])
