"""Funnel and upset plot of a screen: they count right, refuse what contradicts itself, and hide nobody's text."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.unit.report.frames import WORDS

from calor.errors import ReportError
from calor.report.figures.funnel import funnel
from calor.report.figures.upset import upset

STEPS = pd.DataFrame(
    [("Persons", 1000, 0, 0), ("Infarction 0 to 365 days ago", 90, 905, 5), ("Alive", 90, 0, 0)],
    columns=["label", "left", "not_met", "undetermined"],
)
SETS = pd.DataFrame({"ldl": [True, True, False], "alive": [False, True, True], "candidates": [30, 12, 5]})
LABELS = {"ldl": "LDL cholesterol < 1.8 mmol/L", "alive": "Alive"}


def test_the_funnel_says_who_is_left_and_who_is_not() -> None:
    svg = funnel(STEPS, **WORDS).to_svg()
    assert "1,000" in svg
    assert svg.count("Not met") == 1
    assert "Undetermined" in svg


def test_the_funnel_takes_hidden_cells_as_texts() -> None:
    hidden = STEPS.astype(str).assign(left=["1000", "90", "<5"])
    assert "&lt;5" in funnel(hidden, **WORDS).to_svg()


@pytest.mark.parametrize(
    ("table", "message"), [(STEPS[::-1], "`left` must never rise"), (STEPS[:0], "`table` must have at least one row")]
)
def test_the_funnel_refuses_what_is_none(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(ReportError, match=message):
        funnel(table, **WORDS)


def test_the_upset_plot_counts_combinations_and_reasons() -> None:
    svg = upset(SETS, labels=LABELS, **WORDS).to_svg()
    for count in ("30", "12", "5", "42", "17"):
        assert f">{count}<" in svg


def test_the_upset_plot_draws_the_commonest_and_says_how_many_it_leaves_out() -> None:
    keys = [f"reason_{i}" for i in range(20)]
    sets = pd.DataFrame([{key: key == mine for key in keys} for mine in keys]).assign(candidates=range(20, 0, -1))
    figure = upset(sets, labels={key: key for key in keys}, **WORDS)
    assert figure.caption.endswith("Not drawn: 6 rarer combinations, 21 candidates.")


def test_an_upset_plot_of_nobody_is_refused() -> None:
    with pytest.raises(ReportError, match="combination of reasons"):
        upset(SETS.assign(ldl=False, alive=False), labels=LABELS, **WORDS)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ReportError, match="undetermined"):
        funnel(STEPS.drop(columns="undetermined"), **WORDS)
    with pytest.raises(ReportError, match="candidates"):
        upset(SETS.drop(columns="candidates"), labels=LABELS, **WORDS)
