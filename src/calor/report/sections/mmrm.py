"""The section of a mixed model for repeated measures: the course of both arms, the comparison at each visit."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.course import course
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
        tables=(_contrasts(finding), _means(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the LS means of each arm over the visits."""
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" ({axis['unit']})"
    means = finding.tables["ls_means"].rename(columns={"label": "arm", "day": "time"})
    geometric = "Geometric LS mean" if axis["scale"] == "log" else "LS mean"
    return (
        course(
            means[["arm", "time", "estimate", "lower", "upper", "n"]],
            arms=finding.arms,
            name=f"{anchor(finding.id)}-course",
            title=_title(finding),
            caption=f"{caption(finding)} {geometric} with {means['level'].iloc[0] * 100:g} % interval.",
            axes=("Study day", f"{capital(str(axis['label']))}{unit}"),
            log=axis["scale"] == "log",
        ),
    )


def _title(finding: Finding) -> str:
    axis = finding.tables["axis"].iloc[0]
    contrasts = finding.tables["contrasts"]
    null = 1.0 if axis["scale"] == "log" else 0.0
    asked = contrasts[contrasts["visit"] == axis["at"]].to_dict("records")
    clear = [
        f"{capital(finding.label)} at {axis['at']} was {'lower' if row['upper'] < null else 'higher'} with {arm}"
        for arm, row in zip(finding.arms[1:], asked, strict=True)
        if row["upper"] < null or row["lower"] > null
    ]
    return f"{'; '.join(clear)}." if clear else f"No clear difference in {finding.label} at {axis['at']}."


def _contrasts(finding: Finding) -> Table:
    axis = finding.tables["axis"].iloc[0]
    table = finding.tables["contrasts"]
    several = [Column("label", "Comparison")] if len(finding.arms) > 2 else []
    columns = [
        Column("visit", "Visit"),
        *several,
        Column("estimate", "Ratio" if axis["scale"] == "log" else "Difference", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
        Column("df", "df", digits=1, align="right", missing="none"),
        Column("p_value", "p", digits=4, align="right", missing="not tested"),
    ]
    return Table.from_frame(
        table.assign(p_value=table["p_value"].where(table["visit"] == axis["at"])),
        name=f"{anchor(finding.id)}-contrasts",
        title=f"{capital(finding.label)}: arms compared at each visit.",
        columns=columns,
        note=f"The declared test is the one at {axis['at']}.",
    )


def _means(finding: Finding) -> Table:
    columns = [
        Column("visit", "Visit"),
        Column("label", "Arm"),
        Column("n", "Measured", align="right"),
        Column("estimate", "LS mean", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
    ]
    log = finding.tables["axis"]["scale"].iloc[0] == "log"
    return Table.from_frame(
        finding.tables["ls_means"].sort_values("day", kind="stable"),
        name=f"{anchor(finding.id)}-means",
        title=f"{capital(finding.label)}: {'geometric ' if log else ''}LS means by visit and arm.",
        columns=columns,
        note="At the mean of the covariates, levels of factors weighted equally.",
    )
