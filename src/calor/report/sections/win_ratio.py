"""The section of a hierarchical composite: what each component decides, and the results."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.two_dots import two_dots
from calor.report.number import number
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
        tables=(_levels(finding), _methods(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw, for each active arm, the pairs that each component decides."""
    drawn = []
    for place, active in enumerate(finding.arms[1:], start=1):
        rows = finding.tables["levels"]
        rows = rows[rows["arm"] == active]
        pairs, won, lost = int(rows["pairs"].iloc[0]), int(rows["wins"].sum()), int(rows["losses"].sum())
        title = f"Of {pairs:,} pairs, {active} did better in {won:,} and {finding.arms[0]} in {lost:,}."
        drawn.append(
            two_dots(
                shares(rows.assign(level=rows["level"].map(capital))),
                series=(finding.arms[0], active),
                axis="Pairs in which the arm's participant did better (%)",
                heading="Still tied",
                name=f"{anchor(finding.id)}-wins-{place}",
                title=title,
                caption=f"{caption(finding)} Components in the order in which they decide.",
            )
        )
    return tuple(drawn)


def shares(levels: pd.DataFrame) -> pd.DataFrame:
    """Turn pairs won, lost and left at each component into percentages, as the figure wants them.

    >>> shares(pd.DataFrame({"level": ["Death"], "wins": [10], "losses": [4], "left": [86], "pairs": [100]})).values
    array([['Death', 4.0, 10.0, '86.0 %']], dtype=object)
    """
    percent = 100 / levels["pairs"]
    tied = [f"{number(share, 1)} %" for share in levels["left"] * percent]
    return pd.DataFrame(
        {
            "label": levels["level"],
            "first": levels["losses"] * percent,
            "second": levels["wins"] * percent,
            "text": tied,
        }
    )


def _levels(finding: Finding) -> Table:
    several = [Column("comparison", "Comparison")] if len(finding.arms) > 2 else []
    columns = [
        Column("level", "Component"),
        *several,
        Column("wins", "Won", align="right"),
        Column("losses", "Lost", align="right"),
        Column("left", "Still tied", align="right"),
    ]
    rows = finding.tables["levels"]
    return Table.from_frame(
        rows.assign(level=rows["level"].map(capital)),
        name=f"{anchor(finding.id)}-levels",
        title="Pairs of participants that each component decides.",
        columns=columns,
        note="Won: the participant on active treatment did better.",
    )


def _methods(finding: Finding) -> Table:
    rows = finding.tables["methods"]
    names = [f"{r['name']} (declared)" if r["primary"] else r["name"] for r in rows.to_dict("records")]
    several = [Column("comparison", "Comparison")] if len(finding.arms) > 2 else []
    columns = [
        Column("name", "Result"),
        *several,
        Column("estimate", "Estimate", digits=3, align="right", missing="test only"),
        Column("lower", "CI, lower", digits=3, align="right", missing=""),
        Column("upper", "CI, upper", digits=3, align="right", missing=""),
        Column("p_value", "p", digits=4, align="right"),
    ]
    return Table.from_frame(
        rows.assign(name=names),
        name=f"{anchor(finding.id)}-methods",
        title="The composite's results.",
        columns=columns,
        note="Win ratio: wins over losses; win odds count half of each tie on either side; net benefit: "
        "share won minus share lost.",
    )
