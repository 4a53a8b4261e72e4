"""The section of a mediation: the effect through the mediator, the rest, and what would upset that answer."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.forest import forest
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table

SPLIT = ["indirect", "direct", "total"]


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}, mediator not randomized: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_effects(finding),),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the split of the effect, then the sensitivity of the part through the mediator."""
    return (_split(finding), _sensitivity(finding))


def _split(finding: Finding) -> Figure:
    table = finding.tables["effects"]
    rows = table[table["quantity"].isin(SPLIT)]
    through = rows[rows["quantity"] == "indirect"].iloc[0]
    clear = through["lower"] > 0 or through["upper"] < 0
    mediator = finding.tables["axis"]["mediator"].iloc[0]
    return forest(
        rows.assign(label=[capital(str(label)) for label in rows["label"]])[["label", "estimate", "lower", "upper"]],
        name=f"{anchor(finding.id)}-split",
        title=f"{'An' if clear else 'No clear'} effect through {mediator}, if nothing else moves both.",
        caption=caption(finding),
        axis="Difference between arms",
    )


def _sensitivity(finding: Finding) -> Figure:
    axis = finding.tables["axis"].iloc[0]
    curve = (
        finding.tables["sensitivity"].rename(columns={"rho": "x", "indirect": "y"}).assign(series="effect through it")
    )
    mark = pd.DataFrame([{"x": axis["rho_at_zero"], "y": 0.0, "label": typeset(f"none at {axis['rho_at_zero']:.2f}")}])
    return curves(
        curve,
        series=["effect through it"],
        name=f"{anchor(finding.id)}-sensitivity",
        title=typeset(f"A correlation of {axis['rho_at_zero']:.2f} between errors would explain that part away."),
        caption=f"{caption(finding)} Line: what the effect through the mediator would be at each correlation.",
        axes=("Correlation of the errors of mediator and endpoint", f"Effect through {axis['mediator']}"),
        marks=mark,
    )


def _effects(finding: Finding) -> Table:
    columns = [
        Column("label", "Quantity"),
        Column("estimate", "Estimate", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
    ]
    table = finding.tables["effects"]
    return Table.from_frame(
        table.assign(label=[capital(str(label)) for label in table["label"]]),
        name=f"{anchor(finding.id)}-effects",
        title="The effect split by linear models.",
        columns=columns,
        note="The interval of the effect through the mediator is a bootstrap one. Nothing is tested.",
    )
