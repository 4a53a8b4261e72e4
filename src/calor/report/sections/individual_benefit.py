"""The section of individual benefit: the shrunken effect curve, and whether predicted benefit is observed."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.interaction import interaction
from calor.report.figures.points_and_line import points_and_line
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}, predicted: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_slopes(finding), _groups(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the posterior effect along the first biomarker, then observed against predicted effects."""
    return (_curve(finding), _calibration(finding))


def _curve(finding: Finding) -> Figure:
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" ({axis['unit']})"
    level = finding.tables["slopes"]["level"].iloc[0]
    return interaction(
        finding.tables["curve"],
        finding.tables["participants"].rename(columns={"ARM_LABEL": "arm"}),
        arms=finding.arms,
        name=f"{anchor(finding.id)}-posterior",
        title=f"What the effect may be along {axis['biomarker']}, drawn towards no change.",
        caption=f"{caption(finding)} Line: posterior mean, other biomarkers at their means. "
        f"Band: pointwise {100 * level:g} % credible interval. Ticks: participants.",
        axes=(f"{capital(axis['biomarker'])}{unit}", "Difference between arms"),
        log=axis["scale"] == "log",
    )


def _calibration(finding: Finding) -> Figure:
    groups = finding.tables["groups"].rename(columns={"predicted": "x", "observed": "y"})
    ends = [groups["x"].min(), groups["x"].max()]
    slope = finding.tables["judged"].iloc[0]
    told = slope["lower"] > 0
    return points_and_line(
        groups,
        pd.DataFrame({"x": ends, "y": ends}),
        name=f"{anchor(finding.id)}-calibration",
        title="Participants predicted to benefit more did."
        if told
        else "These predictions are not shown to tell who benefits.",
        caption=f"{caption(finding)} Dots: effect in groups by predicted effect. Line: observed as predicted.",
        axes=("Predicted difference between arms", "Observed difference between arms"),
    )


def _slopes(finding: Finding) -> Table:
    columns = [
        Column("label", "Effect"),
        Column("estimate", "Posterior mean", digits=3, align="right"),
        Column("lower", "Credible, lower", digits=3, align="right"),
        Column("upper", "Credible, upper", digits=3, align="right"),
    ]
    table = finding.tables["slopes"]
    return Table.from_frame(
        table.assign(label=[capital(str(label)) for label in table["label"]]),
        name=f"{anchor(finding.id)}-slopes",
        title="The average effect, and its change with each biomarker, drawn towards none.",
        columns=columns,
        note="Bayesian shrinkage model; nothing is tested.",
    )


def _groups(finding: Finding) -> Table:
    columns = [
        Column("group", "Group by predicted effect"),
        Column("predicted", "Predicted", digits=3, align="right"),
        Column("observed", "Observed", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
        Column("n", "n", align="right"),
    ]
    groups = finding.tables["groups"]
    return Table.from_frame(
        groups.assign(group=range(1, len(groups) + 1)),
        name=f"{anchor(finding.id)}-groups",
        title="Predicted effects, out of fold, against observed ones.",
        columns=columns,
        note="Ridge R-learner; intervals by Welch's t-test within groups.",
    )
