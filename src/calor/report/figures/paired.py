"""Paired figure: every participant's value before and after, by arm, with the arm's mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.lettering import wrap
from calor.report.number import number
from calor.report.tidy import numbers, require, require_arms, require_once, values

_HEIGHT_PX = 330
_AXIS_PX = 62
_GAP_PX = 26
_LINE_PX = 17
_EDGE = 0.34


def paired(
    table: pd.DataFrame,
    means: pd.DataFrame,
    *,
    arms: Sequence[str],
    name: str,
    title: str,
    caption: str,
    axis: str,
    visits: tuple[str, str] = ("Baseline", "Follow-up"),
) -> Figure:
    """Draw one line per participant from baseline to follow-up, a panel per arm.

    Args:
        table: One row per participant, with columns `arm`, `baseline` and `followup` [unit of the axis]; a follow-up
            that could not be graded is missing; it is drawn as an open dot at baseline and counted in words.
        means: One row per arm, with columns `arm`, `baseline` and `followup`: the mean line.
        arms: Arm names, control first.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.
        axis: Title of the vertical axis, with unit.
        visits: What the two visits are called.

    Raises:
        ReportError: A column or an arm is missing, or a baseline or a mean is not finite.

    >>> table = pd.DataFrame({"arm": ["Placebo"], "baseline": [2.4], "followup": [2.3]})
    >>> paired(table, table, arms=["Placebo"], name="tbr", title="TBR fell.", caption="n = 1.", axis="TBRmax").name
    'tbr'
    """
    table = require(table, ["arm", "baseline", "followup"], where=name)
    means = require(means, ["arm", "baseline", "followup"], where=name)
    table = numbers(numbers(table, ["baseline"], where=name), ["followup"], where=name, gaps=True)
    means = numbers(means, ["baseline", "followup"], where=name)
    require_arms(table, arms, where=name)
    require_arms(means, arms, where=name)
    require_once(means, ["arm"], where=name)
    drawn = pd.concat([table["baseline"], table["followup"].dropna()])
    pad = 0.05 * (drawn.max() - drawn.min() or 1.0)
    scale = alt.Scale(domain=[float(drawn.min() - pad), float(drawn.max() + pad)], nice=False, zero=False)
    width_px = (style.PLOT_WIDTH_PX - _AXIS_PX - _GAP_PX * (len(arms) - 1)) / len(arms)
    looks = style.arm_styles(arms)
    headings = {arm: _words(arm, table[table["arm"] == arm], width_px) for arm in arms}
    panels = []
    for index, arm in enumerate(arms):
        named = wrap(axis, _HEIGHT_PX, style.TEXT_PX) if index == 0 else None
        y = alt.Y("value:Q", scale=scale, axis=alt.Axis(title=named, labels=index == 0, tickCount=6))
        layers = _panel(table[table["arm"] == arm], means[means["arm"] == arm], looks[arm], y, visits)
        layers += _heading(headings[arm], max(map(len, headings.values())), width_px)
        panels.append(alt.LayerChart(layer=layers).properties(width=width_px, height=_HEIGHT_PX))
    return draw(alt.hconcat(*panels, spacing=_GAP_PX), name=name, title=title, caption=caption)


def _across(visits: tuple[str, str]) -> alt.X:
    """Return the horizontal channel: 0 is baseline and 1 follow-up."""
    labels = f"datum.value == 0 ? {json.dumps(visits[0])} : {json.dumps(visits[1])}"
    axis = alt.Axis(title=None, values=[0, 1], labelExpr=labels, domain=False, ticks=False)
    # Lines stand in from the panel's edge, so that the means' numbers have room beside them.
    return alt.X("at:Q", scale=alt.Scale(domain=[-_EDGE, 1 + _EDGE], nice=False), axis=axis)


def _panel(
    rows: pd.DataFrame, mean: pd.DataFrame, look: style.ArmStyle, y: alt.Y, visits: tuple[str, str]
) -> list[alt.Chart]:
    """Draw one arm: thin lines, open dots where there is no follow-up, the mean line with its numbers."""
    x = _across(visits)
    graded = rows[rows["followup"].notna()].reset_index(drop=True)
    missing = rows[rows["followup"].isna()]
    points = [
        {"who": index, "at": at, "value": value}
        for index, pair in enumerate(graded[["baseline", "followup"]].itertuples(index=False))
        for at, value in enumerate(pair)
    ]
    ends = [{"at": at, "value": float(mean[key].iloc[0])} for at, key in enumerate(("baseline", "followup"))]
    layers = [
        alt.Chart(values(points)).mark_line(color=look.color, strokeWidth=1, opacity=0.32).encode(
            x=x, y=y, detail="who:N"
        ),
        alt.Chart(values(ends)).mark_line(color=look.color, strokeWidth=3.2, strokeDash=list(look.dash)).encode(
            x=x, y=y
        ),
        alt.Chart(values(ends)).mark_point(
            shape=look.shape, filled=True, color=look.color, size=130, opacity=1, stroke=style.GROUND, strokeWidth=1.5
        ).encode(x=x, y=y),
    ]  # fmt: skip
    sides: tuple[tuple[Literal["right", "left"], int], ...] = (("right", -12), ("left", 12))
    for end, (align, shift_px) in zip(ends, sides, strict=True):
        label = number(end["value"], 2)
        text = alt.Chart(values([end])).mark_text(
            text=label, align=align, dx=shift_px, fontWeight="bold", baseline="middle"
        )
        layers.append(text.encode(x=x, y=y))
    if not missing.empty:
        open_dots = alt.Chart(values([{"at": 0, "value": value} for value in missing["baseline"]]))
        layers.append(open_dots.mark_point(shape="circle", color=look.color, size=34, opacity=1).encode(x=x, y=y))
    return layers


def _words(arm: str, rows: pd.DataFrame, width_px: float) -> list[tuple[str, bool]]:
    """Return a panel's heading, line by line, and whether each is bold: the arm, then how many there are."""
    missing = int(rows["followup"].isna().sum())
    graded = len(rows) - missing
    count = f"{graded} participant{'' if graded == 1 else 's'}" + (
        f"; {missing} more not gradable (open)" if missing else ""
    )
    bold = [(line, True) for line in wrap(arm, width_px, style.TEXT_PX, bold=True)]
    return bold + [(line, False) for line in wrap(count, width_px, style.TEXT_PX)]


def _heading(lines: Sequence[tuple[str, bool]], most: int, width_px: float) -> list[alt.Chart]:
    """Write a panel's heading above it; headings of all panels begin level."""
    layers = []
    for index, (text, bold) in enumerate(lines):
        mark = alt.Chart(values([{}])).mark_text(
            text=text, align="center", baseline="bottom", fontWeight="bold" if bold else "normal",
            color=style.INK if bold else style.MUTED,
        )  # fmt: skip
        layers.append(mark.encode(x=alt.value(width_px / 2), y=alt.value(-8 - (most - 1 - index) * _LINE_PX)))
    return layers
