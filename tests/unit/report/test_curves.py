"""Lines are named where they lie apart; what cannot be drawn is refused."""

from __future__ import annotations

import pandas as pd
import pytest

from calor.errors import ReportError
from calor.report.figure import Figure
from calor.report.figures.curves import curves

TABLE = pd.DataFrame({"series": ["a"] * 3 + ["b"] * 3, "x": [0, 1, 2] * 2, "y": [0.0, 5.0, 1.0, 0.0, 1.0, 0.9]})
WORDS = {"name": "lines", "title": "Two lines.", "caption": "Made up.", "axes": ("Month", "Events")}


def _texts(figure: Figure) -> list[dict[str, object]]:
    return [row for rows in figure.spec["datasets"].values() for row in rows if "label" in row]


def test_names_stand_where_the_lines_lie_farthest_apart() -> None:
    names = _texts(curves(TABLE, series=["a", "b"], **WORDS))
    assert {(row["label"], row["x"]) for row in names} == {("a", 1.0), ("b", 1.0)}


def test_single_line_needs_no_name() -> None:
    assert _texts(curves(TABLE[:3], series=["a"], **WORDS)) == []


@pytest.mark.parametrize("broken", [TABLE.drop(columns="y"), TABLE.assign(y=float("nan")), TABLE.iloc[:0]])
def test_table_that_cannot_be_drawn_is_refused(broken: pd.DataFrame) -> None:
    with pytest.raises(ReportError):
        curves(broken, series=["a", "b"], **WORDS)


def test_too_many_lines_are_refused() -> None:
    with pytest.raises(ReportError, match="1 to 4 lines"):
        curves(TABLE, series=list("abcde"), **WORDS)
