"""Points with intervals about a line: groups against their prediction, trials against a regression."""

from __future__ import annotations

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.lettering import wrap
from calor.report.tidy import numbers, require, require_order, values

_HEIGHT_PX = 300
_ROOM_PX = 90


def points_and_line(
    points: pd.DataFrame, line: pd.DataFrame, *, name: str, title: str, caption: str, axes: tuple[str, str]
) -> Figure:
    """Draw points with vertical intervals, and a line with its band beneath them.

    Args:
        points: Columns `x`, `y`, `lower`, `upper`: one dot each.
        line: Columns `x`, `y` in order, and, where there is a band, `lower` and `upper`.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: what point, interval, line and band are.
        axes: Titles of the horizontal and the vertical axis, with unit.

    Raises:
        ReportError: A column is missing, a value is not finite, or an interval does not enclose its point.

    >>> points = pd.DataFrame({"x": [-0.2, 0.0], "y": [-0.1, 0.0], "lower": [-0.2, -0.1], "upper": [0.0, 0.1]})
    >>> line = pd.DataFrame({"x": [-0.2, 0.0], "y": [-0.2, 0.0]})
    >>> points_and_line(points, line, name="fit", title="T.", caption="C.", axes=("Predicted", "Observed")).name
    'fit'
    """
    points = numbers(
        require(points, ["x", "y", "lower", "upper"], where=name), ["x", "y", "lower", "upper"], where=name
    )
    require_order(points, ("lower", "y", "upper"), where=name)
    line = require(line, ["x", "y"], where=name, wanted=["lower", "upper"])
    line = numbers(line, list(line.columns), where=name)
    width_px = style.PLOT_WIDTH_PX - _ROOM_PX
    horizontal = alt.Axis(title=wrap(axes[0], width_px, style.TEXT_PX), tickCount=6)
    vertical = alt.Axis(title=wrap(axes[1], _HEIGHT_PX, style.TEXT_PX), tickCount=6)
    x = alt.X("x:Q", scale=alt.Scale(zero=False), axis=horizontal)
    y = alt.Y("y:Q", scale=alt.Scale(zero=False), axis=vertical)
    lines, dots = alt.Chart(values(line)), alt.Chart(values(points))
    band = [lines.mark_area(color=style.INK, opacity=0.1).encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q")]
    layers = [
        *(band if "lower" in line else []),
        alt.Chart(values([{"y": 0}])).mark_rule(color=style.MUTED, strokeDash=[3, 3]).encode(y=y),
        lines.mark_line(color=style.MUTED, strokeWidth=2).encode(x=x, y=y),
        dots.mark_rule(strokeWidth=1.6).encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q"),
        dots.mark_point(shape="circle", filled=True, color=style.INK, size=70, opacity=1).encode(x=x, y=y),
    ]
    chart = alt.LayerChart(layer=layers).properties(width=width_px, height=_HEIGHT_PX)
    return draw(chart, name=name, title=title, caption=caption)
