"""Bland-Altman figure: difference of two readers over their mean, with bias and limits, a panel for each vessel."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.number import number
from calor.report.tidy import numbers, require, values

_HEIGHT_PX = 170
_GAP_PX = 10
_SIDES_PX = 76
"""Of each panel: its ticks on the left, its limits in figures on the right."""
_TITLE_PX = 20
_MOST = 3


def bland_altman(
    points: pd.DataFrame, limits: pd.DataFrame, *, name: str, title: str, caption: str, measure: str
) -> Figure:
    """Draw differences over means.

    Args:
        points: One row per scan: `panel`, `mean`, `difference`.
        limits: One row per panel: `panel`, `bias`, `lower_limit`, `upper_limit`.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.
        measure: What was read, with its unit if it has one.

    Raises:
        ReportError: A column is missing, or a value is no number.

    >>> points = pd.DataFrame({"panel": "aorta", "mean": [2.0, 2.2], "difference": [0.1, -0.1]})
    >>> limits = pd.DataFrame({"panel": ["aorta"], "bias": [0.0], "lower_limit": [-0.2], "upper_limit": [0.2]})
    >>> bland_altman(points, limits, name="ba", title="They agree.", caption="n = 2.", measure="TBRmax").name
    'ba'
    """
    points = numbers(require(points, ["panel", "mean", "difference"], where=name), ["mean", "difference"], where=name)
    limits = numbers(
        require(limits, ["panel", "bias", "lower_limit", "upper_limit"], where=name),
        ["bias", "lower_limit", "upper_limit"], where=name,
    )  # fmt: skip
    width_px = (style.PLOT_WIDTH_PX - _TITLE_PX - _GAP_PX * (_MOST - 1)) / _MOST - _SIDES_PX
    reach = max(
        float(points["difference"].abs().max()), float(limits[["lower_limit", "upper_limit"]].abs().max().max())
    )
    panels = [
        _panel(points[points["panel"] == row["panel"]], row, (width_px, 1.15 * reach), measure, first=at % _MOST == 0)
        for at, row in enumerate(limits.to_dict("records"))
    ]
    rows = [alt.hconcat(*panels[at : at + _MOST], spacing=_GAP_PX) for at in range(0, len(panels), _MOST)]
    return draw(alt.vconcat(*rows, spacing=_GAP_PX), name=name, title=title, caption=caption)


def _panel(
    points: pd.DataFrame, limit: Mapping[Hashable, Any], size: tuple[float, float], measure: str, *, first: bool
) -> alt.LayerChart:
    width_px, reach = size
    x = alt.X("mean:Q", scale=alt.Scale(zero=False), axis=alt.Axis(title=f"Mean {measure}", tickCount=4))
    axis = alt.Axis(title="Difference", tickCount=5) if first else alt.Axis(title=None, tickCount=5)
    y = alt.Y("difference:Q", scale=alt.Scale(domain=[-reach, reach], nice=False), axis=axis)
    layers: list[alt.Chart] = []
    for key, dash in (("bias", [1, 0]), ("lower_limit", [4, 3]), ("upper_limit", [4, 3])):
        at = float(limit[key])
        rule = alt.Chart(values([{"difference": at}]))
        layers.append(rule.mark_rule(color=style.MUTED, strokeDash=dash).encode(y=y))
        words = rule.mark_text(text=number(at, 2), align="left", baseline="middle", color=style.MUTED, dx=4)
        layers.append(words.encode(x=alt.value(width_px), y=y))
    layers.append(alt.Chart(values(points)).mark_point(size=44, opacity=1, stroke=style.INK, strokeWidth=1.4,
                                                       fill=style.GROUND).encode(x=x, y=y))  # fmt: skip
    head = alt.Chart(values([{}])).mark_text(text=str(limit["panel"]), align="left", baseline="middle")
    layers.append(head.encode(x=alt.value(0), y=alt.value(-12)))
    return alt.LayerChart(layer=layers).properties(width=width_px, height=_HEIGHT_PX)
