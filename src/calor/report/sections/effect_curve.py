"""The section of an effect curve: the effect over the baseline marker, and where it is shown."""

from __future__ import annotations

import numpy as np

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.interaction import interaction
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table

POINTS = 9
"""Rows of the printed curve."""


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_points(finding),),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the effect against the baseline marker, with everyone's baseline beneath."""
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" ({axis['unit']})"
    test = finding.tables["test"].iloc[0]
    title = "The effect changes with" if test["p_value"] <= 1 - test["level"] else "No clear change of the effect with"
    band = (
        "Band: pointwise interval between the medians of the windows."
        if _windows(finding)
        else "Band: pointwise interval."
    )
    curve = finding.tables["curve"].rename(columns={"biomarker": "baseline"})
    return (
        interaction(
            curve[["baseline", "effect", "lower", "upper"]],
            finding.tables["participants"].rename(columns={"ARM_LABEL": "arm", "MODIFIER": "baseline"}),
            arms=finding.arms,
            name=f"{anchor(finding.id)}-curve",
            title=f"{title} {axis['biomarker']}.",
            caption=f"{caption(finding)} {band} Ticks: participants.",
            axes=(f"{capital(axis['biomarker'])}{unit}", "Difference between arms"),
            log=axis["scale"] == "log",
        ),
    )


def _windows(finding: Finding) -> bool:
    return bool(finding.tables["axis"]["form"].iloc[0] == "stepp")


def _points(finding: Finding) -> Table:
    """Print every window, or a few points of a curve."""
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" [{axis['unit']}]"
    curve = finding.tables["curve"]
    span = [
        Column("lower_biomarker", "From", digits=2, align="right"),
        Column("upper_biomarker", "To", digits=2, align="right"),
    ]
    columns = [
        Column("biomarker", f"{capital(axis['biomarker'])}{unit}{', median' if _windows(finding) else ''}", digits=2),
        *(span if _windows(finding) else []),
        Column("effect", "Effect", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
    ]
    rows = np.arange(len(curve)) if _windows(finding) else np.linspace(0, len(curve) - 1, POINTS).round().astype(int)
    return Table.from_frame(
        curve.iloc[rows],
        name=f"{anchor(finding.id)}-points",
        title="The effect along the baseline marker.",
        columns=columns,
        note=f"Method: {finding.method}. Intervals are pointwise.",
    )
