"""Recruitment: who was randomized by when, as a staircase, beside the plan."""

from __future__ import annotations

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.tidy import numbers, require

_HEIGHT_PX = 260
_ROOM_PX = 150  # for the vertical axis, and for the words at the right end


def accrual(randomized: pd.DataFrame, plan: pd.DataFrame, *, name: str, title: str, caption: str, axis: str) -> Figure:
    """Draw recruitment so far beside the plan, each named at its end.

    Args:
        randomized: Columns `x` (time) and `y` (how many by then), the last row being now.
        plan: The same of the plan: its corners.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.
        axis: Title of the axis of time, with unit.

    Raises:
        ReportError: A column is missing or a value is not finite.

    >>> so_far, plan = pd.DataFrame({"x": [0, 4], "y": [1, 6]}), pd.DataFrame({"x": [0, 4], "y": [0, 10]})
    >>> accrual(so_far, plan, name="a", title="T.", caption="C.", axis="Weeks").name
    'a'
    """
    seen, planned = (numbers(require(t, ["x", "y"], where=name), ["x", "y"], where=name) for t in (randomized, plan))
    width_px = style.PLOT_WIDTH_PX - _ROOM_PX
    x = alt.X("x:Q", scale=alt.Scale(zero=True, nice=False), axis=alt.Axis(title=axis, tickCount=6))
    y = alt.Y("y:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title="Participants", tickCount=6))
    layers = [
        alt.Chart(planned).mark_line(color=style.MUTED, strokeDash=[5, 3]).encode(x=x, y=y),
        alt.Chart(seen).mark_line(color=style.INK, interpolate="step-after").encode(x=x, y=y),
        _end(seen, "randomized", x, y, bold=True),
        _end(planned, "planned", x, y, bold=False),
    ]
    chart = alt.LayerChart(layer=layers).properties(width=width_px, height=_HEIGHT_PX)
    return draw(chart, name=name, title=title, caption=caption)


def _end(points: pd.DataFrame, word: str, x: alt.X, y: alt.Y, *, bold: bool) -> alt.Chart:
    last = points.tail(1).assign(label=[f"{points['y'].iloc[-1]:.0f} {word}"])
    color = style.INK if bold else style.MUTED
    mark = alt.Chart(last).mark_text(align="left", dx=8, color=color, fontWeight="bold" if bold else "normal")
    drawn: alt.Chart = mark.encode(x=x, y=y, text="label:N")
    return drawn
