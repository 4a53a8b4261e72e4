"""Course figure: a biomarker over the visits, mean or median with interval, by arm."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.counts_beneath import counts_beneath, label_room_px
from calor.report.figures.legend import legend
from calor.report.figures.ticks import log_ticks, roomy
from calor.report.lettering import wrap
from calor.report.tidy import numbers, require, require_arms, require_once, require_order, values

_HEIGHT_PX = 280
_HEADING = "Measured"
_DODGE_PX = 7


def course(
    table: pd.DataFrame,
    *,
    arms: Sequence[str],
    name: str,
    title: str,
    caption: str,
    axes: tuple[str, str],
    log: bool = False,
) -> Figure:
    """Draw a biomarker's course, with the number measured beneath each visit.

    Args:
        table: One row per arm and visit, with columns `arm`, `time` [unit of the axis], `estimate`, `lower`, `upper`
            and `n` (participants measured).
        arms: Arm names, control first.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: which summary and interval, n, estimand.
        axes: Titles of the horizontal and the vertical axis, with unit.
        log: Whether the vertical axis is logarithmic.

    Raises:
        ReportError: A column or an arm is missing, a value is not finite, or not positive on a logarithmic axis.

    >>> table = pd.DataFrame({"arm": "Placebo", "time": [0, 5], "estimate": [3.0, 2.5], "lower": [2.0, 1.8],
    ...                       "upper": [4.0, 3.4], "n": [31, 30]})
    >>> axes = ("Days from randomization", "hs-CRP (mg/L)")
    >>> course(table, arms=["Placebo"], name="crp", title="hs-CRP fell.", caption="Median.", axes=axes).name
    'crp'
    """
    table = require(table, ["arm", "time", "estimate", "lower", "upper", "n"], where=name)
    require_arms(table, arms, where=name)
    table = numbers(table, ["time", "estimate", "lower", "upper", "n"], where=name)
    require_once(table, ["arm", "time"], where=name)
    require_order(table, ("lower", "estimate", "upper"), where=name)
    if log and table["lower"].min() <= 0:
        raise ReportError.must(
            "lower", "be positive on a logarithmic axis", table["lower"].min(), where=name,
            fix="Draw it with `log=False`.",
        )  # fmt: skip
    first, last = float(table["time"].min()), float(table["time"].max())
    edge = 0.03 * (last - first or 1.0)
    domain = (first - edge, last + edge)
    width_px = style.PLOT_WIDTH_PX - label_room_px(arms, _HEADING) - 14
    # A visit without room for its number keeps its dots and gives up its label.
    shown = roomy(table["time"], table["n"], domain, width_px)
    ticks = alt.Axis(title=wrap(axes[0], width_px, style.TEXT_PX), values=shown, format="~f", labelOverlap=False)
    x = alt.X("time:Q", scale=alt.Scale(domain=list(domain), nice=False), axis=ticks)
    layers = [
        *_lines(table, arms, x, _vertical(table, wrap(axes[1], _HEIGHT_PX, style.TEXT_PX), log)),
        *legend(arms, width_px),
    ]
    plot = alt.LayerChart(layer=layers).properties(width=width_px, height=_HEIGHT_PX)
    counts = table[table["time"].isin(shown)].rename(columns={"n": "count"})
    strip = counts_beneath(counts, arms=arms, heading=_HEADING, domain=domain, width_px=width_px)
    return draw(alt.vconcat(plot, strip, spacing=26), name=name, title=title, caption=caption)


def _vertical(table: pd.DataFrame, title: list[str], log: bool) -> alt.Y:
    """Return the vertical channel, its axis covering every interval."""
    low, high = float(table["lower"].min()), float(table["upper"].max())
    if log:
        low, high = low * 0.85, high * 1.15
        axis = alt.Axis(title=title, format="~g", values=log_ticks(low, high))
        return alt.Y("estimate:Q", scale=alt.Scale(type="log", domain=[low, high], nice=False), axis=axis)
    scale = alt.Scale(domain=[low, high], nice=True, zero=False)
    return alt.Y("estimate:Q", scale=scale, axis=alt.Axis(title=title, tickCount=6))


def _lines(table: pd.DataFrame, arms: Sequence[str], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Draw line, intervals and dots of every arm, the arms side by side at each visit."""
    layers = []
    for index, (arm, look) in enumerate(style.arm_styles(arms).items()):
        shift_px = (index - (len(arms) - 1) / 2) * _DODGE_PX
        rows = alt.Chart(values(table[table["arm"] == arm].sort_values("time")))
        layers += [
            rows.mark_line(color=look.color, strokeWidth=1.8, strokeDash=list(look.dash), xOffset=shift_px).encode(
                x=x, y=y
            ),
            rows.mark_rule(color=look.color, strokeWidth=1.6, xOffset=shift_px).encode(
                x=x, y=alt.Y("lower:Q"), y2="upper:Q"
            ),
            rows.mark_point(
                shape=look.shape, filled=True, color=look.color, size=80, opacity=1, xOffset=shift_px
            ).encode(x=x, y=y),
        ]
    return layers
