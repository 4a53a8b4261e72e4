"""The section of recurrent events: the mean number over time, counts, and the models of the rate."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.mean_cumulative import mean_cumulative
from calor.report.section import Section
from calor.report.sections.events import methods_table
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
    """Draw the mean number of events per participant."""
    counts = finding.tables["counts"]
    shown = ", ".join(f"{r['events']} in {r['participants']} with {r['arm']}" for r in counts.to_dict("records"))
    return (
        mean_cumulative(
            finding.tables["curve"],
            finding.tables["at_risk"],
            arms=finding.arms,
            name=f"{anchor(finding.id)}-mean",
            title=f"{capital(finding.label)}, all events: {shown}.",
            caption=f"{caption(finding)} Mean cumulative function; band: pointwise interval, robust to clustering.",
            axes=("Days from the start", f"Mean number per participant: {finding.label}"),
        ),
    )


def _counts(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("participants", "Participants", align="right"),
        Column("with_event", "With an event", align="right"),
        Column("events", "Events", align="right"),
        Column("most", "Most in one", align="right"),
        Column("years", "Participant-years", digits=1, align="right"),
        Column("rate", "Events per 100 years", digits=1, align="right"),
    ]
    return Table.from_frame(
        finding.tables["counts"],
        name=f"{anchor(finding.id)}-counts",
        title="All events of every participant.",
        columns=columns,
    )
