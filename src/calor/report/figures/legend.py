"""The row above a plot that says which line, dash and symbol is which arm."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from calor.report import style
from calor.report.lettering import text_width_px
from calor.report.tidy import values

_LINE_PX = 28
_POINT_PX = 8
_Y_PX = -16


def legend(arms: Sequence[str], *, lines: bool = True, points: bool = True) -> list[alt.Chart]:
    """Draw the arms' names beside a sample of their line and symbol.

    Args:
        arms: Arm names, control first.
        lines: Whether the plot has lines.
        points: Whether the plot has symbols.

    >>> len(legend(["Placebo", "Aldesleukin"]))
    6
    """
    layers: list[alt.Chart] = []
    left_px = 0.0
    empty = values([{}])
    for arm, look in style.arm_styles(arms).items():
        sample = alt.Chart(empty)
        sample_px = _LINE_PX if lines else _POINT_PX
        if lines:
            line = sample.mark_rule(color=look.color, strokeWidth=2, strokeDash=list(look.dash))
            layers.append(line.encode(x=alt.value(left_px), x2=alt.value(left_px + sample_px), y=alt.value(_Y_PX)))
        if points:
            point = sample.mark_point(shape=look.shape, filled=True, color=look.color, size=64, opacity=1)
            layers.append(point.encode(x=alt.value(left_px + sample_px / 2), y=alt.value(_Y_PX)))
        text = sample.mark_text(text=arm, align="left", baseline="middle")
        layers.append(text.encode(x=alt.value(left_px + sample_px + 7), y=alt.value(_Y_PX)))
        left_px += sample_px + 7 + text_width_px(arm, style.TEXT_PX) + 22
    return layers
