"""Curves: one or a few lines over a common axis, with marked points; for bounds, power and projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.lettering import wrap
from calor.report.tidy import numbers, require, values

_HEIGHT_PX = 280
_ROOM_PX = 110  # for the vertical axis, and for the label of a point at the right end
_NAME_PX = 60  # how far a line's name reaches
_LOOKS = (((1, 0), style.INK), ((5, 3), style.INK), ((1, 0), style.MUTED), ((2, 2), style.MUTED))


def curves(
    table: pd.DataFrame,
    *,
    series: Sequence[str],
    name: str,
    title: str,
    caption: str,
    axes: tuple[str, str],
    marks: pd.DataFrame | None = None,
) -> Figure:
    """Draw lines, named where they leave room, and marked points with their labels.

    Args:
        table: Columns `series`, `x`, `y`: the points of each line in order.
        series: Names of one to four lines, in the order of their style.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: method, assumptions.
        axes: Titles of the horizontal and the vertical axis, with unit.
        marks: Columns `x`, `y`, `label`: points to mark, such as the looks.

    Raises:
        ReportError: A column is missing, a value is not finite, or there are too many lines.

    >>> table = pd.DataFrame({"series": "efficacy", "x": [50, 100], "y": [2.96, 1.97]})
    >>> axes = ("Information (%)", "z")
    >>> curves(table, series=["efficacy"], name="bounds", title="T.", caption="C.", axes=axes).name
    'bounds'
    """
    table = numbers(require(table, ["series", "x", "y"], where=name), ["x", "y"], where=name)
    if not 1 <= len(series) <= len(_LOOKS):
        raise ReportError.must(
            "series", f"name 1 to {len(_LOOKS)} lines", len(series), where=name, fix="Draw the others apart."
        )
    width_px = style.PLOT_WIDTH_PX - _ROOM_PX
    x = alt.X("x:Q", scale=alt.Scale(zero=False, nice=False), axis=alt.Axis(title=axes[0], tickCount=6))
    vertical = alt.Axis(title=wrap(axes[1], _HEIGHT_PX, style.TEXT_PX), tickCount=6)
    y = alt.Y("y:Q", scale=alt.Scale(zero=False), axis=vertical)
    layers: list[Any] = [_line(table, label, look, x, y) for label, look in zip(series, _LOOKS, strict=False)]
    if len(series) > 1:
        layers.append(_names(table, series, x, y))
    if marks is not None:
        rising = bool(table["y"].iloc[-1] > table["y"].iloc[0])
        layers += _marks(marks, x, y, name, below_px=14 if rising else -9)
    chart = alt.LayerChart(layer=layers).properties(width=width_px, height=_HEIGHT_PX)
    return draw(chart, name=name, title=title, caption=caption)


def _line(table: pd.DataFrame, label: str, look: tuple[tuple[int, int], str], x: alt.X, y: alt.Y) -> Any:
    """Draw one line."""
    dash, color = look
    rows = alt.Chart(values(table[table["series"] == label]))
    return rows.mark_line(color=color, strokeWidth=2, strokeDash=list(dash)).encode(x=x, y=y)


def _names(table: pd.DataFrame, series: Sequence[str], x: alt.X, y: alt.Y) -> Any:
    """Name the lines where most room is left above them, for as far as a name reaches."""
    wide = table.drop_duplicates(["series", "x"]).pivot_table(index="x", columns="series", values="y")
    wide = wide[list(series)].dropna()
    at, here = wide.index.to_numpy(dtype=float), wide.to_numpy()
    reach = _NAME_PX / (style.PLOT_WIDTH_PX - _ROOM_PX) * (at[-1] - at[0])
    ahead = np.column_stack([np.interp(at + reach, at, line) for line in here.T])
    order = np.argsort(here, axis=1)
    low, high = (np.take_along_axis(f(here, ahead), order, axis=1) for f in (np.maximum, np.minimum))
    best = int((high[:, 1:] - low[:, :-1]).min(axis=1).argmax())
    names = pd.DataFrame({"x": at[best], "y": here[best], "label": list(series)})
    above = alt.Chart(values(names)).mark_text(align="left", baseline="bottom", dx=9, dy=-6)
    return above.encode(x=x, y=y, text="label:N")


def _marks(marks: pd.DataFrame, x: alt.X, y: alt.Y, name: str, *, below_px: int) -> list[alt.Chart]:
    """Draw marked points with their labels on the side where the line is not."""
    drawn = numbers(require(marks, ["x", "y", "label"], where=name), ["x", "y"], where=name)
    points = alt.Chart(values(drawn))
    return [
        points.mark_point(filled=True, size=70, color=style.VERMILION, opacity=1).encode(x=x, y=y),
        points.mark_text(align="left", dx=8, dy=below_px, color=style.INK).encode(x=x, y=y, text="label:N"),
    ]
