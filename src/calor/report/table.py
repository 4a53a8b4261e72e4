"""A table: rows of plain values, how each column prints, and one sentence on what it shows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from calor.errors import ReportError
from calor.report.number import number
from calor.report.saving import require_name, write_whole
from calor.report.templates import environment

Align = Literal["left", "right"]
_P_DIGITS = 4  # a column this fine holds p-values: none of them is 0


@dataclass(frozen=True)
class Column:
    """How one column of a table prints.

    Attributes:
        key: Column of the DataFrame.
        label: Heading, with unit.
        digits: Decimals of its numbers; None prints integers and text as they are.
        align: Where its cells stand; numbers belong on the right.
        missing: The word for a value that is not there.
        wide: Whether its text is long, and the other columns give way.
    """

    key: str
    label: str
    digits: int | None = None
    align: Align = "left"
    missing: str = "not available"
    wide: bool = False

    @property
    def classes(self) -> str:
        """Classes of its cells in HTML."""
        return f"{self.align} wide" if self.wide else self.align

    def text(self, value: object) -> str:
        """Write one value of this column.

        >>> Column("tbr", "TBR", digits=2).text(2.3871), Column("day", "Day", missing="not reached").text(None)
        ('2.39', 'not reached')
        >>> Column("p", "p", digits=4).text(0.0000012)
        '<0.0001'
        """
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return self.missing
        if self.digits is not None and isinstance(value, int | float) and not isinstance(value, bool):
            tiny = self.digits >= _P_DIGITS and 0 < value < 0.5 * 10**-self.digits
            return f"<{10**-self.digits:.{self.digits}f}" if tiny else number(value, self.digits)
        return str(value).replace("-", "−", 1) if isinstance(value, int) else str(value)


@dataclass(frozen=True)
class Table:
    """One table, ready to be put into a document or saved.

    Attributes:
        name: File stem and HTML id: lower-case letters, digits and hyphens.
        title: One sentence that states what the table shows.
        columns: Its columns; the first holds the row headings.
        rows: Values, one tuple per row, as long as `columns`.
        note: What a reader must know to read it: abbreviations, method, n.
        indents: How deep each row's heading is indented, 0 upward; empty when none is.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""
    indents: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require_name(self.name)
        if not self.columns or any(len(row) != len(self.columns) for row in self.rows):
            raise ReportError.must(
                "rows", "have one value per column", "another number", where=self.name, fix="Build it from a DataFrame."
            )

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, *, name: str, title: str, columns: Sequence[Column], note: str = "", indent: str = ""
    ) -> Table:
        """Build a table from the columns of a DataFrame.

        Args:
            frame: One row per row of the table.
            name: File stem and HTML id.
            title: One sentence that states what the table shows.
            columns: Columns to print, in this order; the first holds the row headings.
            note: The line beneath.
            indent: Column that says how deep a row's heading is indented; empty for none.

        Raises:
            ReportError: The frame lacks a column.

        >>> frame = pd.DataFrame({"what": ["Age"], "placebo": [61.2]})
        >>> columns = [Column("what", ""), Column("placebo", "Placebo", digits=1, align="right")]
        >>> Table.from_frame(frame, name="baseline", title="The arms are alike.", columns=columns).rows
        (('Age', 61.2),)
        """
        wanted = [column.key for column in columns] + ([indent] if indent else [])
        missing = [key for key in wanted if key not in frame.columns]
        if missing:
            raise ReportError.must(
                "frame", f"have the columns {', '.join(wanted)}", f"none called {', '.join(missing)}", where=name,
                fix="Rename or add them.",
            )  # fmt: skip
        rows = tuple(
            tuple(_plain(value) for value in row)
            for row in zip(*(frame[column.key].tolist() for column in columns), strict=True)
        )
        indents = tuple(int(depth) for depth in frame[indent]) if indent else ()
        return cls(name, title, tuple(columns), rows, note, indents)

    def to_html(self) -> str:
        """Return the table as one `<table>` element with caption and scoped headings."""
        lines = [[column.text(value) for column, value in zip(self.columns, row, strict=True)] for row in self.rows]
        indents = self.indents or (0,) * len(lines)
        macro = environment().get_template("table.html").module.table  # type: ignore[attr-defined]
        return str(macro(self, list(zip(indents, lines, strict=True))))

    def to_csv(self) -> str:
        r"""Return the values unrounded as CSV that no spreadsheet takes for a formula.

        >>> print(Table("t", "T.", (Column("a", "A"),), (("=1+1",), (-2.5,), (None,))).to_csv().replace("\r", ""))
        A
        '=1+1
        -2.5
        not available
        <BLANKLINE>
        """
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([_defused(column.label) for column in self.columns])
        for row in self.rows:
            writer.writerow([_cell(column, value) for column, value in zip(self.columns, row, strict=True)])
        return out.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the table as CSV; the file appears whole or not at all."""
        return write_whole(Path(path), self.to_csv().encode())


def _plain(value: object) -> object:
    """Turn pandas' and NumPy's scalars and missing values into Python's own."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if value is pd.NA or value is pd.NaT else value


def _cell(column: Column, value: object) -> str:
    """Write one value for CSV."""
    if isinstance(value, int | float) and not (isinstance(value, float) and math.isnan(value)):
        return repr(value)
    return _defused(column.text(value))


def _defused(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run."""
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text
