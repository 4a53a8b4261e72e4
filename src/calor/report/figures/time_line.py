"""Time line of one participant: each biomarker's course, and beneath it scans, visits and events on the same days."""

from __future__ import annotations

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.tidy import numbers, require, values

_LEFT_PX = 96.0
_WIDTH_PX = style.PLOT_WIDTH_PX - _LEFT_PX
_COURSE_PX, _ROW_PX, _GAP_PX = 64, 21, 30


def time_line(
    course: pd.DataFrame, spans: pd.DataFrame, *, days: tuple[int, int], name: str, title: str, caption: str
) -> Figure:
    """Draw one participant's biomarkers and events.

    Args:
        course: One row per value: `label` (analyte with unit), `day`, `value`, `below` (below the limit of detection,
            where `value` is the limit).
        spans: One row per visit, scan or event: `row` (which line it stands on), `label`, `first` and `last` day.
        days: First and last study day of the axis.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.

    Raises:
        ReportError: A column is missing, there is nothing to draw, or a value is no number.

    >>> course = pd.DataFrame({"label": ["hs-CRP (mg/L)"] * 2, "day": [-3, 1], "value": [9.1, 0.2],
    ...                        "below": [False, True]})
    >>> spans = pd.DataFrame({"row": ["Events"], "label": ["Fever"], "first": [4], "last": [6]})
    >>> time_line(course, spans, days=(-14, 61), name="line", title="One participant.", caption="n = 1.").name
    'line'
    """
    course = numbers(require(course, ["label", "day", "value", "below"], where=name), ["day", "value"], where=name)
    x = alt.X("day:Q", scale=alt.Scale(domain=list(days), nice=False), axis=None)
    panels = [_course(course[course["label"] == label], label, x) for label in dict.fromkeys(course["label"])]
    spans = require(spans, ["row", "label", "first", "last"], where=name)
    chart = alt.vconcat(*panels, _spans(numbers(spans, ["first", "last"], where=name), days), spacing=_GAP_PX)
    return draw(chart, name=name, title=title, caption=caption)


def _course(rows: pd.DataFrame, label: str, x: alt.X) -> alt.LayerChart:
    """Draw one analyte: a line through its values, hollow where below the limit of detection."""
    low, high = min(0.0, float(rows["value"].min())), float(rows["value"].max()) * 1.15 or 1.0
    axis = alt.Axis(title=None, tickCount=3, format=".6~g", minExtent=46, maxExtent=46)
    y = alt.Y("value:Q", scale=alt.Scale(domain=[low, high], nice=False), axis=axis)
    drawn = alt.Chart(values(rows.sort_values("day")))
    layers = [
        alt.Chart(values([{}])).mark_text(text=label, align="left", baseline="bottom", color=style.INK).encode(
            x=alt.value(0), y=alt.value(-8)),
        alt.Chart(values([{"day": 1}])).mark_rule(color=style.HAIRLINE).encode(x=x),
        drawn.mark_line(color=style.MUTED, strokeWidth=1.4).encode(x=x, y=y),
    ]  # fmt: skip
    for below, fill in ((False, style.INK), (True, style.GROUND)):
        part = rows[rows["below"] == below]
        if len(part):
            points = alt.Chart(values(part)).mark_point(
                size=46, opacity=1, stroke=style.INK, fill=fill, strokeWidth=1.4
            )
            layers.append(points.encode(x=x, y=y))
    return alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_COURSE_PX)


def _spans(spans: pd.DataFrame, days: tuple[int, int]) -> alt.LayerChart:
    """Draw each visit, scan and event as a bar from its first to its last day, named beside it."""
    lines = [f"{row}/{at}" for row, at in zip(spans["row"], spans.groupby("row").cumcount(), strict=True)]
    single = spans["row"].isin([row for row, part in spans.groupby("row") if (part["label"] == "").all()])
    spans = spans.assign(
        line=[row if one else line for row, line, one in zip(spans["row"], lines, single, strict=True)]
    )
    order = list(dict.fromkeys(spans["line"]))
    heads = spans.drop_duplicates("row")[["row", "line"]]
    y = alt.Y("line:N", sort=order, axis=None)
    x = alt.X("first:Q", scale=alt.Scale(domain=list(days), nice=False), axis=alt.Axis(title="Study day", format="~f"))
    drawn = alt.Chart(values(spans))
    late = spans["first"] > days[0] + 0.6 * (days[1] - days[0])
    layers = [
        alt.Chart(values([{"first": 1}])).mark_rule(color=style.HAIRLINE).encode(x=x),
        drawn.mark_rule(color=style.INK, strokeWidth=5).encode(x=x, x2="last:Q", y=y),
        drawn.mark_point(color=style.INK, filled=True, size=40, opacity=1).encode(x=x, y=y),
        alt.Chart(values(heads)).mark_text(align="right", baseline="middle", color=style.MUTED, dx=-10).encode(
            x=alt.value(0), y=y, text="row:N"),
    ]  # fmt: skip
    for column, part, dx in (("last", spans[~late], 9), ("first", spans[late], -9)):
        if len(part):
            words = alt.Chart(values(part)).mark_text(
                align="left" if dx > 0 else "right", baseline="middle", dx=dx, color=style.INK
            )
            layers.append(words.encode(x=alt.X(f"{column}:Q", scale=alt.Scale(domain=list(days))), y=y, text="label:N"))
    return alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_ROW_PX * len(order))
