"""The section of the declared multiplicity procedure: which hypotheses are rejected."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.section import Section
from calor.report.sections.words import anchor, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    rows = finding.tables["hypotheses"]
    words = rows.assign(decision=["rejected" if r else "not rejected" for r in rows["rejected"]])
    columns = [
        Column("hypothesis", "Hypothesis"),
        Column("p_value", "p", digits=4, align="right"),
        Column("adjusted", "Adjusted p", digits=4, align="right"),
        Column("decision", "Decision"),
    ]
    table = Table.from_frame(
        words, name="multiplicity-hypotheses", title="The hypotheses that share the error rate.", columns=columns,
        note=f"{finding.method}.",
    )  # fmt: skip
    return Section(
        id=anchor(finding.id),
        title=finding.label,
        sentence=typeset(f"{finding.sentences[0]}."),
        tables=(table,),
        notes=finding.notes,
    )


def figures(_finding: Finding) -> tuple[Figure, ...]:
    """A list of decisions needs no picture."""
    return ()
