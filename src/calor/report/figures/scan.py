"""Scan figure: index vessel and background fused at two visits, what was measured outlined, TBR along the vessel."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.tidy import numbers, require, require_once, values

_AXIS_PX = 46.0
_WIDTH_PX = style.PLOT_WIDTH_PX - _AXIS_PX
_GAP_PX = 10.0
_LABEL_PX = 20.0
_PROFILE_PX = 170
_SCALE_MM = 20
OUTLINE = "#5eeaff"
"""The one color that neither CT nor heat has."""


def scan(
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    *,
    threshold: float,
    name: str,
    title: str,
    caption: str,
) -> Figure:
    """Draw one participant's scans.

    Args:
        tables: Pictures, in order (`label`, `png` in base64, `field_mm`); their outlines in mm from the middle
            (`label`, `kind`: "outline" or "others", `x1`, `y1`, `x2`, `y2`); and TBRmax along the vessel (`visit`,
            `mm`, `tbr_max`, `frozen`: whether the slice was active at baseline).
        threshold: TBRmax from which a slice is active.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.

    Raises:
        ReportError: A column is missing, or a value is no number.

    >>> pictures = pd.DataFrame({"label": ["Baseline"], "png": ["iVBORw0KGgo="], "field_mm": [120.0]})
    >>> edges = pd.DataFrame({"label": ["Baseline"], "kind": ["outline"], "x1": [0], "y1": [0], "x2": [2], "y2": [0]})
    >>> along = pd.DataFrame({"visit": ["Baseline"] * 2, "mm": [0, 3], "tbr_max": [2.1, 1.4], "frozen": [True, False]})
    >>> scan((pictures, edges, along), threshold=2.0, name="scan-1", title="It glows.", caption="n = 1.").name
    'scan-1'
    """
    pictures = numbers(require(tables[0], ["label", "png", "field_mm"], where=name), ["field_mm"], where=name)
    require_once(pictures, ["label"], where=name)
    edges = tables[1]
    along = require(tables[2], ["visit", "mm", "tbr_max", "frozen"], where=name)
    along = numbers(along, ["mm", "tbr_max"], where=name)
    chart = alt.vconcat(_pictures(pictures, edges), _profile(along, threshold), spacing=34)
    return draw(chart, name=name, title=title, caption=caption)


def _pictures(pictures: pd.DataFrame, edges: pd.DataFrame) -> alt.LayerChart:
    """Draw the pictures side by side in pixels, each with its outlines and a scale."""
    side_px = (_WIDTH_PX - _GAP_PX * (len(pictures) - 1)) / max(len(pictures), 4)
    height_px = side_px + _LABEL_PX
    layers: list[alt.Chart] = []
    for at, row in enumerate(pictures.to_dict("records")):
        left_px, per_mm = at * (side_px + _GAP_PX), side_px / row["field_mm"]
        middle = (left_px + side_px / 2, _LABEL_PX + side_px / 2)
        place = {"url": f"data:image/png;base64,{row['png']}", "x": middle[0], "y": middle[1]}
        layers.append(alt.Chart(values([place])).mark_image(width=side_px, height=side_px).encode(
            x=_across(), y=_down(height_px), url="url:N"))  # fmt: skip
        layers.append(alt.Chart(values([{"x": left_px, "y": 0.0}])).mark_text(
            text=row["label"], align="left", baseline="top").encode(x=_across(), y=_down(height_px)))  # fmt: skip
        mine = edges[edges["label"] == row["label"]]
        for kind, color, width in (("others", style.GROUND, 0.8), ("outline", OUTLINE, 1.5)):
            lines = [
                {"x": middle[0] + e["x1"] * per_mm, "y": middle[1] + e["y1"] * per_mm,
                 "x2": middle[0] + e["x2"] * per_mm, "y2": middle[1] + e["y2"] * per_mm}
                for e in mine[mine["kind"] == kind].to_dict("records")
            ]  # fmt: skip
            if lines:
                layers.append(_rules(lines, height_px).mark_rule(color=color, strokeWidth=width, strokeCap="square"))
        if at == 0:
            bottom_px = height_px - 10
            bar = {"x": left_px + 8, "x2": left_px + 8 + _SCALE_MM * per_mm, "y": bottom_px, "y2": bottom_px}
            layers.append(_rules([bar], height_px).mark_rule(color=style.GROUND, strokeWidth=2))
            words = alt.Chart(values([{"x": bar["x"], "y": bottom_px - 5}]))
            layers.append(words.mark_text(text=f"{_SCALE_MM} mm", align="left", baseline="bottom", color=style.GROUND
                                          ).encode(x=_across(), y=_down(height_px)))  # fmt: skip
    return alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=height_px)


def _rules(lines: Sequence[dict[str, float]], height_px: float) -> alt.Chart:
    return alt.Chart(values(lines)).encode(x=_across(), y=_down(height_px), x2="x2:Q", y2="y2:Q")


def _across() -> alt.X:
    return alt.X("x:Q", scale=alt.Scale(domain=[0, _WIDTH_PX], nice=False), axis=None)


def _down(height_px: float) -> alt.Y:
    return alt.Y("y:Q", scale=alt.Scale(domain=[height_px, 0], nice=False), axis=None)


def _profile(along: pd.DataFrame, threshold: float) -> alt.LayerChart:
    """Draw TBRmax along the vessel: baseline solid and dark, follow-up dashed; slices active at baseline filled."""
    high = max(float(along["tbr_max"].max()), threshold) * 1.08
    ticks = alt.Axis(title="mm along the vessel, from below", format="~f", tickCount=8)
    x = alt.X("mm:Q", scale=alt.Scale(domain=[-2, float(along["mm"].max()) + 2], nice=False), axis=ticks)
    y = alt.Y("tbr_max:Q", scale=alt.Scale(domain=[0, high], nice=False), axis=alt.Axis(title="TBRmax", tickCount=5))
    layers: list[alt.Chart] = [
        alt.Chart(values([{"tbr_max": threshold}])).mark_rule(color=style.HAIRLINE, strokeWidth=1.5).encode(y=y)
    ]
    looks = ((style.INK, "circle", [1, 0]), (style.MUTED, "square", [4, 3]))
    for at, (visit, color, shape, dash) in enumerate(
        (visit, *look) for visit, look in zip(dict.fromkeys(along["visit"]), looks, strict=False)
    ):
        part = along[along["visit"] == visit].sort_values("mm")
        rows = alt.Chart(values(part))
        layers.append(rows.mark_line(color=color, strokeWidth=1.6, strokeDash=dash).encode(x=x, y=y))
        for filled in (True, False):
            points = alt.Chart(values(part[part["frozen"] == filled]))
            layers.append(points.mark_point(shape=shape, size=44, opacity=1, stroke=color, strokeWidth=1.4,
                                            fill=color if filled else style.GROUND).encode(x=x, y=y))  # fmt: skip
        sample, left_px = alt.Chart(values([{}])), 150.0 * at
        layers.append(sample.mark_point(shape=shape, size=44, opacity=1, stroke=color, strokeWidth=1.4, fill=color
                                        ).encode(x=alt.value(left_px + 4), y=alt.value(-14)))  # fmt: skip
        layers.append(sample.mark_text(text=visit, align="left", baseline="middle").encode(
            x=alt.value(left_px + 14), y=alt.value(-14)))  # fmt: skip
    words = f"line: active from {threshold:g}; filled: active at baseline"
    layers.append(alt.Chart(values([{}])).mark_text(text=words, align="right", baseline="middle", color=style.MUTED
                                                    ).encode(x=alt.value(_WIDTH_PX), y=alt.value(-14)))  # fmt: skip
    return alt.LayerChart(layer=layers).properties(width=_WIDTH_PX, height=_PROFILE_PX)
