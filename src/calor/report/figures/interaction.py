"""Interaction figure: the treatment effect against a baseline biomarker, with a pointwise band."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.ticks import log_ticks
from calor.report.lettering import text_width_px, wrap
from calor.report.tidy import numbers, require, require_arms, require_order, values

_HEIGHT_PX = 290
_RUG_ROW_PX = 20


def interaction(
    curve: pd.DataFrame,
    participants: pd.DataFrame | None = None,
    *,
    arms: Sequence[str] = (),
    name: str,
    title: str,
    caption: str,
    axes: tuple[str, str],
    log: bool = False,
) -> Figure:
    """Draw the effect of treatment as a function of the baseline biomarker.

    Args:
        curve: One row per baseline value, with columns `baseline`, `effect`, `lower`, `upper` and, where wanted,
            `percentile` (text such as "25th" on the rows to be marked; empty elsewhere) and `shown` (whether an effect
            is shown there by a simultaneous band; drawn thick).
        participants: Columns `arm` and `baseline`: one tick each beneath the curve; None where nobody is to be shown.
        arms: Arm names, control first; of the participants.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.
        axes: Titles of the horizontal and the vertical axis, with unit.
        log: Whether the baseline axis is logarithmic.

    Raises:
        ReportError: A column is missing, a value is not finite, or a baseline is not positive on a logarithmic axis.

    >>> curve = pd.DataFrame({"baseline": [1.0, 9.0], "effect": [0.0, -0.3], "lower": [-0.2, -0.5],
    ...                       "upper": [0.2, 0.0]})
    >>> people = pd.DataFrame({"arm": ["Placebo", "Active"], "baseline": [2.0, 3.0]})
    >>> interaction(curve, people, arms=["Placebo", "Active"], name="by-crp", title="The effect grows with hs-CRP.",
    ...             caption="n = 2.", axes=("Baseline hs-CRP (mg/L)", "Difference in TBRmax"), log=True).name
    'by-crp'
    """
    curve = require(curve, ["baseline", "effect", "lower", "upper"], where=name, wanted=["percentile", "shown"])
    curve = numbers(curve, ["baseline", "effect", "lower", "upper"], where=name)
    require_order(curve, ("lower", "effect", "upper"), where=name)
    people = None if participants is None else _people(participants, arms, name)
    baselines = pd.concat([curve["baseline"]] if people is None else [curve["baseline"], people["baseline"]])
    if log and baselines.min() <= 0:
        raise ReportError.must(
            "baseline",
            "be positive on a logarithmic axis",
            baselines.min(),
            where=name,
            fix="Draw it with `log=False`.",
        )
    low, high = float(baselines.min()), float(baselines.max())
    room_px = max([70.0, *(16 + text_width_px(arm, style.TEXT_PX) for arm in arms)])
    width_px = style.PLOT_WIDTH_PX - room_px - 12
    ticks = {"values": log_ticks(low, high), "format": "~g"} if log else {"tickCount": 6, "format": "~f"}
    axis = alt.Axis(title=wrap(axes[0], width_px, style.TEXT_PX), **ticks)
    scale = alt.Scale(domain=[low, high], nice=False, type="log" if log else "linear")
    x = alt.X("baseline:Q", scale=scale, axis=axis if people is None else None)
    plot = alt.LayerChart(layer=_effect(curve, x, wrap(axes[1], _HEIGHT_PX, style.TEXT_PX)))
    plot = plot.properties(width=width_px, height=_HEIGHT_PX)
    if people is None:
        return draw(plot, name=name, title=title, caption=caption)
    rug = alt.LayerChart(layer=_rug(people, arms, alt.X("baseline:Q", scale=scale, axis=axis)))
    rug = rug.properties(width=width_px, height=_RUG_ROW_PX * len(arms))
    return draw(alt.vconcat(plot, rug, spacing=10), name=name, title=title, caption=caption)


def _people(participants: pd.DataFrame, arms: Sequence[str], name: str) -> pd.DataFrame:
    """Check the participants whose ticks are drawn."""
    people = numbers(require(participants, ["arm", "baseline"], where=name), ["baseline"], where=name)
    require_arms(people, arms, where=name)
    return people


def _effect(curve: pd.DataFrame, x: alt.X, axis: list[str]) -> list[alt.Chart]:
    """Draw zero, the band, the curve and the marked percentiles."""
    y = alt.Y("effect:Q", scale=alt.Scale(zero=True), axis=alt.Axis(title=axis, tickCount=6))
    base = alt.Chart(values(curve))
    layers = [
        base.mark_area(color=style.INK, opacity=0.1).encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q"),
        alt.Chart(values([{"effect": 0}])).mark_rule(color=style.MUTED, strokeDash=[3, 3]).encode(y=y),
        base.mark_line(color=style.INK, strokeWidth=2).encode(x=x, y=y),
    ]
    if "shown" in curve:
        # A run of its own for every stretch, or a line would join two of them.
        runs = curve.assign(run=(curve["shown"] != curve["shown"].shift()).cumsum())
        thick = alt.Chart(values(runs[runs["shown"].astype(bool)]))
        layers.append(thick.mark_line(color=style.INK, strokeWidth=5).encode(x=x, y=y, detail="run:N"))
    if "percentile" in curve:
        marked = curve[curve["percentile"].notna() & (curve["percentile"] != "")]
        at = alt.Chart(values(marked))
        layers += [
            at.mark_rule(strokeWidth=1.6).encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q"),
            at.mark_point(shape="circle", filled=True, color=style.INK, size=70, opacity=1).encode(x=x, y=y),
            at.mark_text(baseline="bottom", color=style.MUTED).encode(x=x, y=alt.value(-6), text="percentile:N"),
            alt.Chart(values([{}]))
            .mark_text(text="Percentile", align="right", baseline="bottom", color=style.MUTED)
            .encode(x=alt.value(-10), y=alt.value(-6)),
        ]
    return layers


def _rug(participants: pd.DataFrame, arms: Sequence[str], x: alt.X) -> list[alt.Chart]:
    """Draw one tick per participant, a row per arm, above the baseline axis."""
    layers = []
    for index, (arm, look) in enumerate(style.arm_styles(arms).items()):
        middle_px = (index + 0.5) * _RUG_ROW_PX
        rows = alt.Chart(values(participants[participants["arm"] == arm]))
        layers += [
            rows.mark_tick(color=look.color, thickness=1.5, size=_RUG_ROW_PX - 7, opacity=0.8).encode(
                x=x, y=alt.value(middle_px)
            ),
            alt.Chart(values([{}])).mark_text(text=arm, align="right", baseline="middle").encode(
                x=alt.value(-10), y=alt.value(middle_px)
            ),
        ]  # fmt: skip
    return layers
