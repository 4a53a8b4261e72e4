"""Balance figure: the standardized difference of every baseline characteristic, largest first."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.legend import legend
from calor.report.figures.text_columns import TextColumn, cell, middles, write
from calor.report.tidy import numbers, require, require_arms, values

_ROW_PX = 22.0
_LABEL_MOST_PX = 240.0


def balance(table: pd.DataFrame, *, arms: Sequence[str], name: str, title: str, caption: str) -> Figure:
    """Draw standardized differences from the reference arm as dots.

    Args:
        table: One row per characteristic and arm, with columns `characteristic`, `arm` and `smd` (standardized mean
            difference from the reference arm).
        arms: Arm names, the reference first; it has no row.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: what the difference is, n.

    Raises:
        ReportError: A column or an arm is missing, or a value is not finite.

    >>> table = pd.DataFrame({"characteristic": ["Age", "Sex"], "arm": "Active", "smd": [0.1, -0.3]})
    >>> balance(table, arms=["Placebo", "Active"], name="smd", title="The arms are alike.", caption="n = 60.").name
    'smd'
    """
    table = numbers(require(table, ["characteristic", "arm", "smd"], where=name), ["smd"], where=name)
    require_arms(table, arms[1:], where=name)
    largest = table.assign(size=table["smd"].abs()).groupby("characteristic", sort=False)["size"].max()
    ordered = list(largest.sort_values(ascending=False, kind="stable").index)
    labels = TextColumn("", tuple(cell(text, _LABEL_MOST_PX) for text in ordered))
    middles_px, height_px = middles([labels], _ROW_PX)
    at = dict(zip(ordered, middles_px, strict=True))
    width_px = style.PLOT_WIDTH_PX - labels.width_px
    edge = 1.1 * max(float(largest.max()), 0.1)
    axis = alt.Axis(title=f"Standardized difference from {arms[0]}", grid=True, tickCount=6, domain=False, ticks=False)
    x = alt.X("smd:Q", scale=alt.Scale(domain=[-edge, edge], nice=False), axis=axis)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[height_px, 0], nice=False), axis=None)
    layers = [alt.Chart(values([{"smd": 0}])).mark_rule(color=style.MUTED, strokeDash=[3, 3]).encode(x=x)]
    for arm, look in list(style.arm_styles(arms).items())[1:]:
        rows = table[table["arm"] == arm]
        dots = alt.Chart(values(rows.assign(y=[at[what] for what in rows["characteristic"]])))
        mark = dots.mark_point(shape=look.shape, filled=True, color=look.color, size=75, opacity=1)
        layers.append(mark.encode(x=x, y=y))
    layers += write(labels, -labels.width_px, middles_px, y)
    layers += legend(arms, width_px, lines=False) if len(arms) > 2 else []
    chart = alt.LayerChart(layer=layers).properties(width=width_px, height=height_px)
    return draw(chart, name=name, title=title, caption=caption)
