"""The section of a binary endpoint: the share of each arm with the difference, and every method beneath."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.adverse_events import adverse_events
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
        tables=(_shares(finding), methods_table(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw each arm's share and the difference from control."""
    shares, methods = finding.tables["shares"], finding.tables["methods"]
    term = capital(finding.label)
    shown = methods[methods["measure"] == "difference"].drop_duplicates("comparison")
    differences = pd.DataFrame(
        {"term": term, "arm": finding.arms[1:], **{c: shown[c].to_numpy() for c in ("lower", "upper")}}
    ).assign(difference=shown["estimate"].to_numpy())
    counts = ", ".join(f"{r['met']} of {r['participants']} with {r['arm']}" for r in shares.to_dict("records"))
    return (
        adverse_events(
            pd.DataFrame({"term": term, "arm": shares["arm"], "incidence": shares["percent"] / 100}),
            differences,
            arms=finding.arms,
            name=f"{anchor(finding.id)}-shares",
            title=f"{term}: {counts}.",
            caption=caption(finding) if shown["primary"].iloc[0] else f"{caption(finding)} {_by(shown)}",
        ),
    )


def _by(shown: pd.DataFrame) -> str:
    """Say by which method the difference is drawn where the primary one gives none."""
    return f"Difference: {shown['name'].iloc[0]}."


def _shares(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("met", "Participants", align="right"),
        Column("participants", "of", align="right"),
        Column("percent", "%", digits=1, align="right"),
        Column("lower", "CI, lower", digits=1, align="right"),
        Column("upper", "CI, upper", digits=1, align="right"),
    ]
    return Table.from_frame(
        finding.tables["shares"],
        name=f"{anchor(finding.id)}-shares-table",
        title=f"{capital(finding.label)}, by arm.",
        columns=columns,
        note="Exact (Clopper-Pearson) limits.",
    )
