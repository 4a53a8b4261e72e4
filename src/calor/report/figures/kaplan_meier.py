"""Kaplan-Meier figure: survival or cumulative incidence as steps, with band, censor ticks and numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.step_curves import STEPS_HEIGHT_PX, checked_counts, step_curves
from calor.report.lettering import wrap
from calor.report.tidy import numbers, require, require_arms, require_order

_PERCENT = "format(100 * datum.value, '~f') + ' %'"


def kaplan_meier(
    curve: pd.DataFrame,
    at_risk: pd.DataFrame | None,
    *,
    arms: Sequence[str],
    name: str,
    title: str,
    caption: str,
    axes: tuple[str, str],
    top: float = 1.0,
) -> Figure:
    """Draw step curves with the numbers at risk aligned beneath.

    Args:
        curve: One row per step, with columns `arm`, `time`, `estimate` (proportion, 0 to 1), `lower`, `upper` (missing
            where there is no interval) and `censored` (whether a participant's follow-up ends here without event). Each
            arm has a row at time 0 and one at its last follow-up.
        at_risk: Columns `arm`, `time` and `at_risk`; its times become the ticks of the axis; None draws
            the curves alone.
        arms: Arm names, control first.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.
        axes: Titles of the horizontal and the vertical axis, with unit.
        top: Where the vertical axis ends; below 1 for a rare event's cumulative incidence. A band that
            rises above it is cut there.

    Raises:
        ReportError: A column is missing, an arm has no row at time 0, or a curve leaves 0 to `top`.

    >>> curve = pd.DataFrame({"arm": "Placebo", "time": [0, 12], "estimate": [0.0, 0.1], "lower": [0.0, 0.0],
    ...                       "upper": [0.0, 0.3], "censored": False})
    >>> at_risk = pd.DataFrame({"arm": "Placebo", "time": [0, 12], "at_risk": [27, 20]})
    >>> axes = ("Months from randomization", "Recurrent infarction (%)")
    >>> kaplan_meier(curve, at_risk, arms=["Placebo"], name="mi", title="T.", caption="n = 27.", axes=axes).name
    'mi'
    """
    curve = require(curve, ["arm", "time", "estimate", "lower", "upper", "censored"], where=name)
    require_arms(curve, arms, where=name)
    curve = numbers(curve, ["time", "estimate", "censored"], where=name)
    curve = numbers(curve, ["lower", "upper"], where=name, gaps=True)
    require_order(curve, ("lower", "estimate", "upper"), where=name)
    at_risk = None if at_risk is None else checked_counts(at_risk, arms, where=name)
    _check(curve, arms, top, name)
    vertical = alt.Y(
        "estimate:Q",
        scale=alt.Scale(domain=[0, top], nice=False, clamp=True),
        axis=alt.Axis(title=wrap(axes[1], STEPS_HEIGHT_PX, style.TEXT_PX), labelExpr=_PERCENT, tickCount=5),
    )
    chart = step_curves(curve, at_risk, arms=arms, horizontal=axes[0], vertical=vertical)
    return draw(chart, name=name, title=title, caption=caption)


def _check(curve: pd.DataFrame, arms: Sequence[str], top: float, name: str) -> None:
    """Refuse curves that do not begin at time 0 or leave the axis."""
    for arm in arms:
        if curve.loc[curve["arm"] == arm, "time"].min() != 0:
            raise ReportError.must(
                "time", "begin at 0 in every arm", curve.loc[curve["arm"] == arm, "time"].min(),
                where=f"{arm} in {name}", fix="Add the row where everyone is at risk.",
            )  # fmt: skip
    if curve["estimate"].min() < 0 or curve["estimate"].max() > top:
        raise ReportError.must(
            "estimate", f"lie between 0 and `top` ({top:g})", curve["estimate"].max(), where=name,
            fix="Give proportions, not percentages, and a `top` above them all.",
        )  # fmt: skip
