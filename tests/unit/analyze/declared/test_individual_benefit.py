"""The declared prediction of individual benefit judges itself, and says when it cannot tell."""

from __future__ import annotations

import pytest
from tests.unit.analyze.declared.declared_trial import IVORY, find, section


def test_ivory_cannot_tell_who_benefits_and_the_report_says_so() -> None:
    finding = find("individual_benefit")
    slope, order = (row for _, row in finding.tables["judged"].iterrows())
    assert slope["lower"] < 0 < slope["upper"]
    assert order["lower"] < 0.5 < order["upper"]
    assert finding.p_values == ()
    shown = section(finding)
    assert "not shown to tell" in shown.figures[1].title
    assert "predicted" in shown.title


def test_interactions_are_drawn_towards_none() -> None:
    shrunk = find("individual_benefit").tables["slopes"]["estimate"].iloc[1:]
    plain = find("by_imaging_and_blood").tables["slopes"]["estimate"]
    assert (shrunk.abs() < plain.abs().max()).all()
    average = find("individual_benefit").tables["slopes"]["estimate"].iloc[0]
    assert average == pytest.approx(find("primary").to_frame()["estimate"].iloc[0], abs=0.02)


def test_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    same = find("individual_benefit").tables["groups"]
    assert same.equals(find("individual_benefit").tables["groups"])
    other = find("individual_benefit", IVORY.replace("seed = 63", "seed = 65"))
    assert not same.equals(other.tables["groups"])
