"""The section of coding: by which dictionary, and what a coder must look at."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.section import Section
from calor.report.sections.words import anchor
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=finding.label,
        sentence=" ".join(f"{s}." for s in finding.sentences),
        tables=_listing(finding),
        notes=finding.notes,
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Return none: a list of texts has no picture."""
    return ()


def _listing(finding: Finding) -> tuple[Table, ...]:
    rows = finding.tables["listing"]
    if rows.empty:
        return ()
    columns = [
        Column("participant", "Participant"),
        Column("reported", "As reported"),
        Column("data", "In the data"),
        Column("dictionary", "In the dictionary"),
        Column("why", "Why it is listed"),
    ]
    return (
        Table.from_frame(
            rows, name=f"{anchor(finding.id)}-listing", title="Events that a coder must look at.", columns=columns
        ),
    )
