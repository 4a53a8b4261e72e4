"""The section of subgroups: a forest with interaction tests, and the same estimates drawn towards each other."""

from __future__ import annotations

import pandas as pd

from calor.analyze.estimate import format_p
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
        title=f"{finding.role.capitalize()}: {finding.label} in subgroups",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_levels(finding), _shrunk(finding), _interactions(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the effect in everyone and in every level of each factor."""
    overall = finding.tables["overall"].iloc[0]
    levels = finding.tables["levels"]
    rows = pd.DataFrame(
        {
            "label": levels["level"],
            "group": [capital(str(name)) for name in levels["name"]],
            "estimate": levels["effect"],
            "lower": levels["lower"],
            "upper": levels["upper"],
            "n": levels["n"].astype(str),
            "p_interaction": [format_p(p).removeprefix("p ").removeprefix("= ") for p in levels["p_interaction"]],
        }
    )
    everyone = pd.DataFrame(
        [
            {
                "label": "Everyone",
                "group": "",
                "estimate": overall["estimate"],
                "lower": overall["lower"],
                "upper": overall["upper"],
                "n": str(int(overall["n"])),
                "p_interaction": "",
            }
        ]
    )
    axis = finding.tables["axis"].iloc[0]
    unit = "" if axis["unit"] == "1" else f" ({axis['unit']})"
    return (
        forest(
            pd.concat([everyone, rows], ignore_index=True),
            name=f"{anchor(finding.id)}-forest",
            title=_title(finding),
            caption=caption(finding),
            axis=f"Difference in {axis['label']}{unit}",
            favours=_favours(finding),
        ),
    )


def _favours(finding: Finding) -> tuple[str, str]:
    """Say which arm a difference on either side favors."""
    control, active = (f"{arm} better" for arm in finding.arms)
    return (active, control) if finding.tables["axis"]["better"].iloc[0] == "lower" else (control, active)


def _title(finding: Finding) -> str:
    levels = finding.tables["levels"].drop_duplicates("factor")
    alpha = 1 - float(finding.tables["overall"]["level"].iloc[0])
    clear = [str(name) for name in levels["name"][levels["p_holm"] <= alpha]]
    if clear:
        return f"The effect differs by {' and by '.join(clear)}."
    return "No factor is shown to change the effect."


def _levels(finding: Finding) -> Table:
    columns = [
        Column("n", "n", align="right"),
        Column("effect", "Effect", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
    ]
    return _by_level(
        finding,
        "levels",
        "The effect in each subgroup.",
        columns,
        "The levels of a factor share one residual variance.",
    )


def _shrunk(finding: Finding) -> Table:
    columns = [
        Column("effect", "As estimated", digits=3, align="right"),
        Column("shrunk", "Drawn together", digits=3, align="right"),
        Column("shrunk_lower", "CI, lower", digits=3, align="right"),
        Column("shrunk_upper", "CI, upper", digits=3, align="right"),
    ]
    title = "The effect in each subgroup, drawn towards the other levels."
    return _by_level(finding, "shrunk", title, columns, "Empirical Bayes within each factor.")


def _by_level(finding: Finding, name: str, title: str, columns: list[Column], note: str) -> Table:
    levels = finding.tables["levels"]
    named = levels.assign(subgroup=[f"{capital(f)}: {v}" for f, v in zip(levels["name"], levels["level"], strict=True)])
    first = Column("subgroup", "Subgroup")
    return Table.from_frame(
        named, name=f"{anchor(finding.id)}-{name}", title=title, columns=[first, *columns], note=note
    )


def _interactions(finding: Finding) -> Table:
    columns = [
        Column("name", "Factor"),
        Column("p_interaction", "Interaction p", digits=4, align="right"),
        Column("p_holm", "Holm", digits=4, align="right"),
    ]
    return Table.from_frame(
        finding.tables["levels"].drop_duplicates("factor"),
        name=f"{anchor(finding.id)}-interactions",
        title="Does the effect differ between the levels of a factor?",
        columns=columns,
        note="F test of treatment by factor. Holm: adjusted for the number of factors.",
    )
