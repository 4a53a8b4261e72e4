"""The section of a dose trend: one sentence, one row."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.section import Section
from calor.report.sections.words import anchor, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    columns = [
        Column("label", "Slope"),
        Column("estimate", "Estimate", digits=4, align="right"),
        Column("se", "SE", digits=4, align="right"),
        Column("lower", "CI, lower", digits=4, align="right"),
        Column("upper", "CI, upper", digits=4, align="right"),
        Column("df", "df", digits=0, align="right"),
        Column("p_value", "p", digits=4, align="right"),
    ]
    table = Table.from_frame(
        finding.tables["slope"],
        name=f"{anchor(finding.id)}-slope",
        title="Dose as a number: one slope over the arms.",
        columns=columns,
        note=f"{finding.method}; {finding.population}.",
    )
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(f"{finding.sentences[0]}."),
        tables=(table,),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(_finding: Finding) -> tuple[Figure, ...]:
    """A slope over two or three doses needs no picture."""
    return ()
