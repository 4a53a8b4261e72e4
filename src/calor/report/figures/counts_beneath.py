"""Counts per arm printed under a time axis, each column under its tick: numbers at risk, numbers measured."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.lettering import text_width_px
from calor.report.tidy import values

_ROW_PX = 19


def counts_beneath(
    table: pd.DataFrame, *, arms: Sequence[str], heading: str, domain: tuple[float, float], width_px: float
) -> alt.LayerChart | alt.FacetChart:
    """Draw a strip of counts whose horizontal scale is that of the plot above it.

    Args:
        table: Columns `arm`, `time` [unit of the axis above] and `count`.
        arms: Arm names, control first; a row each.
        heading: What is counted.
        domain: First and last value of the axis above.
        width_px: Width of the plot above.

    >>> table = pd.DataFrame({"arm": ["Placebo"], "time": [0], "count": [27]})
    >>> strip = counts_beneath(table, arms=["Placebo"], heading="At risk", domain=(0, 24), width_px=500)
    >>> strip.to_dict()["height"]
    19
    """
    texts, names = [], []
    for index, arm in enumerate(arms):
        middle_px = (index + 0.5) * _ROW_PX
        names.append({"text": arm, "y": middle_px})
        for _, row in table[table["arm"] == arm].iterrows():
            texts.append({"time": row["time"], "text": f"{int(row['count']):,}", "y": middle_px})
    y = alt.Y("y:Q", scale=alt.Scale(domain=[_ROW_PX * len(arms), 0]), axis=None)
    x = alt.X("time:Q", scale=alt.Scale(domain=list(domain), nice=False), axis=None)
    left_px = -label_room_px(arms, heading)
    layers = [
        alt.Chart(values(texts)).mark_text(baseline="middle").encode(x=x, y=y, text="text:N"),
        alt.Chart(values(names)).mark_text(align="left", baseline="middle").encode(
            x=alt.value(left_px), y=y, text="text:N"
        ),
        alt.Chart(values([{}])).mark_text(text=heading, align="left", baseline="middle", color=style.MUTED).encode(
            x=alt.value(left_px), y=alt.value(-12)
        ),
    ]  # fmt: skip
    return alt.layer(*layers).properties(width=width_px, height=_ROW_PX * len(arms))


def label_room_px(arms: Sequence[str], heading: str) -> float:
    """Return the room that the strip's labels need left of the plot, clear of the first count.

    >>> label_room_px(["A"], "At risk") > 40
    True
    """
    widest = max(text_width_px(text, style.TEXT_PX) for text in (*arms, heading))
    return widest + 20
