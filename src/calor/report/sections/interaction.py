"""The section of a treatment-by-biomarker interaction: the effect as a function of the baseline marker."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.interaction import interaction
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset, within
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s.removesuffix('.')}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_effects(finding),),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the effect against the baseline marker, with everyone's baseline beneath."""
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" ({axis['unit']})"
    slope = finding.tables["slope"].iloc[0]
    clear = slope["lower"] > 0 or slope["upper"] < 0
    title = "The effect changes with" if clear else "No clear change of the effect with"
    people = finding.tables["participants"].rename(columns={"ARM_LABEL": "arm", "MODIFIER": "baseline"})
    return (
        interaction(
            _marked(finding),
            people,
            arms=finding.arms,
            name=f"{anchor(finding.id)}-curve",
            title=f"{title} {axis['biomarker']}.",
            caption=f"{caption(finding)} Band: pointwise interval. Thick: where an effect is shown, simultaneously. "
            "Marks: percentiles. Ticks: participants.",
            axes=(f"{capital(axis['biomarker'])}{unit}", "Difference between arms"),
            log=axis["scale"] == "log",
        ),
    )


def _marked(finding: Finding) -> pd.DataFrame:
    """Return the curve with the percentiles among its points."""
    curve = finding.tables["curve"].rename(columns={"biomarker": "baseline"}).assign(percentile="")
    points = finding.tables["effects"].rename(columns={"biomarker": "baseline"})
    points = points.assign(percentile=[f"{p:g}th" for p in points["percentile"]])
    columns = ["baseline", "effect", "lower", "upper", "percentile"]
    both = pd.concat([curve[columns], points[columns]]).sort_values("baseline", kind="stable")
    drawn = pd.DataFrame(both[np.isfinite(both["baseline"])]).reset_index(drop=True)
    return drawn.assign(shown=within(drawn["baseline"], finding.tables["regions"]))


def _effects(finding: Finding) -> Table:
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" [{axis['unit']}]"
    columns = [
        Column("percentile", "Percentile", digits=0),
        Column("biomarker", f"{capital(axis['biomarker'])}{unit}", digits=2, align="right"),
        Column("effect", "Effect", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
        Column("p_value", "p", digits=4, align="right"),
    ]
    return Table.from_frame(
        finding.tables["effects"],
        name=f"{anchor(finding.id)}-effects",
        title="The effect at percentiles of the baseline marker.",
        columns=columns,
        note="These p-values say whether the effect differs from 0 there; the interaction is tested by the slope.",
    )
