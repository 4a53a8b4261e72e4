"""Forest plot: estimates as dots with intervals, one row each, with the numbers beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import altair as alt
import numpy as np
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.text_columns import GAP_PX, Cell, TextColumn, cell, middles, write
from calor.report.figures.ticks import log_ticks
from calor.report.lettering import wrap
from calor.report.number import interval, number, ratio
from calor.report.tidy import numbers, require, require_order, values

_NUMBERS = ("estimate", "lower", "upper")
_ROW_PX = 25.0
_INDENT_PX = 14.0
_LABEL_MOST_PX = 220.0
_PLOT_LEAST_PX = 170.0
_TITLE_OVERHANG_PX = 60.0
_EMPTY = Cell(("",))

Scale = Literal["difference", "ratio", "value"]


@dataclass(frozen=True)
class _Row:
    """One drawn row: its text, and its estimate with limits where there is one."""

    label: Cell
    n: Cell = _EMPTY
    numbers: Cell = _EMPTY
    p: Cell = _EMPTY
    effect: tuple[float, ...] | None = None


def forest(
    table: pd.DataFrame,
    *,
    name: str,
    title: str,
    caption: str,
    axis: str,
    favours: tuple[str, str] | None = None,
    scale: Scale = "difference",
    heading: str = "Estimate (95 % CI)",
) -> Figure:
    """Draw a forest plot.

    Args:
        table: One row per estimate, top to bottom, with columns
            `label` (subgroup or endpoint), `estimate`, `lower`, `upper` (limits may be infinite; all three missing
            where nothing could be estimated), and, where wanted,
            `group` (a heading above the rows that share it), `n` (participants, or events / participants as text),
            `p_interaction` (text, printed on the group's heading or, without groups, on the row),
            `words` (what to print where nothing could be estimated; "not estimable" by default).
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.
        axis: The axis title, with unit.
        favours: What a value below and above no effect means, such as ("aldesleukin better", "placebo better").
        scale: Differences about 0, ratios on a logarithmic axis about 1, or values with no line of no effect.
        heading: What stands above the printed numbers.

    Raises:
        ReportError: A column is missing, limits do not enclose their estimate, or a ratio is negative.

    >>> table = pd.DataFrame({"label": ["All"], "estimate": [-0.171], "lower": [-0.308], "upper": [-0.034]})
    >>> forest(table, name="primary", title="TBR fell.", caption="n = 60.", axis="Difference in TBRmax").name
    'primary'
    """
    table = require(table, ["label", *_NUMBERS], where=name, wanted=["group", "n", "p_interaction", "words"])
    table = numbers(table, _NUMBERS, where=name, gaps=True, endless=True)
    require_order(table, ("lower", "estimate", "upper"), where=name)
    log = scale == "ratio"
    _check(table, log, name)
    rows = _rows(table, log)
    columns = _columns(rows, heading)
    left = [columns[key] for key in ("label", "n") if key in columns]
    right = [columns[key] for key in ("numbers", "p") if key in columns]
    middles_px, height_px = middles([*left, *right], _ROW_PX)
    text_px = sum(column.width_px for column in (*left, *right))
    plot_px = max(_PLOT_LEAST_PX, style.PLOT_WIDTH_PX - text_px)
    domain = _domain(table, scale)
    named = wrap(axis, plot_px + 2 * _TITLE_OVERHANG_PX, style.TEXT_PX)
    x, y = _axes(named, domain, (plot_px, height_px), log)
    line = [] if scale == "value" else [_no_effect(x, log, height_px)]
    layers = [*line, *_effects(rows, middles_px, (x, y), domain)]
    for side, start_px in ((left, -sum(column.width_px for column in left)), (right, plot_px + GAP_PX)):
        for index, column in enumerate(side):
            layers += write(column, start_px + sum(before.width_px for before in side[:index]), middles_px, y)
    if favours:
        layers += _favours(
            favours, _share(1.0 if log else 0.0, domain, log) * plot_px, height_px + 40 + 15 * len(named)
        )
    chart = alt.LayerChart(layer=layers).properties(width=plot_px, height=height_px)
    return draw(chart, name=name, title=title, caption=caption)


def _check(table: pd.DataFrame, log: bool, name: str) -> None:
    """Refuse an estimate without its limits, and ratios that are none."""
    for label, estimate, lower, upper in table[["label", *_NUMBERS]].itertuples(index=False):
        missing = [math.isnan(value) for value in (estimate, lower, upper)]
        if all(missing):
            continue
        if any(missing) or math.isinf(estimate):
            raise ReportError.must(
                "estimate, lower, upper", "be there, or all three missing", (estimate, lower, upper),
                where=f"{label} in {name}", fix="Leave all three out where nothing could be estimated.",
            )  # fmt: skip
        if log and (lower < 0 or estimate <= 0):
            raise ReportError.must(
                "estimate", "be positive on a logarithmic axis", estimate, where=f"{label} in {name}",
                fix='Draw differences with scale="difference".',
            )  # fmt: skip


def _rows(table: pd.DataFrame, log: bool) -> list[_Row]:
    """Lay the table out as rows, a heading row before each group."""
    rows: list[_Row] = []
    group = None
    for record in table.to_dict("records"):
        heading = record.get("group")
        grouped = isinstance(heading, str) and heading != ""
        p = cell(record.get("p_interaction"))
        if grouped and heading != group:
            rows.append(_Row(cell(heading, _LABEL_MOST_PX, bold=True), p=p))
        group = heading
        label = cell(record["label"], _LABEL_MOST_PX, indent_px=_INDENT_PX if grouped else 0.0)
        effect = tuple(record[key] for key in _NUMBERS)
        known = not math.isnan(effect[0])
        words = record.get("words")
        printed = words if isinstance(words, str) and words else "not estimable"
        if known:
            printed = interval(*(ratio(value) if log else number(value, 3) for value in effect))
        rows.append(
            _Row(label, cell(record.get("n")), cell(printed), _EMPTY if grouped else p, effect if known else None)
        )
    return rows


def _columns(rows: list[_Row], heading: str) -> dict[str, TextColumn]:
    """Return the text columns that have something to say."""
    columns = {
        "label": TextColumn("", tuple(row.label for row in rows)),
        "n": TextColumn("n", tuple(row.n for row in rows), "right"),
        "numbers": TextColumn(heading, tuple(row.numbers for row in rows)),
        "p": TextColumn("Interaction p", tuple(row.p for row in rows)),
    }
    return {key: column for key, column in columns.items() if any(any(c.lines) for c in column.cells)}


def _domain(table: pd.DataFrame, scale: Scale) -> tuple[float, float]:
    """Choose the axis: every estimate, no effect, and the limits unless they run far away."""
    log = scale == "ratio"
    points = table["estimate"].dropna().to_numpy()
    if scale != "value" or not len(points):
        points = np.append(points, 1.0 if log else 0.0)
    limits = table[["lower", "upper"]].to_numpy().ravel()
    limits = limits[np.isfinite(limits) & ((limits > 0) | (not log))]
    if log:
        points, limits = np.log(points), np.log(limits)
        # Two further decades show all that a reader can use of a limit near 0 or infinity.
        limits = np.clip(limits, points.min() - math.log(100), points.max() + math.log(100))
    ends = np.concatenate([limits, points])
    pad = 0.06 * (float(np.ptp(ends)) or 1.0)
    low, high = float(ends.min()) - pad, float(ends.max()) + pad
    return (math.exp(low), math.exp(high)) if log else (low, high)


def _share(value: float, domain: tuple[float, float], log: bool) -> float:
    """Return where a value lies on the axis, 0 to 1."""
    low, high = domain
    return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)


def _axes(
    named: list[str], domain: tuple[float, float], size_px: tuple[float, float], log: bool
) -> tuple[alt.X, alt.Y]:
    """Return the horizontal channel in the estimates' unit and the vertical one in pixels."""
    ticks = (
        {"values": log_ticks(*domain), "format": "~g"} if log else {"tickCount": int(size_px[0] // 55), "format": ",~f"}
    )
    scale = alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")
    x = alt.X("estimate:Q", scale=scale, axis=alt.Axis(title=named, grid=False, **ticks))
    return x, alt.Y("y:Q", scale=alt.Scale(domain=[size_px[1], 0], nice=False), axis=None)


def _no_effect(x: alt.X, log: bool, height_px: float) -> alt.Chart:
    """Draw the line of no effect."""
    line = alt.Chart(values([{"estimate": 1.0 if log else 0.0}])).mark_rule(color=style.MUTED, strokeDash=[3, 3])
    drawn: alt.Chart = line.encode(x=x, y=alt.value(0), y2=alt.value(height_px))
    return drawn


def _effects(
    rows: list[_Row], middles_px: list[float], axes: tuple[alt.X, alt.Y], domain: tuple[float, float]
) -> list[alt.Chart]:
    """Draw the intervals and the dots; an arrow where an interval runs beyond the axis."""
    low, high = domain
    marks = []
    arrows = []
    for row, middle_px in zip(rows, middles_px, strict=True):
        if row.effect is None:
            continue
        estimate, lower, upper = row.effect
        marks.append({"y": middle_px, "estimate": estimate, "from": max(lower, low), "to": min(upper, high)})
        arrows += [{"y": middle_px, "estimate": low, "shape": "triangle-left"}] if lower < low else []
        arrows += [{"y": middle_px, "estimate": high, "shape": "triangle-right"}] if upper > high else []
    x, y = axes
    base = alt.Chart(values(marks))
    layers = [
        base.mark_rule(strokeWidth=1.6).encode(x="from:Q", x2="to:Q", y=y),
        base.mark_point(shape="circle", filled=True, color=style.INK, size=70, opacity=1).encode(x=x, y=y),
    ]
    if arrows:
        heads = alt.Chart(values(arrows)).mark_point(filled=True, color=style.INK, size=40, opacity=1)
        layers.append(heads.encode(x=x, y=y, shape=alt.Shape("shape:N", scale=None)))
    return layers


def _favours(favours: tuple[str, str], null_px: float, level_px: float) -> list[alt.Chart]:
    """Write what each side of no effect means, beneath the axis title."""
    sides: tuple[tuple[str, Literal["left", "right"], float], ...] = (
        (f"← {favours[0]}", "right", null_px - 10),
        (f"{favours[1]} →", "left", null_px + 10),
    )
    empty = alt.Chart(values([{}]))
    return [
        empty.mark_text(text=text, align=align, baseline="middle").encode(x=alt.value(edge_px), y=alt.value(level_px))
        for text, align, edge_px in sides
    ]
