"""The screen of the health records: who is left, why the others are not, whom to call, what another gate would do."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.funnel import funnel
from calor.report.figures.upset import upset
from calor.report.section import Section
from calor.report.sections.words import anchor, typeset
from calor.report.table import Column, Table

_COUNTS = (("left", "Left"), ("not_met", "Not met"), ("undetermined", "Undetermined"), ("alone", "Only this one fails"))


def section(finding: Finding) -> Section:
    """Compose the section; tables that hold nothing are left out."""
    tables = (_steps(finding), _worklist(finding), _near(finding), _soonest(finding), _what_if(finding))
    return Section(
        id=anchor(finding.id),
        title=finding.label,
        sentence=typeset(". ".join(finding.sentences) + "."),
        figures=figures(finding),
        tables=tuple(table for table in tables if table.rows),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the funnel, the reasons and the what-if, as far as there is something to draw."""
    drawn = [_funnel(finding)]
    if not finding.tables["overlap"].empty:
        drawn.append(_reasons(finding))
    if not finding.tables["what_if"].empty:
        drawn.append(_moved(finding))
    return tuple(drawn)


def _funnel(finding: Finding) -> Figure:
    steps = finding.tables["funnel"]
    last = pd.DataFrame({"label": ["Eligible"], "left": steps["left"].iloc[-1:].to_list()})
    return funnel(
        pd.concat([steps, last.assign(not_met=0, undetermined=0)], ignore_index=True),
        name=f"{finding.id}-funnel",
        title=f"{steps['left'].iloc[-1]:,} of {steps['left'].iloc[0]:,} persons meet every criterion.",
        caption=f"Criteria in the protocol's order; {finding.population}. Undetermined: the records cannot tell.",
    )


def _reasons(finding: Finding) -> Figure:
    labels = dict(zip(finding.tables["labels"]["id"], finding.tables["labels"]["label"], strict=True))
    sets = finding.tables["overlap"]
    labels = {key: label for key, label in labels.items() if key in sets}
    failing = int(sets["candidates"].sum())
    first = sets.iloc[0]
    names = [f"“{label}”" for key, label in labels.items() if first[key]]
    what = f"{names[0]} alone" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} together"
    return upset(
        sets,
        labels=labels,
        name=f"{finding.id}-reasons",
        title=f"{int(first['candidates']):,} of {failing:,} candidates fail {what}.",
        caption="Candidates with infarction in the window who fail a criterion, by all that they fail; beside each "
        "criterion, how many fail it.",
    )


def _moved(finding: Finding) -> Figure:
    grid = finding.tables["what_if"]
    names = {k: "1 test" if k == 1 else f"{k} tests" for k in sorted(grid["tests"].unique())}
    table = pd.DataFrame({"series": grid["tests"].map(names), "x": grid["cutoff"], "y": grid["eligible_per_month"]})
    ours = grid[grid["protocol"]]
    marks = pd.DataFrame({"x": ours["cutoff"], "y": ours["eligible_per_month"]})
    marks["label"] = [f"protocol: {y:.1f} a month" for y in marks["y"]]
    title = "Fewer candidates become eligible as the gate's cut-off rises."
    if len(names) > 1:
        title = "Fewer candidates become eligible as the gate asks for more: a higher cut-off, or a repeated test."
    return curves(
        table,
        series=list(names.values()),
        marks=marks,
        name=f"{finding.id}-what-if",
        title=title,
        caption="Same records and other criteria; eligible now, by the months that the infarction's window spans.",
        axes=(f"Cut-off of {grid['label'].iloc[0]}", "Eligible per month"),
    )


def _steps(finding: Finding) -> Table:
    return Table.from_frame(
        finding.tables["funnel"],
        name=f"{finding.id}-steps",
        title="Candidates left after each criterion, and what each costs alone.",
        columns=[Column("label", "Criterion"), *(Column(key, word, 0, align="right") for key, word in _COUNTS)],
        note="Only this one fails: all other criteria are met. Counts are exact; results/screening also holds a funnel "
        "with small cells hidden, for sharing.",
    )


def _worklist(finding: Finding) -> Table:
    columns = [
        Column("rank", "Rank", align="right"),
        Column("status", "Status"),
        Column("score", "Score", 1, align="right"),
        Column("benefit_points", "Benefit", 1, align="right"),
        Column("urgency_points", "Urgency", 1, align="right"),
        Column("completeness_points", "Completeness", 1, align="right"),
        Column("days_left", "Days left", align="right", missing="no limit"),
        Column("decides", "What would decide", missing=""),
    ]
    return Table.from_frame(
        finding.tables["worklist"],
        name=f"{finding.id}-worklist",
        title="Whom to call first, without identifiers: ranked by parts that are shown and add up.",
        columns=columns,
        note="The first of the list; results/screening/worklist.parquet holds all, with identifiers.",
    )


def _near(finding: Finding) -> Table:
    columns = [Column("label", "Criterion"), Column("answer", "Answer"), Column("candidates", "Candidates", 0, "right")]
    return Table.from_frame(
        finding.tables["near_miss_counts"],
        name=f"{finding.id}-near-misses",
        title="Candidates who meet every criterion but one, and can still come to meet it.",
        columns=columns,
    )


def _soonest(finding: Finding) -> Table:
    columns = [Column("needs", "What is needed"), Column("on", "From"), Column("by", "Until", missing="no limit")]
    return Table.from_frame(
        finding.tables["near_misses"],
        name=f"{finding.id}-soonest",
        title="The near misses whose window closes first.",
        columns=columns,
    )


def _what_if(finding: Finding) -> Table:
    grid = finding.tables["what_if"]
    if grid.empty:
        return Table(f"{finding.id}-gates", "No gate.", (Column("cutoff", "Cut-off"),), ())
    shares = {f"{name}_percent": 100 * grid[name] for name in ("completeness", "screen_failures")}
    columns = [
        Column("cutoff", "Cut-off", 2, "right"),
        Column("tests", "Tests", align="right"),
        Column("eligible", "Eligible", 0, "right"),
        Column("undetermined", "Undetermined", 0, "right"),
        Column("eligible_per_month", "Eligible per month", 1, "right"),
        Column("completeness_percent", "Tests suffice (%)", 0, "right"),
        Column("screen_failures_percent", "Screen failures (%)", 0, "right"),
    ]
    return Table.from_frame(
        grid.assign(**shares),
        name=f"{finding.id}-gates",
        title="What another gate would find in the same records.",
        columns=columns,
        note="Tests suffice: share of those who meet all else. Screen failures: share of those that do not pass.",
    )
