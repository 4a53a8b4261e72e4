"""CONSORT flow diagram: who was screened, randomized, treated, followed and analyzed, and why the others were not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from calor.errors import ReportError
from calor.report import style
from calor.report.figure import Figure, draw
from calor.report.figures.boxes import INDENT_PX, Arrow, Box, Line, fitted, picture
from calor.report.tidy import numbers, require

_WHOLE_TRIAL = {
    "screened": "Assessed for eligibility",
    "excluded": "Excluded",
    "randomized": "Randomized",
}
_PER_ARM = {
    "allocated": "Allocated to {arm}",
    "received": "Received allocated treatment",
    "not received": "Did not receive it",
    "lost": "Lost to follow-up",
    "discontinued": "Discontinued",
    "analyzed": "Analyzed",
    "not analyzed": "Not analyzed",
}
_ROWS = (
    ("Allocation", ("allocated", "received", "not received")),
    ("Follow-up", ("lost", "discontinued")),
    ("Analysis", ("analyzed", "not analyzed")),
)
_NEEDED = ("randomized", "allocated", "analyzed")

_LEFT_PX = 30.0
_RIGHT_PX = style.PLOT_WIDTH_PX
_GAP_PX = 18.0
_DROP_PX = 32.0
_TOP_BOX_PX = 236.0


def consort(flow: pd.DataFrame, *, arms: Sequence[str], name: str, title: str, caption: str) -> Figure:
    """Draw the CONSORT flow diagram.

    Args:
        flow: One row per count, with columns
            `stage`: "screened", "excluded", "randomized" for the whole trial; "allocated", "received", "not received",
            "lost", "discontinued", "analyzed", "not analyzed" for every arm;
            `arm`: the arm, empty for the whole trial;
            `count`: participants;
            `reason`: empty for the stage's own count; otherwise why, and the row is listed beneath that count.
            A stage that is not known is left out; "randomized", "allocated" and "analyzed" must be there.
        arms: Two to four arm names, control first.
        name: File stem and HTML id.
        title: One sentence that states what the figure shows.
        caption: The line beneath: analysis sets, data cut-off.

    Raises:
        ReportError: A column or a needed count is missing, a stage or arm is unknown, or counts do not add up.

    >>> flow = pd.DataFrame([("randomized", "", 63, ""), ("allocated", "Placebo", 31, ""),
    ...     ("allocated", "Active", 32, ""), ("analyzed", "Placebo", 29, ""), ("analyzed", "Active", 31, "")],
    ...     columns=["stage", "arm", "count", "reason"])
    >>> consort(flow, arms=["Placebo", "Active"], name="consort", title="60 were analyzed.", caption="ITT.").name
    'consort'
    """
    flow = require(flow, ["stage", "arm", "count", "reason"], where=name)
    flow = numbers(flow, ["count"], where=name).assign(
        arm=flow["arm"].fillna("").astype(str), reason=flow["reason"].fillna("").astype(str)
    )
    _check_names(flow, arms, name)
    _check_sums(flow, name)
    boxes, arrows = _enrollment(flow)
    margin = []
    above = [boxes[-1]]
    for label, stages in _ROWS:
        row = _arm_row(flow, arms, stages, above[0].bottom_px + _DROP_PX)
        if row:
            margin.append((label, (row[0].top_px + row[0].bottom_px) / 2))
            arrows += _fan(above[0], row) if len(above) == 1 else [_down(a, b) for a, b in zip(above, row, strict=True)]
            boxes += row
            above = row
    return draw(picture(boxes, arrows, margin), name=name, title=title, caption=caption)


def _check_names(flow: pd.DataFrame, arms: Sequence[str], name: str) -> None:
    """Refuse unknown stages and arms, a stage twice, and a stage that some arm lacks."""
    style.arm_styles(arms)
    wanted = {(stage, "") for stage in _WHOLE_TRIAL} | {(stage, arm) for stage in _PER_ARM for arm in arms}
    for stage, arm in flow[["stage", "arm"]].itertuples(index=False):
        if (stage, arm) not in wanted:
            raise ReportError.must(
                "stage, arm", f"be one of {', '.join(_WHOLE_TRIAL)} without an arm, or {', '.join(_PER_ARM)} with one",
                f"{stage!r}, {arm!r}", where=name, fix="Name stages and arms as listed.",
            )  # fmt: skip
    if flow.duplicated(["stage", "arm", "reason"]).any():
        twice = flow.loc[flow.duplicated(["stage", "arm", "reason"]), "stage"].iloc[0]
        raise ReportError.must("stage", "be counted once per arm and reason", twice, where=name, fix="Drop one.")
    present = set(flow["stage"]) | set(_NEEDED)
    # The box of the excluded hangs on the line down from the screened.
    present |= {"screened"} if "excluded" in present else set()
    have = set(flow.loc[flow["reason"] == "", ["stage", "arm"]].itertuples(index=False, name=None))
    for stage, arm in sorted(wanted - have):
        if stage in present:
            raise ReportError.must(
                "stage", "have its own count, in every arm if in any", f"none for {stage!r}, {arm or 'whole trial'!r}",
                where=name, fix="Add the row; 0 is a count.",
            )  # fmt: skip


def _check_sums(flow: pd.DataFrame, name: str) -> None:
    """Refuse counts that contradict each other."""
    own = flow[flow["reason"] == ""].groupby("stage")["count"].sum()
    sums = [("allocated", own["allocated"], own["randomized"])]
    if {"screened", "excluded"} <= set(own.index):
        sums.append(("screened - excluded", own["screened"] - own["excluded"], own["randomized"]))
    for what, total, randomized in sums:
        if total != randomized:
            raise ReportError.must(
                what, f"equal randomized ({randomized:g})", f"{total:g}", where=name, fix="Count everyone once."
            )
    if (flow["count"] < 0).any() or (flow["count"] % 1 != 0).any():
        raise ReportError.must("count", "be whole and not negative", flow["count"].min(), where=name, fix="Count.")


def _lines(flow: pd.DataFrame, stage: str, arm: str, width_px: float, *, head: bool) -> list[Line]:
    """Write one stage: its own count, then the reasons."""
    rows = flow[(flow["stage"] == stage) & (flow["arm"] == arm)].sort_values(
        "reason", key=lambda reasons: reasons != "", kind="stable"
    )
    words = {**_WHOLE_TRIAL, **_PER_ARM}[stage].format(arm=arm)
    lines: list[Line] = []
    for count, reason in rows[["count", "reason"]].itertuples(index=False):
        number = f"(n\u00a0=\u00a0{int(count):,})"
        if reason:
            lines += fitted(f"{reason} {number}", width_px, indent_px=INDENT_PX)
        else:
            lines += fitted(f"{words} {number}", width_px, bold=head)
    return lines


def _enrollment(flow: pd.DataFrame) -> tuple[list[Box], list[Arrow]]:
    """Lay out the boxes above the arms; the last is the one that was randomized."""
    left_px = (_LEFT_PX + _RIGHT_PX - _TOP_BOX_PX) / 2
    known = set(flow["stage"])
    boxes: list[Box] = []
    arrows: list[Arrow] = []
    top_px = 0.0
    if "screened" in known:
        lines = _lines(flow, "screened", "", _TOP_BOX_PX, head=True)
        boxes.append(Box(left_px, 0.0, _TOP_BOX_PX, tuple(lines)))
        top_px = boxes[0].bottom_px + _DROP_PX
    middle_px = left_px + _TOP_BOX_PX / 2
    if "excluded" in known:
        side_px = left_px + _TOP_BOX_PX + _GAP_PX
        width_px = _RIGHT_PX - side_px
        beside_px = top_px - _DROP_PX / 2 if boxes else 0.0
        side = Box(side_px, beside_px, width_px, tuple(_lines(flow, "excluded", "", width_px, head=True)))
        level_px = (side.top_px + side.bottom_px) / 2
        arrows.append(Arrow(((middle_px, level_px), (side_px, level_px))))
        boxes.append(side)
        top_px = side.bottom_px + _DROP_PX / 2
    randomized = Box(left_px, top_px, _TOP_BOX_PX, tuple(_lines(flow, "randomized", "", _TOP_BOX_PX, head=True)))
    if "screened" in known:
        arrows.append(_down(boxes[0], randomized))
    return [*boxes, randomized], arrows


def _arm_row(flow: pd.DataFrame, arms: Sequence[str], stages: Sequence[str], top_px: float) -> list[Box]:
    """Lay out one box per arm, as tall as the tallest; none where no stage of the row is known."""
    width_px = (_RIGHT_PX - _LEFT_PX - _GAP_PX * (len(arms) - 1)) / len(arms)
    known = [stage for stage in stages if stage in set(flow["stage"])]
    if not known:
        return []
    boxes = []
    for index, (arm, look) in enumerate(style.arm_styles(arms).items()):
        lines = [
            line
            for stage in known
            for line in _lines(flow, stage, arm, width_px, head=stage in ("allocated", "analyzed"))
        ]
        color = look.color if "allocated" in known else ""
        boxes.append(Box(_LEFT_PX + index * (width_px + _GAP_PX), top_px, width_px, tuple(lines), color=color))
    return [replace(box, least_px=max(b.height_px for b in boxes)) for box in boxes]


def _down(upper: Box, lower: Box) -> Arrow:
    """Connect two boxes that stand above each other."""
    return Arrow(((upper.middle_px, upper.bottom_px), (upper.middle_px, lower.top_px)))


def _fan(upper: Box, row: Sequence[Box]) -> list[Arrow]:
    """Connect one box to each box of a row beneath it."""
    turn_px = upper.bottom_px + (row[0].top_px - upper.bottom_px) / 2
    return [
        Arrow(
            (
                (upper.middle_px, upper.bottom_px),
                (upper.middle_px, turn_px),
                (box.middle_px, turn_px),
                (box.middle_px, box.top_px),
            )
        )
        for box in row
    ]
