"""The rows above a plot that say which line, dash and symbol is which arm."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from calor.report import style
from calor.report.lettering import text_width_px
from calor.report.tidy import values

_LINE_PX = 28
_POINT_PX = 8
_TEXT_GAP_PX = 7
_ARM_GAP_PX = 22
_LOWEST_PX = -16
_ROW_PX = 18


def legend(arms: Sequence[str], room_px: float, *, lines: bool = True, points: bool = True) -> list[alt.Chart]:
    """Draw the arms' names beside a sample of their line and symbol, in as many rows as they need.

    Args:
        arms: Arm names, control first.
        room_px: Width to keep within.
        lines: Whether the plot has lines.
        points: Whether the plot has symbols.

    >>> len(legend(["Placebo", "Aldesleukin"], 500))
    6
    """
    sample_px = _LINE_PX if lines else _POINT_PX
    places = _places(arms, sample_px + _TEXT_GAP_PX, room_px)
    layers: list[alt.Chart] = []
    for (arm, look), (left_px, y_px) in zip(style.arm_styles(arms).items(), places, strict=True):
        sample, y = alt.Chart(values([{}])), alt.value(y_px)
        if lines:
            line = sample.mark_rule(color=look.color, strokeWidth=2, strokeDash=list(look.dash))
            layers.append(line.encode(x=alt.value(left_px), x2=alt.value(left_px + sample_px), y=y))
        if points:
            point = sample.mark_point(shape=look.shape, filled=True, color=look.color, size=64, opacity=1)
            layers.append(point.encode(x=alt.value(left_px + sample_px / 2), y=y))
        text = sample.mark_text(text=arm, align="left", baseline="middle")
        layers.append(text.encode(x=alt.value(left_px + sample_px + _TEXT_GAP_PX), y=y))
    return layers


def _places(arms: Sequence[str], before_px: float, room_px: float) -> list[tuple[float, float]]:
    """Return where each arm's sample begins; the last row is the lowest."""
    rows: list[list[float]] = [[]]
    left_px = 0.0
    for arm in arms:
        width_px = before_px + text_width_px(arm, style.TEXT_PX)
        if rows[-1] and left_px + width_px > room_px:
            rows.append([])
            left_px = 0.0
        rows[-1].append(left_px)
        left_px += width_px + _ARM_GAP_PX
    return [
        (left_px, _LOWEST_PX - _ROW_PX * (len(rows) - 1 - index)) for index, row in enumerate(rows) for left_px in row
    ]
