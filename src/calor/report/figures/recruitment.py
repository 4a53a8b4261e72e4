"""Recruitment over time: participants randomized so far, and beside them the even pace that was planned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.tidy import values

_HEIGHT_PX = 170
_RIGHT_PX = 110.0
_WIDTH_PX = style.PLOT_WIDTH_PX - _RIGHT_PX


def recruitment(
    randomized: Sequence[date], *, planned: tuple[date, date, int], today: date, name: str, title: str, caption: str
) -> Figure:
    """Draw how many were randomized by each day against the plan.

    Args:
        randomized: The day of each randomization, in any order.
        planned: First and last day of the planned recruitment and how many are to be randomized by then.
        today: The last day of what is known.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.

    Raises:
        ReportError: The plan ends before it begins, or somebody was randomized before it or after today.

    Example:
        >>> plan = (date(2026, 7, 1), date(2027, 6, 30), 60)
        >>> days = [date(2026, 7, 9), date(2026, 8, 2)]
        >>> recruitment(days, planned=plan, today=date(2026, 9, 1), name="r", title="Two of 60.", caption="Plan.").name
        'r'
    """
    first, last, total = planned
    if last <= first:
        raise ReportError.must(
            "planned", f"end after {first}", last, where=name, fix="Give the first day, then the last."
        )
    outside = [day for day in randomized if not first <= day <= today]
    if outside:
        raise ReportError.must(
            "randomized", f"lie between {first} and {today}", f"{len(outside)} that do not", where=name,
            fix="Begin the plan with the first day on which anybody could be randomized.",
        )  # fmt: skip
    days = sorted(randomized)
    steps = [(first, 0), *((day, count) for count, day in enumerate(days, 1)), (today, len(days))]
    so_far = pd.DataFrame(steps, columns=["day", "count"]).groupby("day", sort=True)["count"].max().reset_index()
    pace = pd.DataFrame([(first, 0), (last, total)], columns=["day", "count"])
    x = alt.X(
        "day:T",
        scale=alt.Scale(type="utc", domain=[str(first), str(max(last, today) + timedelta(days=1))]),
        axis=alt.Axis(title=None, format="%b %Y", tickCount=6, labelFlush=True),
    )
    y = alt.Y(
        "count:Q",
        scale=alt.Scale(domain=[0, max(total, len(days))], nice=False),
        axis=alt.Axis(title="Randomized", tickCount=4, format="~f"),
    )
    layers = [
        _line(pace).mark_line(color=style.MUTED, strokeDash=[4, 4], strokeWidth=1.4).encode(x=x, y=y),
        _line(so_far).mark_line(color=style.INK, strokeWidth=2.4, interpolate="step-after").encode(x=x, y=y),
        _named(pace.tail(1), f"plan: {total}", style.MUTED, x, y),
        _named(so_far.tail(1), f"{len(days)} so far", style.INK, x, y),
    ]
    chart = alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_HEIGHT_PX)
    return draw(chart, name=name, title=title, caption=caption)


def _line(table: pd.DataFrame) -> alt.Chart:
    return alt.Chart(values(table.assign(day=table["day"].map(str))))


def _named(end: pd.DataFrame, words: str, color: str, x: alt.X, y: alt.Y) -> alt.Chart:
    """Draw the words at the end of a line."""
    text = _line(end).mark_text(text=words, align="left", baseline="middle", dx=7, color=color, fontWeight=600)
    chart: alt.Chart = text.encode(x=x, y=y)
    return chart
