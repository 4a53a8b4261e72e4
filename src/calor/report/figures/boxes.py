"""Boxes of wrapped text and the arrows between them, in pixels: what a flow diagram is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from calor.report import style
from calor.report.lettering import wrap
from calor.report.tidy import values

LINE_PX = 17
INSET_PX = 10
INDENT_PX = 12
_BAR_PX = 3


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
    for text, middle_px in margin:
        word = alt.Chart(values([{}])).mark_text(text=text, angle=270, baseline="top", color=style.MUTED)
        layers.append(word.encode(x=alt.value(0), y=alt.value(middle_px)))
    chart = alt.LayerChart(layer=layers)
    return chart.properties(
        width=max(box.left_px + box.width_px for box in boxes), height=max(box.bottom_px for box in boxes)
    )


def _frames(boxes: Sequence[Box]) -> list[alt.Chart]:
    """Draw the outlines, and the bars that carry an arm's color."""
    empty = alt.Chart(values([{}]))
    layers = []
    for box in boxes:
        x, x2 = alt.value(box.left_px), alt.value(box.left_px + box.width_px)
        frame = empty.mark_rect(fill=style.GROUND, stroke=style.HAIRLINE, strokeWidth=1)
        layers.append(frame.encode(x=x, x2=x2, y=alt.value(box.top_px), y2=alt.value(box.bottom_px)))
        if box.color:
            bar = empty.mark_rect(fill=box.color)
            layers.append(bar.encode(x=x, x2=x2, y=alt.value(box.top_px), y2=alt.value(box.top_px + _BAR_PX)))
    return layers


def _lines(boxes: Sequence[Box]) -> list[alt.Chart]:
    """Write the text of every box."""
    empty = alt.Chart(values([{}]))
    layers = []
    for box in boxes:
        for index, line in enumerate(box.lines):
            text = empty.mark_text(
                text=line.text, align="left", baseline="middle", fontWeight="bold" if line.bold else "normal"
            )
            left_px = box.left_px + INSET_PX + line.indent_px
            middle_px = box.top_px + INSET_PX + (index + 0.5) * LINE_PX
            layers.append(text.encode(x=alt.value(left_px), y=alt.value(middle_px)))
    return layers


def _arrows(arrows: Sequence[Arrow]) -> list[alt.Chart]:
    """Draw the connectors, each stretch a rule, and their heads."""
    empty = alt.Chart(values([{}]))
    layers = []
    for arrow in arrows:
        for (x, y), (x2, y2) in zip(arrow.corners, arrow.corners[1:], strict=False):
            # Vega draws a rule along one axis only when the other axis has no second channel.
            ends = {"y2": alt.value(y2)} if x == x2 else {"x2": alt.value(x2)}
            rule = empty.mark_rule(color=style.MUTED, strokeWidth=1.2)
            layers.append(rule.encode(x=alt.value(x), y=alt.value(y), **ends))
        (x, y), (x2, y2) = arrow.corners[-2:]
        down = x == x2
        head = empty.mark_point(
            shape="triangle-down" if down else "triangle-right", filled=True, color=style.MUTED, size=45, opacity=1
        )
        layers.append(head.encode(x=alt.value(x2 - (0 if down else 3)), y=alt.value(y2 - (3 if down else 0))))
    return layers
