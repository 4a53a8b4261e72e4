"""Options as points: what each promises against what it takes, the undominated ones marked, one of them chosen."""

from __future__ import annotations

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.tidy import numbers, require, values

_HEIGHT_PX = 320
_ROOM_PX = 120
_SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down")


def pareto(
    table: pd.DataFrame, *, name: str, title: str, caption: str, axes: tuple[str, str], chosen: str = "recommended"
) -> Figure:
    """Draw options as points.

    Color says only which is chosen; the shape says the kind, and filled points are those that no other dominates.

    Args:
        table: One row per option: `x`, `y`, `kind` (up to five), `front` and `chosen` (booleans).
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.
        axes: Titles of the horizontal and the vertical axis, with unit.
        chosen: What is written at the chosen point.

    Raises:
        ReportError: A column is missing, or a number is not finite.

    >>> table = pd.DataFrame({"x": [1.0], "y": [2.0], "kind": ["gated"], "front": [True], "chosen": [True]})
    >>> pareto(table, name="front", title="T.", caption="C.", axes=("Months", "Assurance (%)")).name
    'front'
    """
    table = numbers(require(table, ["x", "y", "kind", "front", "chosen"], where=name), ["x", "y"], where=name)
    kinds = list(dict.fromkeys(table["kind"]))[: len(_SHAPES)]
    x = alt.X("x:Q", scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(title=axes[0], tickCount=6, format=",~f"))
    y = alt.Y("y:Q", scale=alt.Scale(zero=False, nice=True), axis=alt.Axis(title=axes[1], tickCount=6))
    shape = alt.Shape(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=list(_SHAPES[: len(kinds)])),
        legend=alt.Legend(
            title=None, orient="top", direction="vertical", columns=2, columnPadding=24, labelLimit=600,
            labelFontSize=style.TEXT_PX, labelColor=style.INK, symbolFillColor=style.MUTED,
            symbolStrokeColor=style.MUTED,
        ),
    )  # fmt: skip
    rest, front = table[~table["front"].astype(bool)], table[table["front"].astype(bool)]
    layers = []
    if not rest.empty:
        faint = alt.Chart(values(rest)).mark_point(size=42, color=style.MUTED, strokeWidth=1.2, opacity=0.55)
        layers.append(faint.encode(x=x, y=y, shape=shape))
    if not front.empty:
        full = alt.Chart(values(front)).mark_point(size=70, color=style.INK, filled=True, opacity=1)
        layers.append(full.encode(x=x, y=y, shape=shape))
    one = table[table["chosen"].astype(bool)].assign(label=chosen)
    if not one.empty:
        base = alt.Chart(values(one))
        point = base.mark_point(size=150, color=style.VERMILION, filled=True, opacity=1)
        layers.append(point.encode(x=x, y=y, shape=shape))
        text = base.mark_text(align="left", baseline="bottom", dx=9, dy=-7, color=style.INK, fontWeight="bold")
        layers.append(text.encode(x=x, y=y, text="label:N"))
    chart = alt.LayerChart(layer=layers).properties(width=style.PLOT_WIDTH_PX - _ROOM_PX, height=_HEIGHT_PX)
    return draw(chart, name=name, title=title, caption=caption)
