"""The section of a sensitivity to missing data: the difference under each assumption on those who dropped out."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.forest import forest
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    deltas = (_deltas(finding),) if len(finding.tables["deltas"]) else ()
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_strategies(finding), *deltas, _imputed(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the difference under each strategy, then with ever larger shifts of the active arm's imputed values."""
    axis = finding.tables["axis"].iloc[0]
    log = bool(axis["scale"] == "log")
    strategies, deltas = finding.tables["strategies"], finding.tables["deltas"]
    several = len(finding.arms) > 2
    first = strategies.assign(group="Values go on by", row=[capital(name) for name in strategies["strategy"]])
    alone = deltas[deltas["control"] == (1.0 if log else 0.0)]
    group = "Then multiplied by" if log else "Then added to imputed values"
    shifted = alone.assign(group=group, row=[f"{delta:.3g}" for delta in alone["active"]])
    rows = pd.concat([first, shifted] if len(shifted) else [first], ignore_index=True)
    unit = "" if axis["unit"] == "1" or log else f" ({axis['unit']})"
    return (
        forest(
            pd.DataFrame(
                {
                    "label": rows["row"] + (": " + rows["label"] if several else ""),
                    "group": rows["group"],
                    "estimate": rows["estimate"],
                    "lower": rows["lower"],
                    "upper": rows["upper"],
                }
            ),
            name=f"{anchor(finding.id)}-forest",
            title=_title(finding, log),
            caption=caption(finding),
            axis=f"{'Ratio' if log else 'Difference'} in {axis['label']}{unit}",
            scale="ratio" if log else "difference",
        ),
    )


def _title(finding: Finding, log: bool) -> str:
    table = finding.tables["strategies"]
    null = 1.0 if log else 0.0
    clear = (table["lower"] > null) | (table["upper"] < null)
    deltas = finding.tables["deltas"]
    tips = len(deltas) and not ((deltas["lower"] > null) | (deltas["upper"] < null)).all()
    if clear.all():
        shifted = ", and not every shift of imputed values" if tips else ""
        return f"The difference stands under every strategy for missing values{shifted}."
    if not clear.any():
        return "No clear difference under any strategy for missing values."
    return "Whether a difference is shown hangs on the strategy for missing values."


def _estimates(finding: Finding) -> list[Column]:
    log = finding.tables["axis"]["scale"].iloc[0] == "log"
    return [
        Column("estimate", "Ratio" if log else "Difference", digits=3, align="right"),
        Column("lower", "CI, lower", digits=3, align="right"),
        Column("upper", "CI, upper", digits=3, align="right"),
        Column("p_value", "p", digits=4, align="right"),
    ]


def _strategies(finding: Finding) -> Table:
    table = finding.tables["strategies"]
    several = [Column("label", "Comparison")] if len(finding.arms) > 2 else []
    return Table.from_frame(
        table.assign(strategy=[capital(name) for name in table["strategy"]]),
        name=f"{anchor(finding.id)}-strategies",
        title="The same comparison under other assumptions on missing values.",
        columns=[Column("strategy", "Strategy"), *several, *_estimates(finding), Column("serves", "What it estimates")],
        note="The first strategy serves the declared estimand; the others show what hangs on it.",
    )


def _deltas(finding: Finding) -> Table:
    log = finding.tables["axis"]["scale"].iloc[0] == "log"
    verb = "Factor" if log else "Added"
    columns = [
        Column("active", f"{verb}, active arm", digits=2),
        Column("control", f"{verb}, {finding.arms[0].lower()}", digits=2, align="right"),
        *([Column("label", "Comparison")] if len(finding.arms) > 2 else []),
        *_estimates(finding),
    ]
    return Table.from_frame(
        finding.tables["deltas"],
        name=f"{anchor(finding.id)}-deltas",
        title="Tipping point: the comparison with the imputed values shifted.",
        columns=columns,
        note=f"Shifts are applied after imputation by {finding.tables['strategies']['strategy'].iloc[0]}.",
    )


def _imputed(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("participants", "Participants", align="right"),
        Column("imputed", "Imputed at the last visit", align="right"),
    ]
    return Table.from_frame(
        finding.tables["imputed"],
        name=f"{anchor(finding.id)}-imputed",
        title="How many values are imputed.",
        columns=columns,
    )
