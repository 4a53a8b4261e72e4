"""Upset plot: how often each combination of reasons occurs, and how often each reason does."""

from __future__ import annotations

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.text_columns import TextColumn, cell, middles, write
from calor.report.tidy import require, values

_ROW_PX = 26.0
_COLUMN_PX = 30.0
_BARS_PX = 150
_TOTALS_PX = 90.0
_LABEL_MOST_PX = 200.0
_MOST = 14


def upset(sets: pd.DataFrame, *, labels: dict[str, str], name: str, title: str, caption: str) -> Figure:
    """Draw the commonest combinations as columns of dots, with their counts above and each reason's total beside.

    Args:
        sets: One row per combination: a boolean column for each reason, and `candidates`, how many have exactly it.
        labels: What each reason is called; reasons are drawn in this order.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath; how many combinations are not drawn is added.

    Raises:
        ReportError: A column is missing or there is no combination.

    >>> sets = pd.DataFrame({"age": [True, False], "ldl": [True, True], "candidates": [3, 9]})
    >>> upset(sets, labels={"age": "Age", "ldl": "LDL"}, name="reasons", title="LDL leads.", caption="n = 12.").name
    'reasons'
    """
    sets = require(sets, [*labels, "candidates"], where=name)
    totals = {key: int(sets.loc[sets[key].astype(bool), "candidates"].sum()) for key in labels}
    totals = {key: n for key, n in totals.items() if n}
    if not totals:
        fix = "Leave the figure out where nobody fails."
        raise ReportError.must("sets", "hold a combination of reasons", "none", where=name, fix=fix)
    sets = sets.sort_values("candidates", ascending=False, kind="stable", ignore_index=True)
    rest = sets[_MOST:]
    if len(rest):
        caption = f"{caption} Not drawn: {len(rest)} rarer combinations, {int(rest['candidates'].sum()):,} candidates."
    names = TextColumn("", tuple(cell(labels[key], _LABEL_MOST_PX) for key in totals))
    middles_px, height_px = middles([names], _ROW_PX)
    at = dict(zip(totals, middles_px, strict=True))
    drawn = sets[:_MOST]
    width_px = style.PLOT_WIDTH_PX - names.width_px - _TOTALS_PX - 50
    step_px = min(_COLUMN_PX + 16, width_px / len(drawn))
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, width_px], nice=False, padding=0), axis=None)
    above = alt.LayerChart(layer=_columns(drawn, step_px, x)).properties(width=width_px, height=_BARS_PX)
    below = alt.LayerChart(layer=_dots(drawn, at, names, step_px, x, height_px, width_px, totals))
    chart = alt.vconcat(above, below.properties(width=width_px, height=height_px), spacing=8)
    return draw(chart, name=name, title=title, caption=caption)


def _columns(drawn: pd.DataFrame, step_px: float, x: alt.X) -> list[alt.Chart]:
    """Draw how many have each combination."""
    rows = alt.Chart(
        values(
            {"x": (i + 0.5) * step_px, "n": int(n), "text": f"{int(n):,}"} for i, n in enumerate(drawn["candidates"])
        )
    )
    y = alt.Y("n:Q", scale=alt.Scale(zero=True), axis=None)
    return [
        rows.mark_bar(color=style.SLATE, size=min(18.0, step_px * 0.6)).encode(x=x, y=y),
        rows.mark_text(baseline="bottom", dy=-3, fontSize=11).encode(x=x, y=y, text="text:N"),
    ]


def _dots(
    drawn: pd.DataFrame,
    at: dict[str, float],
    names: TextColumn,
    step_px: float,
    x: alt.X,
    height_px: float,
    width_px: float,
    totals: dict[str, int],
) -> list[alt.Chart]:
    """Draw which reasons each combination holds, and beside each reason its name and total."""
    y = alt.Y("y:Q", scale=alt.Scale(domain=[height_px, 0], nice=False), axis=None)
    cells = [
        {"x": (i + 0.5) * step_px, "y": at[key], "has": bool(row[key])}
        for i, row in enumerate(drawn.to_dict("records"))
        for key in at
    ]
    joined = [
        {"x": column[0]["x"], "y": min(c["y"] for c in column), "y2": max(c["y"] for c in column)}
        for i in range(len(drawn))
        if (column := [c for c in cells if c["x"] == (i + 0.5) * step_px and c["has"]])
    ]
    empty, full = ([c for c in cells if c["has"] is has] for has in (False, True))
    layers = [
        alt.Chart(values(empty))
        .mark_point(shape="circle", filled=True, opacity=1, size=85, color=style.GRID)
        .encode(x=x, y=y),
        alt.Chart(values(joined)).mark_rule(color=style.SLATE, strokeWidth=2).encode(x=x, y=y, y2="y2:Q"),
        alt.Chart(values(full))
        .mark_point(shape="circle", filled=True, opacity=1, size=85, color=style.SLATE)
        .encode(x=x, y=y),
        *write(names, -names.width_px, list(at.values()), y),
    ]
    most = max(totals.values())
    bars = [
        {"y": at[key], "x": width_px + 14, "x2": width_px + 14 + _TOTALS_PX * 0.5 * n / most, "text": f"{n:,}"}
        for key, n in totals.items()
    ]
    beside = alt.Chart(values(bars))
    layers += [
        beside.mark_bar(color=style.HAIRLINE, size=12, clip=False).encode(x=x, x2="x2:Q", y=y),
        beside.mark_text(align="left", dx=4, fontSize=11).encode(x=alt.X("x2:Q"), y=y, text="text:N"),
    ]
    return layers
