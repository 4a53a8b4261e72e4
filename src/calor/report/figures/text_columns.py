"""Columns of text beside a plot: labels that wrap, numbers that line up, each row level with its mark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import altair as alt

from calor.report import style
from calor.report.lettering import text_width_px, wrap
from calor.report.tidy import values

GAP_PX = 18.0
_LINE_PX = 15.0
_HEAD_PX = -16.0


@dataclass(frozen=True)
class Cell:
    """One cell: its lines, top to bottom, and how they are set."""

    lines: tuple[str, ...]
    bold: bool = False
    indent_px: float = 0.0


@dataclass(frozen=True)
class TextColumn:
    """One column.

    Attributes:
        head: What stands above it; empty for nothing.
        cells: One per row, top to bottom.
        align: Where its text stands.
    """

    head: str
    cells: tuple[Cell, ...]
    align: Literal["left", "right"] = "left"

    @property
    def width_px(self) -> float:
        """Width of the widest line, and the gap to the next column."""
        widths = [
            cell.indent_px + text_width_px(line, style.TEXT_PX, bold=cell.bold)
            for cell in self.cells
            for line in cell.lines
        ]
        return max([*widths, text_width_px(self.head, style.TEXT_PX)]) + GAP_PX


def cell(value: object, most_px: float = math.inf, *, bold: bool = False, indent_px: float = 0.0) -> Cell:
    """Make a cell of a value, broken into lines where it is wider than the most it may be.

    >>> cell(31.0).lines, cell(None).lines, cell("Injection-site reaction", 80).lines
    (('31',), ('',), ('Injection-site', 'reaction'))
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Cell(("",))
    # A column of counts with a gap holds floats.
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return Cell(tuple(wrap(text, most_px, style.TEXT_PX, bold=bold)), bold, indent_px)


def middles(columns: Sequence[TextColumn], least_px: float) -> tuple[list[float], float]:
    """Return the middle of every row [px from the top] and where the last one ends.

    >>> middles([TextColumn("", (cell("a"), cell("b")))], 24)
    ([12.0, 36.0], 48.0)
    """
    found = []
    bottom_px = 0.0
    for cells in zip(*(column.cells for column in columns), strict=True):
        height_px = max(least_px, _LINE_PX * max(len(c.lines) for c in cells) + 9)
        found.append(bottom_px + height_px / 2)
        bottom_px += height_px
    return found, bottom_px


def write(column: TextColumn, left_px: float, middles_px: Sequence[float], y: alt.Y) -> list[alt.Chart]:
    """Write a column beside a plot whose vertical channel is the field `y`, in pixels.

    >>> len(write(TextColumn("n", (cell(60), cell(31)), "right"), -40, [12, 36], alt.Y("y:Q")))
    2
    """
    right = column.align == "right"
    edge_px = left_px + column.width_px - GAP_PX if right else left_px
    layers = []
    for bold, indent_px in sorted({(c.bold, c.indent_px) for c in column.cells}):
        lines = [
            {"text": line, "y": middle_px + (index - (len(c.lines) - 1) / 2) * _LINE_PX}
            for c, middle_px in zip(column.cells, middles_px, strict=True)
            for index, line in enumerate(c.lines)
            if (c.bold, c.indent_px) == (bold, indent_px) and line
        ]
        mark = alt.Chart(values(lines)).mark_text(
            align=column.align, baseline="middle", fontWeight="bold" if bold else "normal"
        )
        layers.append(mark.encode(x=alt.value(edge_px + indent_px), y=y, text="text:N"))
    if column.head:
        head = alt.Chart(values([{}])).mark_text(
            text=column.head, align=column.align, baseline="middle", color=style.MUTED
        )
        layers.append(head.encode(x=alt.value(edge_px), y=alt.value(_HEAD_PX)))
    return layers
