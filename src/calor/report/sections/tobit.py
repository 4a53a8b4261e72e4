"""The section of a Tobit regression: arms compared where some values lie below a limit of detection."""

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
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_contrasts(finding), _counts(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the comparisons."""
    axis, table = finding.tables["axis"].iloc[0], finding.tables["contrasts"]
    log = axis["scale"] == "log"
    unit = "" if axis["unit"] == "1" or log else f" ({axis['unit']})"
    null = 1.0 if log else 0.0
    clear = bool(((table["lower"] > null) | (table["upper"] < null)).any())
    return (
        forest(
            table.assign(n=table["n"].astype(str))[["label", "estimate", "lower", "upper", "n"]],
            name=f"{anchor(finding.id)}-forest",
            title=f"{'A' if clear else 'No clear'} difference in {axis['label']}, undetected values counted as such.",
            caption=caption(finding),
            axis=f"{'Ratio' if log else 'Difference'} in {axis['label']}{unit}",
            scale="ratio" if log else "difference",
        ),
    )


def _contrasts(finding: Finding) -> Table:
    log = finding.tables["axis"]["scale"].iloc[0] == "log"
    columns = [
        Column("label", "Comparison"),
        Column("estimate", "Ratio" if log else "Difference", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
        Column("p_value", "p", digits=4, align="right"),
        Column("n", "n", align="right"),
    ]
    return Table.from_frame(
        finding.tables["contrasts"],
        name=f"{anchor(finding.id)}-contrasts",
        title=f"{capital(finding.label)}: arms compared.",
        columns=columns,
        note=f"Method: {finding.method}.",
    )


def _counts(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("participants", "Participants", align="right"),
        Column("measured", "Measured", align="right"),
        Column("below", "Below the limit", align="right"),
    ]
    return Table.from_frame(
        finding.tables["counts"],
        name=f"{anchor(finding.id)}-counts",
        title="How many values were not detected.",
        columns=columns,
    )
