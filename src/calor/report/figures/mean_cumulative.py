"""Mean cumulative number of recurrent events per participant, as steps with band and numbers at risk."""

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


def mean_cumulative(
    curve: pd.DataFrame,
    at_risk: pd.DataFrame | None,
    *,
    arms: Sequence[str],
    name: str,
    title: str,
    caption: str,
    axes: tuple[str, str],
) -> Figure:
    """Draw the mean number of events per participant over time.

    Args:
        curve: One row per step, with columns `arm`, `time`, `mean` (events per participant), `lower` and `upper`; each
            arm has a row at time 0.
        at_risk: Columns `arm`, `time` and `at_risk`; its times become the ticks of the axis; None draws
            the curves alone.
        arms: Arm names, control first.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: n, method, estimand.
        axes: Titles of the horizontal and the vertical axis, with unit.

    Raises:
        ReportError: A column is missing, an arm has no row at time 0, or a mean is negative.

    >>> curve = pd.DataFrame({"arm": "Placebo", "time": [0, 12], "mean": [0.0, 1.4], "lower": [0.0, 0.9],
    ...                       "upper": [0.0, 2.1]})
    >>> at_risk = pd.DataFrame({"arm": "Placebo", "time": [0, 12], "at_risk": [27, 20]})
    >>> axes = ("Days", "Events per participant")
    >>> mean_cumulative(curve, at_risk, arms=["Placebo"], name="mcf", title="T.", caption="C.", axes=axes).name
    'mcf'
    """
    curve = require(curve, ["arm", "time", "mean", "lower", "upper"], where=name)
    require_arms(curve, arms, where=name)
    curve = numbers(curve, ["time", "mean", "lower", "upper"], where=name)
    require_order(curve, ("lower", "mean", "upper"), where=name)
    at_risk = None if at_risk is None else checked_counts(at_risk, arms, where=name)
    if curve["mean"].min() < 0 or curve.groupby("arm")["time"].min().ne(0).any():
        raise ReportError.must(
            "curve", "begin at 0 in every arm and not fall below it", "another curve", where=name,
            fix="Add the row where nobody has had an event.",
        )  # fmt: skip
    top = max(float(curve["mean"].max()) * 1.25, min(float(curve["upper"].max()), 2 * float(curve["mean"].max())))
    vertical = alt.Y(
        "estimate:Q",
        scale=alt.Scale(domain=[0, top], nice=True, clamp=True),
        axis=alt.Axis(title=wrap(axes[1], STEPS_HEIGHT_PX, style.TEXT_PX), format="~f", tickCount=5),
    )
    steps = curve.rename(columns={"mean": "estimate"}).assign(censored=False)
    chart = step_curves(steps, at_risk, arms=arms, horizontal=axes[0], vertical=vertical)
    return draw(chart, name=name, title=title, caption=caption)
