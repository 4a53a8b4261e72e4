"""Boxes of wrapped text and the arrows between them, in pixels: what a flow diagram is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.lettering import wrap
from calor.report.tidy import values

LINE_PX = 17
INSET_PX = 10
INDENT_PX = 12
_BAR_PX = 3
_X, _Y = alt.X("x:Q", scale=None), alt.Y("y:Q", scale=None)  # pixels as they are


@dataclass(frozen=True)
class Line:
    """One line of text in a box.

    Attributes:
        text: What it says; short enough for its box.
        bold: Whether it heads the box.
        indent_px: How far it stands in.
    """

    text: str
    bold: bool = False
    indent_px: float = 0.0


@dataclass(frozen=True)
class Box:
    """One box.

    Attributes:
        left_px: Left edge.
        top_px: Upper edge.
        width_px: Width.
        lines: Its text, top to bottom.
        least_px: Height it has at least, so that a row of boxes ends level.
        color: Color of the bar on top; empty for none.
    """

    left_px: float
    top_px: float
    width_px: float
    lines: tuple[Line, ...]
    least_px: float = 0.0
    color: str = ""

    @property
    def height_px(self) -> float:
        """Height that holds the lines, or the height that its row asks for."""
        return max(self.least_px, len(self.lines) * LINE_PX + 2 * INSET_PX)

    @property
    def middle_px(self) -> float:
        """Horizontal middle."""
        return self.left_px + self.width_px / 2

    @property
    def bottom_px(self) -> float:
        """Lower edge."""
        return self.top_px + self.height_px


@dataclass(frozen=True)
class Arrow:
    """A connector through corners; its head points down, or right where its last stretch is level.

    Attributes:
        corners: Points (x, y) in pixels, two or more.
    """

    corners: tuple[tuple[float, float], ...]


def fitted(text: str, width_px: float, *, bold: bool = False, indent_px: float = 0.0) -> list[Line]:
    """Break text into lines that fit a box of this width; what is broken hangs in.

    >>> [line.text for line in fitted("Declined to take part (n = 210)", 160)]
    ['Declined to take part', '(n = 210)']
    """
    room_px = width_px - 2 * INSET_PX - indent_px
    first, *rest = wrap(text, room_px, style.TEXT_PX, bold=bold)
    if rest and not bold:
        first, *rest = wrap(text, room_px - INDENT_PX, style.TEXT_PX)
    hang_px = indent_px if bold else indent_px + INDENT_PX
    return [Line(first, bold, indent_px), *(Line(text, bold, hang_px) for text in rest)]


def picture(boxes: Sequence[Box], arrows: Sequence[Arrow], margin: Sequence[tuple[str, float]]) -> alt.LayerChart:
    """Draw boxes, arrows and the words in the left margin.

    Args:
        boxes: Boxes; none may overlap another.
        arrows: Connectors between them.
        margin: What stands upright in the left margin, and the height of its middle [px].

    >>> box = Box(0, 0, 100, tuple(fitted("Randomized", 100)))
    >>> picture([box], [], []).to_dict()["height"]
    37
    """
    layers = [*_frames(boxes), *_lines(boxes), *_arrows(arrows)]
    if margin:
        words = pd.DataFrame([(text, 0.0, y) for text, y in margin], columns=["text", "x", "y"])
        mark = alt.Chart(values(words)).mark_text(angle=270, baseline="top", color=style.MUTED)
        layers.append(mark.encode(x=_X, y=_Y, text="text:N"))
    chart = alt.LayerChart(layer=layers)
    return chart.properties(
        width=max(box.left_px + box.width_px for box in boxes), height=max(box.bottom_px for box in boxes)
    )


def _frames(boxes: Sequence[Box]) -> list[alt.Chart]:
    """Draw the outlines, and the bars that carry an arm's color."""
    outlines = [(b.left_px, b.left_px + b.width_px, b.top_px, b.bottom_px, "") for b in boxes]
    bars = [(b.left_px, b.left_px + b.width_px, b.top_px, b.top_px + _BAR_PX, b.color) for b in boxes if b.color]
    edges = {"x": _X, "x2": "x2:Q", "y": _Y, "y2": "y2:Q"}
    columns = ["x", "x2", "y", "y2", "color"]
    frame = alt.Chart(values(pd.DataFrame(outlines, columns=columns)))
    layers = [frame.mark_rect(fill=style.GROUND, stroke=style.HAIRLINE, strokeWidth=1).encode(**edges)]
    if bars:
        bar = alt.Chart(values(pd.DataFrame(bars, columns=columns))).mark_rect()
        layers.append(bar.encode(**edges, fill=alt.Fill("color:N", scale=None)))
    return layers


def _lines(boxes: Sequence[Box]) -> list[alt.Chart]:
    """Write the text of every box."""
    rows = [
        (line.text, line.bold, box.left_px + INSET_PX + line.indent_px, box.top_px + INSET_PX + (at + 0.5) * LINE_PX)
        for box in boxes
        for at, line in enumerate(box.lines)
    ]
    lines = pd.DataFrame(rows, columns=["text", "bold", "x", "y"])
    return [
        alt.Chart(values(part)).mark_text(align="left", baseline="middle", fontWeight="bold" if bold else "normal")
        .encode(x=_X, y=_Y, text="text:N")
        for bold, part in lines.groupby("bold")
    ]  # fmt: skip


def _arrows(arrows: Sequence[Arrow]) -> list[alt.Chart]:
    """Draw the connectors, each a line through its corners, and their heads."""
    if not arrows:
        return []
    corners = [(arrow, place, x, y) for arrow, one in enumerate(arrows) for place, (x, y) in enumerate(one.corners)]
    path = alt.Chart(values(pd.DataFrame(corners, columns=["arrow", "place", "x", "y"])))
    line = path.mark_line(color=style.MUTED, strokeWidth=1.2, strokeJoin="miter")
    layers = [line.encode(x=_X, y=_Y, detail="arrow:N", order="place:Q")]
    last = [one.corners[-2:] for one in arrows]
    heads = [("down", x2, y2 - 3) if x == x2 else ("right", x2 - 3, y2) for (x, _), (x2, y2) in last]
    for way, part in pd.DataFrame(heads, columns=["way", "x", "y"]).groupby("way"):
        point = alt.Chart(values(part)).mark_point(
            shape=f"triangle-{way}", filled=True, color=style.MUTED, size=45, opacity=1
        )
        layers.append(point.encode(x=_X, y=_Y))
    return layers
