"""Adverse-event dot plot: incidence of each term by arm, and beside it the risk difference with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.legend import legend
from calor.report.lettering import text_width_px, wrap
from calor.report.number import interval
from calor.report.tidy import require, require_arms, require_finite, values

_ROW_PX = 21
_LINE_PX = 15
_TERM_GAP_PX = 9
_LABEL_MOST_PX = 190.0
_GAP_PX = 34
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
    require(incidence, ["term", "arm", "incidence"], where=name)
    require(differences, ["term", "arm", "difference", "lower", "upper"], where=name)
    require_finite(incidence, ["incidence"], where=name)
    require_finite(differences, ["difference", "lower", "upper"], where=name)
    require_arms(incidence, arms, where=name)
    require_arms(differences, arms[1:], where=name)
    _check(incidence, differences, arms, name)
    terms = [str(term) for term in dict.fromkeys(incidence["term"])]
    labels = {term: wrap(term, _LABEL_MOST_PX, style.TEXT_PX) for term in terms}
    tops = _tops(labels, len(arms) - 1)
    label_px = max(text_width_px(line, style.TEXT_PX) for lines in labels.values() for line in lines) + 16
    numbers = differences.assign(
        text=[
            interval(100 * estimate, 100 * lower, 100 * upper, 1)
            for estimate, lower, upper in differences[["difference", "lower", "upper"]].itertuples(index=False)
        ]
    )
    numbers_px = max(text_width_px(text, style.TEXT_PX) for text in [*numbers["text"], heading]) + 20
    width_px = (style.FIGURE_WIDTH_PX - 2 * style.PADDING_PX - label_px - numbers_px - _GAP_PX) / 2
    left = [*_labels(labels, tops, label_px), *_incidence(incidence, arms, tops), *legend(arms, points=True)]
    right = _differences(numbers, arms, tops, width_px, heading)
    panels = [alt.LayerChart(layer=p).properties(width=width_px, height=tops[""]) for p in (left, right)]
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


def _tops(labels: dict[str, list[str]], active: int) -> dict[str, float]:
    """Return where each term's row begins [px]; the empty name is where the last one ends."""
    tops = {}
    top_px = 0.0
    for term, lines in labels.items():
        tops[term] = top_px
        top_px += max(_ROW_PX * active, _LINE_PX * len(lines)) + _TERM_GAP_PX
    return {**tops, "": top_px}


def _middle_px(tops: dict[str, float], term: str) -> float:
    """Return the middle of a term's row."""
    names = list(tops)
    return (tops[term] + tops[names[names.index(term) + 1]]) / 2


def _y(tops: dict[str, float]) -> alt.Y:
    """Return the vertical channel, in pixels."""
    return alt.Y("y:Q", scale=alt.Scale(domain=[tops[""], 0], nice=False), axis=None)


def _labels(labels: dict[str, list[str]], tops: dict[str, float], label_px: float) -> list[alt.Chart]:
    """Write the terms left of the plot, wrapped."""
    lines = [
        {"text": line, "y": _middle_px(tops, term) + (index - (len(texts) - 1) / 2) * _LINE_PX}
        for term, texts in labels.items()
        for index, line in enumerate(texts)
    ]
    text = alt.Chart(values(lines)).mark_text(align="left", baseline="middle")
    return [text.encode(x=alt.value(-label_px), y=_y(tops), text="text:N")]


def _incidence(incidence: pd.DataFrame, arms: Sequence[str], tops: dict[str, float]) -> list[alt.Chart]:
    """Draw one dot per arm and term, the arms just above each other so that none hides another."""
    axis = alt.Axis(
        title="Participants with the event (%)", labelExpr=_PERCENT, tickCount=4, grid=True, domain=False, ticks=False
    )
    x = alt.X("incidence:Q", scale=alt.Scale(zero=True), axis=axis)
    layers = []
    for index, (arm, look) in enumerate(style.arm_styles(arms).items()):
        shift_px = (index - (len(arms) - 1) / 2) * 6
        rows = incidence[incidence["arm"] == arm]
        rows = rows.assign(y=[_middle_px(tops, str(term)) + shift_px for term in rows["term"]])
        mark = alt.Chart(values(rows)).mark_point(
            shape=look.shape, filled=True, color=look.color, size=80, opacity=1, clip=False
        )
        layers.append(mark.encode(x=x, y=_y(tops)))
    return layers


def _differences(
    numbers: pd.DataFrame, arms: Sequence[str], tops: dict[str, float], width_px: float, heading: str
) -> list[alt.Chart]:
    """Draw the risk differences with their intervals, and print them at the right."""
    axis = alt.Axis(
        title=f"Difference from {arms[0]} (% points)", labelExpr=_PERCENT, tickCount=4, grid=True, domain=False,
        ticks=False,
    )  # fmt: skip
    x = alt.X("difference:Q", scale=alt.Scale(zero=True), axis=axis)
    zero = alt.Chart(values([{"difference": 0}])).mark_rule(color=style.MUTED, strokeDash=[3, 3])
    layers = [zero.encode(x=x)]
    looks = style.arm_styles(arms)
    for index, arm in enumerate(arms[1:]):
        shift_px = (index - (len(arms) - 2) / 2) * _ROW_PX
        rows = numbers[numbers["arm"] == arm]
        base = alt.Chart(values(rows.assign(y=[_middle_px(tops, str(term)) + shift_px for term in rows["term"]])))
        color, y = looks[arm].color, _y(tops)
        layers += [
            base.mark_rule(color=color, strokeWidth=1.6).encode(x=alt.X("lower:Q"), x2="upper:Q", y=y),
            base.mark_point(shape=looks[arm].shape, filled=True, color=color, size=80, opacity=1).encode(x=x, y=y),
            base.mark_text(align="left", baseline="middle").encode(x=alt.value(width_px + 20), y=y, text="text:N"),
        ]
    head = alt.Chart(values([{}])).mark_text(text=heading, align="left", baseline="middle", color=style.MUTED)
    return [*layers, head.encode(x=alt.value(width_px + 20), y=alt.value(-16))]
