"""eDISH figure: peak aminotransferase against peak bilirubin, one dot per participant, with the liver rule's lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.legend import legend
from calor.report.figures.ticks import log_ticks
from calor.report.lettering import wrap
from calor.report.tidy import numbers, require, require_arms, values

_HEIGHT_PX = 360
_ROOM_PX = 70
_EDGE = 1.25  # of the domain beyond the outermost dot, as a factor
_LEAST = (0.2, 10.0)  # what both axes show at least, so that the quadrants keep their shape


def edish(
    table: pd.DataFrame,
    *,
    arms: Sequence[str],
    name: str,
    title: str,
    caption: str,
    rule: tuple[float, float] = (3.0, 2.0),
) -> Figure:
    """Draw each participant's peaks in multiples of the upper limit of normal, both axes logarithmic.

    Args:
        table: One row per participant, with columns `arm`, `aminotransferase`, `bilirubin` (peaks, multiples of ULN)
            and `trigger` (whether the rule was met within its window; such a dot is ringed).
        arms: Arm names, control first.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, rule, who could not be judged.
        rule: Multiples of ULN at which the lines stand: aminotransferase, bilirubin.

    Raises:
        ReportError: A column or an arm is missing, or a peak is not finite and positive.

    >>> table = pd.DataFrame({"arm": ["Placebo"], "aminotransferase": [0.8], "bilirubin": [0.5], "trigger": [False]})
    >>> edish(table, arms=["Placebo"], name="liver", title="Nobody met the rule.", caption="n = 1.").name
    'liver'
    """
    peaks = ["aminotransferase", "bilirubin"]
    table = numbers(require(table, ["arm", *peaks, "trigger"], where=name), peaks, where=name)
    require_arms(table, arms, where=name)
    least = float(table[peaks].min().min())
    if least <= 0:
        raise ReportError.must(
            "aminotransferase, bilirubin", "be positive on a logarithmic axis", least, where=name,
            fix="Correct the value; a concentration below its limit of detection is no zero.",
        )  # fmt: skip
    width_px = style.PLOT_WIDTH_PX - _ROOM_PX
    x = _axis(table["aminotransferase"], "aminotransferase", wrap("Peak ALT or AST (× ULN)", width_px, style.TEXT_PX))
    y = _axis(table["bilirubin"], "bilirubin", wrap("Peak total bilirubin (× ULN)", _HEIGHT_PX, style.TEXT_PX))
    layers = [
        *_lines(rule, x, y),
        *_dots(table, arms, x, y),
        *_quadrants(width_px),
        *legend(arms, width_px, lines=False),
    ]
    chart = alt.LayerChart(layer=layers).properties(width=width_px, height=_HEIGHT_PX)
    return draw(chart, name=name, title=title, caption=caption)


def _axis(peaks: pd.Series[float], column: str, title: list[str]) -> Any:
    """Return the channel of one peak, its domain covering every dot."""
    low, high = min(float(peaks.min()) / _EDGE, _LEAST[0]), max(float(peaks.max()) * _EDGE, _LEAST[1])
    ticks = alt.Axis(title=title, values=log_ticks(low, high), format="~g", grid=False)
    scale = alt.Scale(type="log", domain=[low, high], nice=False)
    channel: type[Any] = alt.X if column == "aminotransferase" else alt.Y
    return channel(f"{column}:Q", scale=scale, axis=ticks)


def _lines(rule: tuple[float, float], x: Any, y: Any) -> list[alt.Chart]:
    """Draw where the rule begins."""
    at = alt.Chart(values([{"aminotransferase": rule[0], "bilirubin": rule[1]}]))
    mark = at.mark_rule(color=style.MUTED, strokeDash=[3, 3])
    return [mark.encode(x=x), mark.encode(y=y)]


def _dots(table: pd.DataFrame, arms: Sequence[str], x: Any, y: Any) -> list[alt.Chart]:
    """Draw the participants, and a ring around those who met the rule."""
    layers = []
    for arm, look in style.arm_styles(arms).items():
        rows = alt.Chart(values(table[table["arm"] == arm]))
        mark = rows.mark_point(shape=look.shape, filled=True, color=look.color, size=55, opacity=0.8)
        layers.append(mark.encode(x=x, y=y))
    met = table[table["trigger"].astype(bool)]
    if not met.empty:
        ring = alt.Chart(values(met)).mark_point(filled=False, color=style.INK, size=190, strokeWidth=1.6)
        layers.append(ring.encode(x=x, y=y))
    return layers


def _quadrants(width_px: float) -> list[alt.Chart]:
    """Name the corners; the review quadrant is the upper right one."""
    corners: tuple[tuple[str, float, float, Literal["left", "right"]], ...] = (
        ("Review: both raised", width_px - 6, 12, "right"),
        ("Bilirubin only", 6, 12, "left"),
        ("ALT or AST only", width_px - 6, _HEIGHT_PX - 10, "right"),
    )
    return [
        alt.Chart(values([{}]))
        .mark_text(text=text, align=align, baseline="middle", color=style.MUTED)
        .encode(x=alt.value(x_px), y=alt.value(y_px))
        for text, x_px, y_px, align in corners
    ]
