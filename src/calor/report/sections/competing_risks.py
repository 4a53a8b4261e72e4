"""The section of competing risks: a cumulative incidence figure for every event, counts, and the methods."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.kaplan_meier import kaplan_meier
from calor.report.section import Section
from calor.report.sections.events import RARE, methods_table
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_counts(finding), methods_table(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the cumulative incidence of the event, then of those that compete with it."""
    counts = finding.tables["counts"]
    events = [event for event in dict.fromkeys(counts["event"]) if event != "neither"]
    return tuple(_curve(finding, event, place) for place, event in enumerate(events, start=1))


def _curve(finding: Finding, event: str, place: int) -> Figure:
    curve, counts = finding.tables["curves"], finding.tables["counts"]
    curve, counts = curve[curve["event"] == event], counts[counts["event"] == event]
    steps = pd.DataFrame({**{c: curve[c] for c in ("arm", "time", "lower", "upper")}, "estimate": curve["incidence"]})
    highest = float(pd.concat([steps["estimate"], steps["upper"].dropna()]).max())
    shown = ", ".join(f"{r['participants']} of {r['n']} with {r['arm']}" for r in counts.to_dict("records"))
    return kaplan_meier(
        steps.assign(censored=False),
        finding.tables["at_risk"],
        arms=finding.arms,
        name=f"{anchor(finding.id)}-incidence-{place}",
        title=f"{capital(event)}: {shown}.",
        caption=f"{caption(finding)} Aalen-Johansen; band: pointwise log-log interval.",
        axes=("Days from randomization", f"Cumulative incidence of {event} (%)"),
        top=1.0 if highest > RARE else min(1.0, round(highest + 0.05, 1)),
    )


def _counts(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("event", "What ended follow-up"),
        Column("participants", "Participants", align="right"),
        Column("n", "n", align="right"),
        Column("percent", "%", digits=1, align="right"),
    ]
    return Table.from_frame(
        finding.tables["counts"],
        name=f"{anchor(finding.id)}-counts",
        title="Participants by the event that came first.",
        columns=columns,
    )
