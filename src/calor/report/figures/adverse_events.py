"""Adverse-event dot plot: incidence of each term by arm, and beside it the risk difference with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.legend import legend
from calor.report.figures.text_columns import GAP_PX, TextColumn, cell, middles, write
from calor.report.lettering import wrap
from calor.report.number import interval, number
from calor.report.tidy import numbers, require, require_arms, require_order, values

_ROW_PX = 21
_TERM_GAP_PX = 9
_LABEL_MOST_PX = 190.0
_GAP_PX = 34
_DODGE_PX = 8
_PERCENT = "format(100 * datum.value, '~f')"


def adverse_events(
    incidence: pd.DataFrame,
    differences: pd.DataFrame,
    *,
    arms: Sequence[str],
    name: str,
    title: str,
    caption: str,
    heading: str = "Difference (95 % CI)",
) -> Figure:
    """Draw incidence per term and arm, and beside it the risk difference against control.

    Args:
        incidence: One row per term and arm, with columns `term`, `arm` and `incidence` (proportion of participants with
            at least one event, 0 to 1); terms are drawn in the order of their first row.
        differences: One row per term and active arm, with columns `term`, `arm`, `difference`, `lower`, `upper`
            (proportions, active minus control).
        arms: Arm names, control first; two or more.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: analysis set, n, method of the interval.
        heading: What stands above the printed differences.

    Raises:
        ReportError: A column, an arm or a term is missing or there twice, or a value is no proportion.

    >>> incidence = pd.DataFrame({"term": "Nausea", "arm": ["Placebo", "Active"], "incidence": [0.06, 0.09]})
    >>> differences = pd.DataFrame({"term": ["Nausea"], "arm": ["Active"], "difference": [0.03],
    ...                             "lower": [-0.12], "upper": [0.18]})
    >>> adverse_events(incidence, differences, arms=["Placebo", "Active"], name="ae", title="T.", caption="n.").name
    'ae'
    """
    incidence = require(incidence, ["term", "arm", "incidence"], where=name)
    differences = require(differences, ["term", "arm", "difference", "lower", "upper"], where=name)
    incidence = numbers(incidence, ["incidence"], where=name)
    differences = numbers(differences, ["difference", "lower", "upper"], where=name)
    require_order(differences, ("lower", "difference", "upper"), where=name)
    require_arms(incidence, arms, where=name)
    require_arms(differences, arms[1:], where=name)
    _check(incidence, differences, arms, name)
    terms = list(dict.fromkeys(incidence["term"]))
    labels = TextColumn("", tuple(cell(term, _LABEL_MOST_PX) for term in terms))
    middles_px, height_px = middles([labels], _ROW_PX * (len(arms) - 1) + _TERM_GAP_PX)
    at = dict(zip(terms, middles_px, strict=True))
    y = alt.Y("y:Q", scale=alt.Scale(domain=[height_px, 0], nice=False), axis=None)
    printed = _printed(differences, arms, at)
    column = TextColumn(heading, tuple(cell(text) for text in printed["text"]))
    width_px = (style.PLOT_WIDTH_PX - labels.width_px - column.width_px - _GAP_PX) / 2
    left = [*write(labels, -labels.width_px, middles_px, y), *_incidence(incidence, arms, at, y)]
    left += legend(arms, 2 * width_px, lines=False)
    right = [
        *_differences(printed, arms, y, width_px + _GAP_PX),
        *write(column, width_px + GAP_PX, list(printed["y"]), y),
    ]
    panels = [alt.LayerChart(layer=layers).properties(width=width_px, height=height_px) for layers in (left, right)]
    return draw(alt.hconcat(*panels, spacing=_GAP_PX), name=name, title=title, caption=caption)


def _check(incidence: pd.DataFrame, differences: pd.DataFrame, arms: Sequence[str], name: str) -> None:
    """Refuse values that are no proportions, and terms that are not there exactly once per arm."""
    if incidence["incidence"].min() < 0 or incidence["incidence"].max() > 1:
        raise ReportError.must(
            "incidence", "lie between 0 and 1", incidence["incidence"].max(), where=name,
            fix="Give proportions, not percentages.",
        )  # fmt: skip
    terms = incidence["term"].nunique()
    for what, table, drawn in (("incidence", incidence, len(arms)), ("differences", differences, len(arms) - 1)):
        once = not table.duplicated(["term", "arm"]).any() and len(table) == terms * drawn
        if not once or set(table["term"]) != set(incidence["term"]):
            raise ReportError.must(
                what, "have one row per term and arm", f"{len(table)} rows for {terms} terms", where=name,
                fix="Give every term a row in every arm; 0 is an incidence.",
            )  # fmt: skip


def _printed(differences: pd.DataFrame, arms: Sequence[str], at: Mapping[str, float]) -> pd.DataFrame:
    """Add to each difference its height [px] and its text; the active arms stand beneath each other."""
    below = {arm: (index - (len(arms) - 2) / 2) * _ROW_PX for index, arm in enumerate(arms[1:])}
    rows = differences[["term", "arm", "difference", "lower", "upper"]]
    return rows.assign(
        y=[at[term] + below[arm] for term, arm in rows[["term", "arm"]].itertuples(index=False)],
        text=[
            interval(*(number(100 * value, 1) for value in three))
            for three in rows[["difference", "lower", "upper"]].itertuples(index=False, name=None)
        ],
    )


def _incidence(incidence: pd.DataFrame, arms: Sequence[str], at: Mapping[str, float], y: alt.Y) -> list[alt.Chart]:
    """Draw one dot per arm and term, the arms just above each other so that none hides another."""
    axis = alt.Axis(
        title="Participants with the event (%)", labelExpr=_PERCENT, tickCount=4, grid=True, domain=False, ticks=False
    )
    x = alt.X("incidence:Q", scale=alt.Scale(zero=True), axis=axis)
    layers = []
    for index, (arm, look) in enumerate(style.arm_styles(arms).items()):
        shift_px = (index - (len(arms) - 1) / 2) * _DODGE_PX
        rows = incidence[incidence["arm"] == arm]
        dots = alt.Chart(values(rows.assign(y=[at[term] + shift_px for term in rows["term"]])))
        mark = dots.mark_point(shape=look.shape, filled=True, color=look.color, size=75, opacity=1)
        layers.append(mark.encode(x=x, y=y))
    return layers


def _differences(printed: pd.DataFrame, arms: Sequence[str], y: alt.Y, room_px: float) -> list[alt.Chart]:
    """Draw the risk differences with their intervals, and no difference."""
    named = wrap(f"Difference from {arms[0]} (%\u00a0points)", room_px, style.TEXT_PX)
    axis = alt.Axis(title=named, labelExpr=_PERCENT, tickCount=4, grid=True, domain=False, ticks=False)
    x = alt.X("difference:Q", scale=alt.Scale(zero=True), axis=axis)
    none = alt.Chart(values([{"difference": 0}])).mark_rule(color=style.MUTED, strokeDash=[3, 3])
    layers = [none.encode(x=x)]
    for arm, look in list(style.arm_styles(arms).items())[1:]:
        base = alt.Chart(values(printed[printed["arm"] == arm]))
        layers += [
            base.mark_rule(color=look.color, strokeWidth=1.6).encode(x="lower:Q", x2="upper:Q", y=y),
            base.mark_point(shape=look.shape, filled=True, color=look.color, size=75, opacity=1).encode(x=x, y=y),
        ]
    return layers
