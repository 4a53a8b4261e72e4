"""Step curves over time with a band, censor ticks, and the numbers at risk aligned beneath."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.report import style
from calor.report.figures.counts_beneath import counts_beneath, label_room_px
from calor.report.figures.legend import legend
from calor.report.figures.ticks import roomy
from calor.report.lettering import wrap
from calor.report.tidy import numbers, require, require_arms, require_once, values

STEPS_HEIGHT_PX = 300
_HEADING = "At risk"
_ROOM_PX = 90  # for the vertical axis, where no strip beneath makes room


def step_curves(
    curve: pd.DataFrame, at_risk: pd.DataFrame | None, *, arms: Sequence[str], horizontal: str, vertical: alt.Y
) -> alt.VConcatChart | alt.LayerChart:
    """Draw the step curves of the arms on a common axis of time.

    Args:
        curve: Checked columns `arm`, `time`, `estimate`, `lower`, `upper` and `censored`.
        at_risk: Checked columns `arm`, `time` and `at_risk`; its times become the ticks of the axis. None draws the
            curves alone.
        arms: Arm names, control first.
        horizontal: Title of the axis of time, with unit.
        vertical: The vertical axis.

    >>> curve = pd.DataFrame({"arm": "Placebo", "time": [0, 12], "estimate": [0.0, 0.1], "lower": [0.0, 0.0],
    ...                       "upper": [0.0, 0.3], "censored": False})
    >>> at_risk = pd.DataFrame({"arm": "Placebo", "time": [0, 12], "at_risk": [27, 20]})
    >>> len(step_curves(curve, at_risk, arms=["Placebo"], horizontal="Days", vertical=alt.Y("estimate:Q")).vconcat)
    2
    """
    if at_risk is None:
        axis = alt.Axis(title=wrap(horizontal, style.PLOT_WIDTH_PX - _ROOM_PX, style.TEXT_PX), format="~f", tickCount=6)
        span = alt.Scale(domain=[0.0, float(curve["time"].max())], nice=False)
        return _plot(curve, arms, alt.X("time:Q", scale=span, axis=axis), vertical, style.PLOT_WIDTH_PX - _ROOM_PX)
    domain = (0.0, float(max(curve["time"].max(), at_risk["time"].max())))
    width_px = style.PLOT_WIDTH_PX - label_room_px(arms, _HEADING) - 14
    shown = roomy(at_risk["time"], at_risk["at_risk"], domain, width_px)
    ticks = alt.Axis(title=wrap(horizontal, width_px, style.TEXT_PX), values=shown, format="~f", labelOverlap=False)
    x = alt.X("time:Q", scale=alt.Scale(domain=list(domain), nice=False), axis=ticks)
    plot = _plot(curve, arms, x, vertical, width_px)
    counts = at_risk[at_risk["time"].isin(shown)].rename(columns={"at_risk": "count"})
    strip = counts_beneath(counts, arms=arms, heading=_HEADING, domain=domain, width_px=width_px)
    return alt.vconcat(plot, strip, spacing=26)


def checked_counts(at_risk: pd.DataFrame, arms: Sequence[str], *, where: str) -> pd.DataFrame:
    """Return numbers at risk that every arm has once per time, or refuse them.

    Raises:
        ReportError: A column or an arm is missing, or a count stands twice.

    >>> table = pd.DataFrame({"arm": ["P"], "time": [0], "at_risk": [27]})
    >>> checked_counts(table, ["P"], where="mi")["at_risk"].to_list()
    [27.0]
    """
    found = require(at_risk, ["arm", "time", "at_risk"], where=where)
    require_arms(found, arms, where=where)
    require_once(found, ["arm", "time"], where=where)
    return numbers(found, ["time", "at_risk"], where=where)


def _plot(curve: pd.DataFrame, arms: Sequence[str], x: alt.X, y: alt.Y, width_px: float) -> alt.LayerChart:
    layers = [*_curves(curve, arms, x, y), *legend(arms, width_px, points=False)]
    return alt.LayerChart(layer=layers).properties(width=width_px, height=STEPS_HEIGHT_PX)


def _curves(curve: pd.DataFrame, arms: Sequence[str], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Draw bands, steps and censor ticks of every arm."""
    layers = []
    for arm, look in style.arm_styles(arms).items():
        rows = curve[curve["arm"] == arm].sort_values("time", kind="stable")
        band = rows[rows["lower"].notna() & rows["upper"].notna()]
        if not band.empty:
            area = alt.Chart(values(band)).mark_area(interpolate="step-after", color=look.color, opacity=0.13)
            layers.append(area.encode(x=x, y=alt.Y("lower:Q"), y2="upper:Q"))
        line = alt.Chart(values(rows)).mark_line(
            interpolate="step-after", color=look.color, strokeWidth=2, strokeDash=list(look.dash), strokeCap="butt"
        )
        layers.append(line.encode(x=x, y=y))
        censored = rows[rows["censored"] != 0]
        if not censored.empty:
            tick = alt.Chart(values(censored)).mark_point(shape="stroke", angle=90, size=70, color=look.color)
            layers.append(tick.encode(x=x, y=y))
    return layers
