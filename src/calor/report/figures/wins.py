"""Pairs won and lost at each component of a hierarchical composite, as two dots with what is still tied beside them."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.legend import legend
from calor.report.figures.text_columns import GAP_PX, TextColumn, cell, middles, write
from calor.report.number import number
from calor.report.tidy import numbers, require, values

_ROW_PX = 40
_LABEL_MOST_PX = 200.0
_PERCENT = "format(100 * datum.value, '~f')"


def wins(
    levels: pd.DataFrame, *, arms: Sequence[str], name: str, title: str, caption: str
) -> Figure:
    """Draw the share of pairs that each component decides for either arm.

    Args:
        levels: One row per component, the most important first, with columns `level` (its name), `wins`, `losses` and
            `left` (pairs decided for the active arm, for the control arm, and by neither so far) and `pairs`.
        arms: The two arms' names, control first.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.

    Raises:
        ReportError: A column is missing, there are not two arms, or the pairs do not add up.

    >>> levels = pd.DataFrame({"level": ["Death", "TBR"], "wins": [10, 50], "losses": [4, 20], "left": [86, 16],
    ...                        "pairs": 100})
    >>> wins(levels, arms=["Placebo", "Active"], name="wins", title="T.", caption="C.").name
    'wins'
    """
    columns = ["wins", "losses", "left", "pairs"]
    levels = numbers(require(levels, ["level", *columns], where=name), columns, where=name)
    if len(arms) != 2:
        raise ReportError.must("arms", "be two", len(arms), where=name, fix="Draw one comparison at a time.")
    decided = (levels["wins"] + levels["losses"]).cumsum()
    if (decided + levels["left"] != levels["pairs"]).any():
        raise ReportError.must("levels", "add up to all pairs", "another sum", where=name, fix="Count each pair once.")
    labels = TextColumn("", tuple(cell(level, _LABEL_MOST_PX) for level in levels["level"]))
    heights_px, height_px = middles([labels], _ROW_PX)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[height_px, 0], nice=False), axis=None)
    shares = levels[["wins", "losses", "left"]].div(levels["pairs"], axis=0).assign(y=heights_px)
    tied = TextColumn("Still tied", tuple(cell(f"{number(100 * share, 1)} %") for share in shares["left"]))
    width_px = style.PLOT_WIDTH_PX - labels.width_px - tied.width_px - 2 * GAP_PX
    layers = [
        *write(labels, -labels.width_px, heights_px, y),
        *_dots(shares, arms, y),
        *write(tied, width_px + GAP_PX, heights_px, y),
        *legend(arms, width_px, lines=False),
    ]
    chart = alt.LayerChart(layer=layers).properties(width=width_px, height=height_px)
    return draw(chart, name=name, title=title, caption=caption)


def _dots(shares: pd.DataFrame, arms: Sequence[str], y: alt.Y) -> list[alt.Chart]:
    """Draw a line between the two shares of each component, and a dot for either arm."""
    axis = alt.Axis(
        title="Pairs in which the arm's participant did better (%)", labelExpr=_PERCENT, tickCount=5, grid=True,
        domain=False, ticks=False,
    )  # fmt: skip
    top = float(shares[["wins", "losses"]].to_numpy().max())
    scale = alt.Scale(domain=[0, max(top, 0.01)], nice=True)
    between = alt.Chart(values(shares)).mark_rule(color=style.MUTED, strokeWidth=1.6)
    layers = [between.encode(x=alt.X("losses:Q", scale=scale, axis=axis), x2="wins:Q", y=y)]
    for column, look in zip(("losses", "wins"), style.arm_styles(arms).values(), strict=True):
        dots = alt.Chart(values(shares)).mark_point(
            shape=look.shape, filled=True, color=look.color, size=90, opacity=1
        )
        layers.append(dots.encode(x=alt.X(f"{column}:Q", scale=scale, axis=axis), y=y))
    return layers
