"""Attrition funnel in CONSORT's style: who is left after each criterion, and beside it who is not."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.boxes import Arrow, Box, Line, fitted, picture
from calor.report.tidy import require

_MAIN_PX = 330.0
_GAP_PX = 30.0
_SIDE_PX = style.PLOT_WIDTH_PX - _MAIN_PX - _GAP_PX
_DROP_PX = 22.0


def funnel(table: pd.DataFrame, *, name: str, title: str, caption: str) -> Figure:
    """Draw the funnel.

    Args:
        table: One row per step, in order: `label`; `left`, those who met everything so far; `not_met` and
            `undetermined` among those who were left before. Counts, or texts where small cells are hidden.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath.

    Raises:
        ReportError: A column is missing, there is no row, or more are left than were before.

    >>> steps = pd.DataFrame([("Persons", 100, 0, 0), ("Infarction", 10, 90, 0)],
    ...                      columns=["label", "left", "not_met", "undetermined"])
    >>> funnel(steps, name="funnel", title="10 of 100.", caption="All records.").name
    'funnel'
    """
    table = require(table, ["label", "left", "not_met", "undetermined"], where=name)
    _check(table, name)
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    above: Box | None = None
    for number, step in enumerate(table.to_dict("records")):
        words = f"{step['label']} (n\u00a0=\u00a0{_count(step['left'])})"
        side = _left_out(step)
        top_px = 0.0 if above is None else above.bottom_px + _drop(above, side)
        main = Box(0.0, top_px, _MAIN_PX, tuple(fitted(words, _MAIN_PX, bold=number in {0, len(table) - 1})))
        if above is not None:
            arrows.append(Arrow(((above.middle_px, above.bottom_px), (above.middle_px, main.top_px))))
            level_px = (above.bottom_px + main.top_px) / 2
            if side:
                arrows.append(Arrow(((above.middle_px, level_px), (_MAIN_PX + _GAP_PX, level_px))))
                height_px = Box(0, 0, _SIDE_PX, tuple(side)).height_px
                boxes.append(Box(_MAIN_PX + _GAP_PX, level_px - height_px / 2, _SIDE_PX, tuple(side)))
        boxes.append(main)
        above = main
    return draw(picture(boxes, arrows, []), name=name, title=title, caption=caption)


def _check(table: pd.DataFrame, name: str) -> None:
    counts = pd.to_numeric(table["left"], errors="coerce")
    if (counts.diff() > 0).any() and counts.notna().all():
        raise ReportError.must("left", "never rise", counts.to_list(), where=name, fix="Give the steps in order.")


def _count(value: object) -> str:
    return value if isinstance(value, str) else f"{int(str(value)):,}"


def _left_out(step: Mapping[Hashable, object]) -> list[Line]:
    """Say who is not left; nothing where all are."""
    parts = [("Not met", step["not_met"]), ("Undetermined", step["undetermined"])]
    words = [f"{word} (n\u00a0=\u00a0{_count(n)})" for word, n in parts if _count(n) != "0"]
    return fitted(" · ".join(words), _SIDE_PX) if words else []


def _drop(above: Box, side: list[Line]) -> float:
    """Leave room for the box beside, which stands level with the gap."""
    return max(_DROP_PX, Box(0, 0, _SIDE_PX, tuple(side)).height_px - above.height_px + 8 if side else 0.0)
