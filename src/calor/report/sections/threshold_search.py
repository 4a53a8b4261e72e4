"""The section of a threshold search: how strong the interaction is at every cut-off tried."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}, post hoc: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_best(finding),),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the interaction statistic over the cut-offs."""
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" ({axis['unit']})"
    cuts, best = finding.tables["cuts"], finding.tables["best"].iloc[0]
    strength = pd.DataFrame({"series": "interaction", "x": cuts["cut"], "y": cuts["t"].abs()})
    shown = "a" if best["p_value"] <= 1 - best["level"] else "no"
    marks = pd.DataFrame(
        [
            {
                "x": best["cut"],
                "y": strength["y"].max(),
                "label": f"{best['cut']:.3g}{'' if axis['unit'] == '1' else ' ' + axis['unit']}",
            }
        ]
    )
    return (
        curves(
            strength,
            series=["interaction"],
            name=f"{anchor(finding.id)}-search",
            title=f"Post hoc: {shown} threshold of {axis['biomarker']} is shown, the search allowed for.",
            caption=f"{caption(finding)} Mark: the strongest cut-off.",
            axes=(f"Cut-off of {axis['biomarker']}{unit}", "Strength of the interaction, |t|"),
            marks=marks,
        ),
    )


def _best(finding: Finding) -> Table:
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" [{axis['unit']}]"
    columns = [
        Column("cut", f"Cut-off of {axis['biomarker']}{unit}", digits=2),
        Column("lower", "Bootstrap, lower", digits=2, align="right"),
        Column("upper", "Bootstrap, upper", digits=2, align="right"),
        Column("effect_below", "Effect below", digits=3, align="right"),
        Column("effect_above", "Effect at or above", digits=3, align="right"),
        Column("p_value", "p, search allowed for", digits=4, align="right"),
    ]
    return Table.from_frame(
        finding.tables["best"],
        name=f"{anchor(finding.id)}-best",
        title=capital(f"{finding.label}: chosen post hoc."),
        columns=columns,
        note="Not a cut-off to treat by: its interval says how far it may lie elsewhere.",
    )
