"""Two numbers per row as joined dots: wins of either arm, observed and expected, p-values before and after."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.legend import legend
from calor.report.figures.text_columns import GAP_PX, TextColumn, cell, middles, write
from calor.report.lettering import wrap
from calor.report.tidy import numbers, require, values

_ROW_PX = 40
_LABEL_MOST_PX = 200.0


def two_dots(
    rows: pd.DataFrame,
    *,
    series: Sequence[str],
    name: str,
    title: str,
    caption: str,
    axis: str,
    heading: str = "",
) -> Figure:
    """Draw two numbers of each row as dots on one line.

    Args:
        rows: One row per line, top to bottom, with columns `label`, `first`, `second` (0 or more) and, where wanted,
            `text`, printed beside it.
        series: What the first and the second number are.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.
        axis: The axis title, with unit.
        heading: What stands above the printed texts.

    Raises:
        ReportError: A column is missing, there are not two series, or a number is not finite or negative.

    >>> rows = pd.DataFrame({"label": ["Death", "TBR"], "first": [4, 20], "second": [10, 50]})
    >>> two_dots(rows, series=["Placebo", "Active"], name="wins", title="T.", caption="C.", axis="Pairs (%)").name
    'wins'
    """
    rows = numbers(
        require(rows, ["label", "first", "second"], where=name, wanted=["text"]), ["first", "second"], where=name
    )
    if len(series) != 2:
        raise ReportError.must("series", "be two", len(series), where=name, fix="Draw two numbers per row.")
    if rows[["first", "second"]].to_numpy().min() < 0:
        raise ReportError.must("rows", "hold numbers from 0", "a negative one", where=name, fix="Use `forest`.")
    labels = TextColumn("", tuple(cell(label, _LABEL_MOST_PX) for label in rows["label"]))
    heights_px, height_px = middles([labels], _ROW_PX)
    texts = TextColumn(heading, tuple(cell(text) for text in rows.get("text", pd.Series([""] * len(rows)))))
    width_px = style.PLOT_WIDTH_PX - labels.width_px - texts.width_px - 2 * GAP_PX
    y = alt.Y("y:Q", scale=alt.Scale(domain=[height_px, 0], nice=False), axis=None)
    layers = [
        *write(labels, -labels.width_px, heights_px, y),
        *_dots(rows[["first", "second"]].assign(y=heights_px), series, y, wrap(axis, width_px, style.TEXT_PX)),
        *(write(texts, width_px + GAP_PX, heights_px, y) if "text" in rows else []),
        *legend(series, width_px, lines=False),
    ]
    chart = alt.LayerChart(layer=layers).properties(width=width_px, height=height_px)
    return draw(chart, name=name, title=title, caption=caption)


def _dots(rows: pd.DataFrame, series: Sequence[str], y: alt.Y, title: str | list[str]) -> list[alt.Chart]:
    """Draw a line between the two numbers of each row, and a dot for either."""
    axis = alt.Axis(title=title, format="~f", tickCount=5, grid=True, domain=False, ticks=False)
    top = float(rows[["first", "second"]].to_numpy().max())
    scale = alt.Scale(domain=[0, top or 1.0], nice=True)
    between = alt.Chart(values(rows)).mark_rule(color=style.MUTED, strokeWidth=1.6)
    layers = [between.encode(x=alt.X("first:Q", scale=scale, axis=axis), x2="second:Q", y=y)]
    for column, look in zip(("first", "second"), style.arm_styles(series).values(), strict=True):
        dots = alt.Chart(values(rows)).mark_point(shape=look.shape, filled=True, color=look.color, size=90, opacity=1)
        layers.append(dots.encode(x=alt.X(f"{column}:Q", scale=scale, axis=axis), y=y))
    return layers
