"""The hierarchical model as a protocol declares it: its terms, its seed, and how its chains agreed."""

from __future__ import annotations

import pandas as pd
import pytest

from calor.analyze.declared.borrowing import borrowing
from calor.analyze.safety.term_comparison import TermComparison
from calor.protocol.analyses import BorrowingAcrossTerms

ROWS = [
    ("Skin", "Rash", 12, 2),
    ("Skin", "Itch", 9, 3),
    ("Skin", "Pain", 4, 4),
    ("Gut", "Pain", 5, 5),
    ("Gut", "Nausea", 1, 1),
]


@pytest.fixture
def comparison() -> TermComparison:
    table = pd.DataFrame(ROWS, columns=["soc", "term", "active", "control"]).assign(active_n=40, control_n=40)
    return TermComparison(table, "Active", "Placebo", 0.95, 0.1)


def test_terms_are_told_apart_and_rare_ones_left_out(comparison: TermComparison) -> None:
    table, notes = borrowing([comparison], BorrowingAcrossTerms(seed=4, draws=2000))
    assert table["term"].tolist() == ["Rash", "Itch", "Pain (Skin)", "Pain (Gut)"]
    assert table.set_index("term").loc["Rash", "p_more"] > 0.95
    assert "largest R-hat 1.0" in notes[0]
    assert notes[0].endswith("of 8000; seed 4.")


def test_the_seed_fixes_the_numbers(comparison: TermComparison) -> None:
    first, again, other = (
        borrowing([comparison], BorrowingAcrossTerms(seed=seed, draws=2000))[0]["odds_ratio"] for seed in (4, 4, 5)
    )
    assert first.equals(again)
    assert not first.equals(other)


def test_without_a_term_common_enough_nothing_is_fitted_and_that_is_said(comparison: TermComparison) -> None:
    table, notes = borrowing([comparison], BorrowingAcrossTerms(seed=4, least_participants=50))
    assert table.empty
    assert notes == ("Hierarchical model, Active against Placebo: no term with 50 participants.",)
