"""The section of a surrogacy: earlier trials' effects, and what this trial's effect foretells."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.points_and_line import points_and_line
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}, from other trials: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_trials(finding),),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the trials, their line with the prediction for a new trial, and where this one stands."""
    axis = finding.tables["axis"].iloc[0]
    foretold = finding.tables["prediction"].iloc[0]
    clear = foretold["lower"] > 0 or foretold["upper"] < 0
    says = "foretells an effect on the outcome" if clear else "foretells no clear effect on the outcome"
    return (
        points_and_line(
            finding.tables["trials"].rename(columns={"biomarker": "x", "endpoint": "y"}),
            finding.tables["line"],
            name=f"{anchor(finding.id)}-trials",
            title=f"This trial's effect on {axis['biomarker']} {says}.",
            caption=typeset(
                f"{caption(finding)} Dots: earlier trials. Band: prediction for a new, large trial. "
                f"This trial's effect: {foretold['x']:.3f}."
            ),
            axes=(f"Effect on {axis['biomarker']}", capital(str(axis["outcome"]))),
        ),
    )


def _trials(finding: Finding) -> Table:
    axis, trials = finding.tables["axis"].iloc[0], finding.tables["trials"]
    own = (
        finding.tables["prediction"]
        .rename(columns={"x": "biomarker", "y": "endpoint"})
        .assign(label="This trial, foretold")
    )
    columns = [
        Column("label", "Trial"),
        Column("biomarker", f"Effect on {axis['biomarker']}", digits=3, align="right"),
        Column("endpoint", capital(str(axis["outcome"])), digits=3, align="right"),
        Column("lower", "Lower", digits=3, align="right"),
        Column("upper", "Upper", digits=3, align="right"),
    ]
    return Table.from_frame(
        pd.concat([trials, own], ignore_index=True),
        name=f"{anchor(finding.id)}-table",
        title="What earlier trials showed, and what follows for this one.",
        columns=columns,
        note="Intervals of the earlier trials are confidence intervals, this trial's is a prediction interval.",
    )
