"""The section of responders at a landmark: labelled not randomized in heading, figure and table."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.forest import forest
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}, not randomized: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_differences(finding), _counts(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw responders against others in the active arm, and in the control arm beneath."""
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" ({axis['unit']})"
    rows = finding.tables["differences"]
    return (
        forest(
            rows.assign(label=rows["arm"], n=rows["n"].astype(str))[["label", "estimate", "lower", "upper", "n"]],
            name=f"{anchor(finding.id)}-forest",
            title="Not randomized: responders against others in each arm.",
            caption=caption(finding),
            axis=f"Responders minus others, {axis['label']}{unit}",
        ),
    )


def _differences(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("estimate", "Responders minus others", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
        Column("n", "n", align="right"),
    ]
    return Table.from_frame(
        finding.tables["differences"],
        name=f"{anchor(finding.id)}-differences",
        title="Not randomized: no effect of treatment.",
        columns=columns,
        note=f"Responder: {finding.tables['axis']['rule'].iloc[0]}. Nothing is tested.",
    )


def _counts(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("responders", "Responders", align="right"),
        Column("others", "Others", align="right"),
        Column("unknown", "Not judged", align="right"),
    ]
    return Table.from_frame(
        finding.tables["counts"],
        name=f"{anchor(finding.id)}-counts",
        title=capital("responders at the landmark."),
        columns=columns,
    )
