"""The section of interactions with several biomarkers in one model: the slope of each, the others held fixed."""

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
        tables=(_slopes(finding), _correlation(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the change of the effect with each biomarker."""
    slopes = finding.tables["slopes"]
    test = finding.tables["test"].iloc[0]
    shown = "The effect changes with" if test["p_value"] <= 1 - test["level"] else "No clear change of the effect with"
    return (
        forest(
            slopes.assign(label=[f"Per {label}" for label in slopes["label"]])[["label", "estimate", "lower", "upper"]],
            name=f"{anchor(finding.id)}-forest",
            title=f"{shown} the biomarkers taken together.",
            caption=caption(finding),
            axis="Change of the difference between arms",
        ),
    )


def _slopes(finding: Finding) -> Table:
    columns = [
        Column("label", "Per"),
        Column("estimate", "Change of the effect", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
        Column("p_value", "p", digits=4, align="right"),
    ]
    return Table.from_frame(
        finding.tables["slopes"].assign(label=[capital(str(label)) for label in finding.tables["slopes"]["label"]]),
        name=f"{anchor(finding.id)}-slopes",
        title="Change of the effect with each biomarker, the others held fixed.",
        columns=columns,
        note=f"All together p = {finding.tables['test']['p_value'].iloc[0]:.3f}.",
    )


def _correlation(finding: Finding) -> Table:
    table = finding.tables["correlation"]
    names = [str(name) for name in table.columns if name != "label"]
    return Table.from_frame(
        table.assign(label=[capital(name) for name in names]),
        name=f"{anchor(finding.id)}-correlation",
        title="How the biomarkers hang together.",
        columns=[Column("label", "Correlation"), *(Column(n, capital(n), digits=2, align="right") for n in names)],
    )
