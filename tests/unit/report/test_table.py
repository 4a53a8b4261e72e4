"""A table prints numbers alike, says missing values in words, and is safe as HTML and as CSV."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest

from calor.errors import ReportError
from calor.report.table import Column, Table

COLUMNS = [
    Column("what", "Characteristic"),
    Column("mean", "Mean, mg/L", digits=2, align="right", missing="not gradable"),
]


def table(rows: list[tuple[object, object]], **options: object) -> Table:
    frame = pd.DataFrame(rows, columns=["what", "mean"])
    return Table.from_frame(frame, name="baseline", title="Alike.", columns=COLUMNS, **options)  # type: ignore[arg-type]


def html(rows: list[tuple[object, object]], **options: object) -> ET.Element:
    return ET.fromstring(table(rows, **options).to_html())  # noqa: S314 - our own output


def test_headings_have_a_scope_and_the_table_a_caption() -> None:
    root = html([("hs-CRP", 2.5)])
    assert root.findtext("caption") == "Alike."
    assert [th.attrib["scope"] for th in root.iter("th")] == ["col", "col", "row"]
    assert root.attrib["id"] == "baseline"


def test_numbers_have_fixed_decimals_a_true_minus_sign_and_stand_right() -> None:
    cell = html([("change", -2.5)]).find("tbody/tr/td")
    assert cell is not None
    assert cell.text == "−2.50"
    assert cell.attrib["class"] == "right"


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_a_missing_value_is_a_word(missing: object) -> None:
    assert html([("scan", missing), ("other", 1.0)]).findtext("tbody/tr/td") == "not gradable"


def test_a_missing_value_is_the_same_word_in_csv() -> None:
    assert table([("scan", None)]).to_csv().splitlines()[1] == "scan,not gradable"


def test_hostile_text_is_escaped() -> None:
    out = table([("<script>alert(1)</script>", 1.0)]).to_html()
    assert "<script" not in out
    assert html([("<b>&", 1.0)]).findtext("tbody/tr/th") == "<b>&"


def test_rows_are_indented_where_asked() -> None:
    frame = pd.DataFrame({"what": ["Sex", "women"], "mean": [None, 1.0], "depth": [0, 1]})
    made = Table.from_frame(frame, name="t", title="T.", columns=COLUMNS, indent="depth")
    heads = ET.fromstring(made.to_html()).findall("tbody/tr/th")  # noqa: S314 - our own output
    assert [head.attrib["class"] for head in heads] == ["left indent-0", "left indent-1"]


@pytest.mark.parametrize("formula", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"])
def test_a_formula_is_quoted_in_csv(formula: str) -> None:
    cells = list(csv.reader(io.StringIO(table([(formula, 1.0)]).to_csv(), newline="")))
    assert cells[1][0] == f"'{formula}"


def test_a_heading_that_is_a_formula_is_quoted_too() -> None:
    made = Table("t", "T.", (Column("a", "=A1"),), ((1,),))
    assert made.to_csv().startswith("'=A1")


@pytest.mark.parametrize(
    ("value", "text"), [(-2.5, "-2.5"), ("-2.5", "-2.5"), ("+3", "+3"), (-7, "-7"), (1 / 3, "0.3333333333333333")]
)
def test_numbers_keep_sign_and_digits_in_csv(value: object, text: str) -> None:
    assert list(csv.reader(io.StringIO(table([("x", value)]).to_csv())))[1][1] == text


def test_numpy_scalars_are_written_plainly() -> None:
    assert table([("x", np.float64(1.5))]).to_csv().splitlines()[1] == "x,1.5"
    assert table([("x", np.int64(3))]).to_html().count(">3.00<") == 1


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ReportError, match="none called mean at baseline"):
        Table.from_frame(pd.DataFrame({"what": ["x"]}), name="baseline", title="T.", columns=COLUMNS)


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ReportError, match="one value per column"):
        Table("t", "T.", tuple(COLUMNS), (("x",),))


def test_a_table_saves_as_csv(tmp_path: Path) -> None:
    path = table([("µg", 1.0)]).save(tmp_path / "tables" / "baseline.csv")
    assert path.read_text(encoding="utf-8").splitlines() == ['Characteristic,"Mean, mg/L"', "µg,1.0"]
