"""Forest plot: estimates as dots with intervals, one row each, with the numbers beside them."""

from __future__ import annotations

import math
from typing import Any, Literal

import altair as alt
import numpy as np
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.lettering import text_width_px
from calor.report.number import interval
from calor.report.tidy import require, values

_ROW_PX = 25
_GAP_PX = 18
_INDENT_PX = 14


def forest(
    table: pd.DataFrame,
    *,
    name: str,
    title: str,
    caption: str,
    axis: str,
    favours: tuple[str, str] | None = None,
    log: bool = False,
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
        log: Whether the estimates are ratios, drawn on a logarithmic axis about 1 instead of 0.
        heading: What stands above the printed numbers.

    Raises:
        ReportError: A column is missing, limits do not enclose their estimate, or a ratio is negative.

    >>> table = pd.DataFrame({"label": ["All"], "estimate": [-0.171], "lower": [-0.308], "upper": [-0.034]})
    >>> forest(table, name="primary", title="TBR fell.", caption="n = 60.", axis="Difference in TBRmax").name
    'primary'
    """
    require(table, ["label", "estimate", "lower", "upper"], where=name)
    _check(table, log, name)
    rows = _rows(table, digits=2 if log else 3)
    columns = _columns(rows, heading)
    low, high = _domain(table, log)
    plot_px = max(170.0, style.FIGURE_WIDTH_PX - 2 * style.PADDING_PX - sum(c["width"] for c in columns))
    height_px = _ROW_PX * len(rows)
    layers = [*_effects(rows, axis, (low, high), log), *_texts(rows, columns, plot_px)]
    if favours:
        layers += _favours(favours, _share(1.0 if log else 0.0, low, high, log) * plot_px, height_px)
    chart = alt.layer(*layers).properties(width=plot_px, height=height_px)
    return draw(chart, name=name, title=title, caption=caption)


def _check(table: pd.DataFrame, log: bool, name: str) -> None:
    """Refuse limits that do not enclose their estimate and ratios that are none."""
    for label, estimate, lower, upper in table[["label", "estimate", "lower", "upper"]].itertuples(index=False):
        missing = [pd.isna(value) for value in (estimate, lower, upper)]
        if all(missing):
            continue
        if any(missing) or not lower <= estimate <= upper or math.isinf(estimate):
            raise ReportError.must(
                "lower, estimate, upper", "be in this order, or all missing", (lower, estimate, upper),
                where=f"{label} in {name}", fix="Leave all three out where nothing could be estimated.",
            )  # fmt: skip
        if log and (lower < 0 or estimate <= 0):
            raise ReportError.must(
                "estimate", "be positive on a logarithmic axis", estimate, where=f"{label} in {name}",
                fix="Draw differences with `log=False`.",
            )  # fmt: skip


def _rows(table: pd.DataFrame, digits: int) -> list[dict[str, Any]]:
    """Lay the table out as drawn rows, a heading row before each group."""
    rows: list[dict[str, Any]] = []
    group = None
    for record in table.to_dict("records"):
        heading = record.get("group")
        grouped = isinstance(heading, str) and heading != ""
        p = record.get("p_interaction")
        p = "" if pd.isna(p) else str(p)
        if grouped and heading != group:
            rows.append({"label": heading, "bold": True, "indent": 0, "n": "", "numbers": "", "p": p})
        group = heading
        known = not pd.isna(record["estimate"])
        numbers = interval(record["estimate"], record["lower"], record["upper"], digits) if known else None
        rows.append(
            {
                **{key: record[key] for key in ("estimate", "lower", "upper")},
                "label": str(record["label"]),
                "bold": False,
                "indent": _INDENT_PX if grouped else 0,
                "n": "" if pd.isna(record.get("n")) else str(record["n"]),
                "numbers": numbers or str(record.get("words") or "not estimable"),
                "p": "" if grouped else p,
            }
        )
    return [{**row, "y": (index + 0.5) * _ROW_PX} for index, row in enumerate(rows)]


def _columns(rows: list[dict[str, Any]], heading: str) -> list[dict[str, Any]]:
    """Decide which text columns there are and how wide each must be."""
    columns = []
    for key, head in (("label", ""), ("n", "n"), ("numbers", heading), ("p", "Interaction p")):
        if not any(row[key] for row in rows):
            continue
        widths = [row["indent"] + text_width_px(row[key], style.TEXT_PX, bold=row["bold"]) for row in rows]
        width = max([*widths, text_width_px(head, style.TEXT_PX)]) + _GAP_PX
        columns.append({"key": key, "head": head, "width": width})
    return columns


def _domain(table: pd.DataFrame, log: bool) -> tuple[float, float]:
    """Choose the axis: every estimate and no effect, and limits unless they run far away."""
    limits = table[["lower", "upper"]].to_numpy(dtype=float).ravel()
    limits = limits[np.isfinite(limits) & ((limits > 0) | (not log))]
    points = np.append(table["estimate"].dropna().to_numpy(dtype=float), 1.0 if log else 0.0)
    if log:
        # Two further decades show all that a reader can use of a limit near 0 or infinity.
        low, high = np.log(points.min()), np.log(points.max())
        ends = np.clip(np.log(limits), low - math.log(100), high + math.log(100))
        ends = np.concatenate([ends, [low, high]])
        pad = 0.04 * max(float(np.ptp(ends)), 0.5)
        return float(np.exp(ends.min() - pad)), float(np.exp(ends.max() + pad))
    ends = np.concatenate([limits, points])
    pad = 0.06 * (float(np.ptp(ends)) or 1.0)
    return float(ends.min() - pad), float(ends.max() + pad)


def _share(value: float, low: float, high: float, log: bool) -> float:
    """Return where a value lies on the axis, 0 to 1."""
    if log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)


def _effects(rows: list[dict[str, Any]], axis: str, domain: tuple[float, float], log: bool) -> list[alt.Chart]:
    """Draw the no-effect line, the intervals and the dots."""
    low, high = domain
    marks = [
        {
            "y": row["y"],
            "estimate": row["estimate"],
            "from": max(row["lower"], low),
            "to": min(row["upper"], high),
            "cut_low": row["lower"] < low,
            "cut_high": row["upper"] > high,
        }
        for row in rows
        if not pd.isna(row.get("estimate"))
    ]
    height_px = _ROW_PX * len(rows)
    scale = alt.Scale(domain=[low, high], nice=False, type="log" if log else "linear")
    ticks = alt.Axis(title=axis, tickCount=6, grid=False, format="~g" if log else "~f", orient="bottom")
    x = alt.X("estimate:Q", scale=scale, axis=ticks)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[height_px, 0]), axis=None)
    base = alt.Chart(values(marks))
    none = alt.Chart(values([{"estimate": 1.0 if log else 0.0}]))
    layers = [
        none.mark_rule(color=style.MUTED, strokeDash=[3, 3]).encode(x=x, y=alt.value(-4), y2=alt.value(height_px)),
        base.mark_rule(strokeWidth=1.6).encode(x=alt.X("from:Q", scale=scale, axis=ticks), x2="to:Q", y=y),
        base.mark_point(shape="circle", filled=True, color=style.INK, size=70, opacity=1).encode(x=x, y=y),
    ]
    for cut, end, shape in (("cut_low", "from", "triangle-left"), ("cut_high", "to", "triangle-right")):
        arrows = [mark for mark in marks if mark[cut]]
        if arrows:
            arrow = alt.Chart(values(arrows)).mark_point(shape=shape, filled=True, color=style.INK, size=40, opacity=1)
            layers.append(arrow.encode(x=alt.X(f"{end}:Q", scale=scale, axis=ticks), y=y))
    return layers


def _texts(rows: list[dict[str, Any]], columns: list[dict[str, Any]], plot_px: float) -> list[alt.Chart]:
    """Write the columns: label and n left of the plot, numbers and p right of it."""
    left = [column for column in columns if column["key"] in ("label", "n")]
    right = [column for column in columns if column["key"] in ("numbers", "p")]
    layers = []
    for side, start_px in ((left, -sum(c["width"] for c in left)), (right, plot_px + _GAP_PX)):
        x_px = start_px
        for column in side:
            layers += _column(rows, column, x_px)
            x_px += column["width"]
    return layers


def _column(rows: list[dict[str, Any]], column: dict[str, Any], x_px: float) -> list[alt.Chart]:
    """Write one column of text and its head; n stands right-aligned, all else left-aligned."""
    right = column["key"] == "n"
    edge_px = x_px + column["width"] - _GAP_PX if right else x_px
    align: Literal["left", "right"] = "right" if right else "left"
    layers = []
    for bold in (False, True):
        for indent_px in (0, _INDENT_PX):
            texts = [
                {"y": r["y"], "text": r[column["key"]]} for r in rows
                if r["bold"] == bold and r["indent"] == indent_px and r[column["key"]]
            ]  # fmt: skip
            if texts:
                shift_px = indent_px if column["key"] == "label" else 0
                mark = alt.Chart(values(texts)).mark_text(
                    align=align, baseline="middle", fontWeight="bold" if bold and column["key"] == "label" else "normal"
                )
                layers.append(mark.encode(x=alt.value(edge_px + shift_px), y="y:Q", text="text:N"))
    if column["head"]:
        head = alt.Chart(values([{}])).mark_text(text=column["head"], align=align, baseline="middle", color=style.MUTED)
        layers.append(head.encode(x=alt.value(edge_px), y=alt.value(-14)))
    return layers


def _favours(favours: tuple[str, str], null_px: float, height_px: float) -> list[alt.Chart]:
    """Write what each side of no effect means, beneath the axis title."""
    layers = []
    sides: tuple[tuple[str, Literal["left", "right"], int], ...] = (
        (f"← {favours[0]}", "right", -10),
        (f"{favours[1]} →", "left", 10),
    )
    for text, align, shift_px in sides:
        mark = alt.Chart(values([{}])).mark_text(text=text, align=align, baseline="middle", color=style.INK)
        layers.append(mark.encode(x=alt.value(null_px + shift_px), y=alt.value(height_px + 52)))
    return layers
