"""Tornado: one assumption a row, how far its worse and its better value move the result, widest on top."""

from __future__ import annotations

from typing import Literal

import altair as alt
import numpy as np
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.lettering import text_width_px, wrap
from calor.report.tidy import numbers, require, values

_ROW_PX = 46.0
_LABEL_PX = 230.0
_ROOM_PX = 90.0
_LINE_PX = 15.0


def tornado(table: pd.DataFrame, *, base: float, name: str, title: str, caption: str, axis: str) -> Figure:
    """Draw what each assumption moves.

    Args:
        table: One row per assumption: `label`, `worse` and `better` (the results), `worse_at` and `better_at` (the
            values, as text).
        base: The result with every assumption as stated.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.
        axis: Title of the axis, with unit.

    Raises:
        ReportError: A column is missing, or a number is not finite.

    >>> table = pd.DataFrame({"label": ["ICC"], "worse": [1.0], "better": [3.0], "worse_at": ["0.5"]})
    >>> table = table.assign(better_at=["0.7"])
    >>> tornado(table, base=2.0, name="tornado", title="T.", caption="C.", axis="Assurance (%)").name
    'tornado'
    """
    wanted = ["label", "worse", "better", "worse_at", "better_at"]
    table = numbers(require(table, wanted, where=name), ["worse", "better"], where=name)
    width = (table[["worse", "better"]].max(axis=1) - table[["worse", "better"]].min(axis=1)).to_numpy()
    table = table.iloc[(-width).argsort(kind="stable")].reset_index(drop=True)
    height_px = _ROW_PX * len(table)
    plot_px = style.PLOT_WIDTH_PX - _LABEL_PX - _ROOM_PX
    rows = table.assign(mid=[_ROW_PX * (i + 0.5) for i in range(len(table))])
    low, high = float(table[["worse", "better"]].min().min()), float(table[["worse", "better"]].max().max())
    pad = 0.16 * (max(high, base) - min(low, base) or 1.0)
    scale = alt.Scale(domain=[min(low, base) - pad, max(high, base) + pad], nice=False)
    x = alt.X("at:Q", scale=scale, axis=alt.Axis(title=axis, tickCount=5, grid=False))
    y = alt.Y("mid:Q", scale=alt.Scale(domain=[height_px, 0], nice=False), axis=None)
    layers = [alt.Chart(values([{"at": base}])).mark_rule(color=style.MUTED, strokeDash=[3, 3]).encode(x=x)]
    for side, shape in (("worse", "circle"), ("better", "diamond")):
        ends = rows.assign(at=rows[side], base=base, text=rows[f"{side}_at"])
        color = style.MUTED if side == "worse" else style.INK
        chart = alt.Chart(values(ends))
        layers.append(chart.mark_rule(color=color, strokeWidth=3).encode(x=x, x2="base:Q", y=y))
        layers.append(chart.mark_point(shape=shape, color=color, filled=True, size=80, opacity=1).encode(x=x, y=y))
        left = (rows[side] < rows["better" if side == "worse" else "worse"]).to_numpy()
        sides: tuple[tuple[np.ndarray, Literal["left", "right"], int], ...] = ((left, "right", -9), (~left, "left", 9))
        for toward, align, dx in sides:
            if toward.any():
                text = alt.Chart(values(ends[toward])).mark_text(align=align, dx=dx, color=style.INK)
                layers.append(text.encode(x=x, y=y, text="text:N"))
    layers.append(_labels(rows, y))
    drawn = alt.LayerChart(layer=layers).properties(width=plot_px, height=height_px)
    return draw(drawn, name=name, title=title, caption=caption)


def _labels(rows: pd.DataFrame, y: alt.Y) -> alt.Chart:
    """Write the assumptions left of the plot."""
    lines = [wrap(str(label), _LABEL_PX - 16, style.TEXT_PX) for label in rows["label"]]
    widest = max(text_width_px(line, style.TEXT_PX) for row in lines for line in row)
    first = [mid - _LINE_PX / 2 * (len(text) - 1) for mid, text in zip(rows["mid"], lines, strict=True)]
    table = pd.DataFrame({"mid": first, "text": lines})
    marks = alt.Chart(values(table)).mark_text(align="left", baseline="middle", lineHeight=_LINE_PX)
    drawn: alt.Chart = marks.encode(x=alt.value(-max(widest, _LABEL_PX - 10)), y=y, text="text:N")
    return drawn
