"""The section of laboratory safety: shifts of CTCAE grades, what is not gradable and why, and the liver rule."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.edish import edish
from calor.report.section import Section
from calor.report.sections.words import anchor, caption, typeset
from calor.report.table import Column, Table

WORST = ("0", "1", "2", "3", "4", "not gradable", "not measured")


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(*_shifts(finding), *_not_gradable(finding), *_triggers(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw peak aminotransferase against peak bilirubin, where the data hold both."""
    if "edish" not in finding.tables:
        return ()
    peaks = finding.tables["edish"]
    met = {str(arm): (int(here["trigger"].sum()), len(here)) for arm, here in peaks.groupby("arm")}
    drawn = tuple(arm for arm in finding.arms if arm in met)
    counts = ", ".join(f"{met[arm][0]} of {met[arm][1]} with {arm}" for arm in drawn)
    return (
        edish(
            peaks,
            arms=drawn,
            name=f"{anchor(finding.id)}-edish",
            title=f"Participants who met the liver rule: {counts}.",
            caption=f"{caption(finding)} One dot per participant; a ring marks a trigger for review, which is no "
            "diagnosis. Lines: the rule's multiples of the upper limit of normal (ULN).",
            rule=(float(peaks["rule_aminotransferase"].iloc[0]), float(peaks["rule_bilirubin"].iloc[0])),
        ),
    )


def _shifts(finding: Finding) -> tuple[Table, ...]:
    """Lay the worst grades of every term side by side, a row per arm and grade at baseline that occurs."""
    table = finding.tables["shifts"]
    if table.empty:
        return ()
    rows: list[dict[str, object]] = []
    for term, here in table.groupby("term", sort=False):
        rows.append({"what": term, "depth": 0})
        for arm in finding.arms:
            mine = here[here["arm"] == arm]
            counts = {(r["baseline"], r["worst"]): int(r["participants"]) for r in mine.to_dict("records")}
            rows += [
                {"what": f"{arm}, from {_grade(baseline)}", "depth": 1}
                | {worst: str(counts[baseline, worst]) for worst in WORST}
                for baseline in WORST
                if any(counts[baseline, worst] for worst in WORST)
            ]
    columns = [
        Column("what", "Term, arm, baseline"),
        *(Column(worst, f"Grade {worst}" if worst.isdigit() else worst, align="right", missing="") for worst in WORST),
    ]
    return (
        Table.from_frame(
            pd.DataFrame(rows),
            name=f"{anchor(finding.id)}-shifts",
            title="Worst grade after baseline, by the grade at baseline.",
            columns=columns,
            note="Participants; rows with none are left out. Every participant of the set stands in one row per term.",
            indent="depth",
        ),
    )


def _grade(category: str) -> str:
    return f"grade {category}" if category.isdigit() else category


def _not_gradable(finding: Finding) -> tuple[Table, ...]:
    rows = finding.tables["not_gradable"]
    if rows.empty:
        return ()
    columns = [
        Column("term", "Term"),
        Column("reason", "Why not gradable"),
        Column("arm", "Arm"),
        Column("values", "Values", align="right"),
    ]
    return (
        Table.from_frame(
            rows,
            name=f"{anchor(finding.id)}-not-gradable",
            title="Values that could not be graded, and why.",
            columns=columns,
            note="ULN and LLN: upper and lower limit of normal.",
        ),
    )


def _triggers(finding: Finding) -> tuple[Table, ...]:
    """List the participants to review; a sentence stands for an empty list."""
    if "triggers" not in finding.tables or finding.tables["triggers"].empty:
        return ()
    rows = finding.tables["triggers"]
    shown = rows.assign(met=["met" if met else "both raised, outside the window" for met in rows["trigger"]])
    columns = [
        Column("participant", "Participant"),
        Column("arm", "Arm"),
        Column("aminotransferase", "Peak ALT or AST, × ULN", digits=1, align="right"),
        Column("bilirubin", "Peak bilirubin, × ULN", digits=1, align="right"),
        Column("met", "Liver rule"),
        Column("trigger_day", "Study day", align="right", missing="none"),
    ]
    return (
        Table.from_frame(
            shown,
            name=f"{anchor(finding.id)}-liver-triggers",
            title="Participants to review for liver injury.",
            columns=columns,
            note="A trigger asks for a review of other causes; it is not a Hy's law case.",
        ),
    )
