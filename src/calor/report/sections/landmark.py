"""The section of a landmark analysis: labelled not randomized in heading, figure and table."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.kaplan_meier import kaplan_meier
from calor.report.section import Section
from calor.report.sections.events import RARE
from calor.report.sections.words import anchor, caption, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}, not randomized: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_ratios(finding), _counts(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw cumulative incidence after the landmark in responders and others."""
    curve, axis = finding.tables["curve"], finding.tables["axis"].iloc[0]
    groups = tuple(str(group) for group in dict.fromkeys(curve["arm"]))
    steps = pd.DataFrame(
        {
            "arm": curve["arm"],
            "time": curve["time"],
            "estimate": 1 - curve["survival"],
            "lower": 1 - curve["upper"],
            "upper": 1 - curve["lower"],
            "censored": (curve["censored"] > 0) & (curve["events"] == 0),
        }
    )
    highest = float(pd.concat([steps["estimate"], steps["upper"].dropna()]).max())
    return (
        kaplan_meier(
            steps,
            finding.tables["at_risk"],
            arms=groups,
            name=f"{anchor(finding.id)}-curve",
            title="Not randomized: events after the landmark in responders and in others.",
            caption=f"{caption(finding)} Band: pointwise log-log interval.",
            axes=(f"Days from the landmark (day {axis['at']:g})", f"Cumulative incidence of {axis['label']} (%)"),
            top=1.0 if highest > RARE else min(1.0, round(highest + 0.05, 1)),
        ),
    )


def _ratios(finding: Finding) -> Table:
    columns = [
        Column("label", "Comparison"),
        Column("estimate", "Hazard ratio", digits=2, align="right"),
        Column("lower", "CI, lower", digits=2, align="right"),
        Column("upper", "CI, upper", digits=2, align="right"),
        Column("n", "n", align="right"),
    ]
    return Table.from_frame(
        finding.tables["ratios"],
        name=f"{anchor(finding.id)}-ratios",
        title="Not randomized: no effect of treatment.",
        columns=columns,
        note=f"Responder: {finding.tables['axis']['rule'].iloc[0]}. Nothing is tested.",
    )


def _counts(finding: Finding) -> Table:
    columns = [
        Column("group", "Group"),
        Column("arm", "Arm"),
        Column("events", "Participants with event", align="right"),
        Column("participants", "Participants", align="right"),
    ]
    return Table.from_frame(
        finding.tables["counts"],
        name=f"{anchor(finding.id)}-counts",
        title="Participants followed beyond the landmark.",
        columns=columns,
    )
