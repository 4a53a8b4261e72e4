"""The section of an ANCOVA: the sentence, every participant's two values, the comparisons as a forest."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.forest import forest
from calor.report.figures.paired import paired
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
        tables=(_means(finding), _comparisons(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the differences, then baseline and follow-up of every participant."""
    return (_forest(finding), _paired(finding))


def _paired(finding: Finding) -> Figure:
    people = finding.tables["participants"].rename(columns={"ARM_LABEL": "arm", "BASE": "baseline", "AVAL": "followup"})
    label = str(finding.tables["axis"]["label"].iloc[0])
    means = people.groupby("arm")[["baseline", "followup"]].mean().reset_index()
    return paired(
        people,
        means,
        arms=finding.arms,
        name=f"{anchor(finding.id)}-participants",
        title=f"Every participant's {label}, baseline to follow-up.",
        caption=f"{caption(finding)} Thick line: mean of the arm.",
        axis=f"{capital(label)} ({_unit(finding)})",
    )


def _unit(finding: Finding) -> str:
    unit = str(finding.tables["axis"]["unit"].iloc[0])
    return "ratio, no unit" if unit == "1" else unit


def _forest(finding: Finding) -> Figure:
    main = finding.tables["differences"]
    beside = finding.tables["beside"]
    same_scale = beside[beside["scale"] == "difference"]
    label = "Primary model: ANCOVA" if finding.role == "primary" else "ANCOVA"
    rows = pd.concat([main.assign(method=label), same_scale], ignore_index=True)
    table = pd.DataFrame(
        {
            "label": rows["method"],
            "estimate": rows["estimate"],
            "lower": rows["lower"],
            "upper": rows["upper"],
            "n": rows["n"].astype(str),
        }
    )
    if len(finding.arms) > 2:
        table["label"] = rows["label"]
    return forest(
        table,
        name=f"{anchor(finding.id)}-forest",
        title=_forest_title(finding),
        caption=caption(finding),
        axis=f"Difference in {finding.label} ({_unit(finding)})",
        favours=_favours(finding),
    )


def _favours(finding: Finding) -> tuple[str, str] | None:
    """Say which arm a difference on either side favors, where there is one active arm."""
    if len(finding.arms) > 2:
        return None
    control, active = (f"{arm} better" for arm in finding.arms)
    return (active, control) if finding.tables["axis"]["better"].iloc[0] == "lower" else (control, active)


def _forest_title(finding: Finding) -> str:
    rows = zip(finding.arms[1:], finding.tables["differences"].to_dict("records"), strict=True)
    clear = [(arm, "lower" if row["upper"] < 0 else "higher") for arm, row in rows if row["lower"] * row["upper"] > 0]
    if not clear:
        return f"No clear difference between arms in {finding.label}."
    return (
        "; ".join(f"{capital(finding.label)} was {way} with {arm} than with {finding.arms[0]}" for arm, way in clear)
        + "."
    )


def _means(finding: Finding) -> Table:
    arms = finding.tables["arms"].merge(
        finding.tables["ls_means"].rename(columns={"label": "arm", "estimate": "ls_mean", "se": "ls_se"})[
            ["arm", "ls_mean", "ls_se"]
        ],
        on="arm",
    )
    columns = [Column("arm", "Arm"), Column("n", "n", align="right")]
    for key, label in (
        ("baseline_mean", "Baseline, mean"),
        ("baseline_sd", "SD"),
        ("value_mean", "Follow-up, mean"),
        ("value_sd", "SD"),
        ("response_mean", "Response, mean"),
        ("response_sd", "SD"),
        ("ls_mean", "LS mean"),
        ("ls_se", "SE"),
    ):
        columns.append(Column(key, label, digits=3, align="right"))
    if (arms["response_mean"] - arms["value_mean"]).abs().max() == 0:
        columns = [c for c in columns if not c.key.startswith("response")]
    return Table.from_frame(
        arms,
        name=f"{anchor(finding.id)}-means",
        title=f"{capital(finding.label)}: means by arm.",
        columns=columns,
        note="LS means at the mean of the covariates, levels of factors weighted equally.",
    )


def _comparisons(finding: Finding) -> Table:
    main = finding.tables["differences"].assign(method="ANCOVA, as declared")
    rows = pd.concat([main, finding.tables["beside"]], ignore_index=True)
    several = [Column("label", "Comparison")] if len(finding.arms) > 2 else []
    columns = [
        Column("method", "Method"),
        *several,
        Column("estimate", "Estimate", digits=3, align="right", missing="none"),
        Column("lower", "CI, lower", digits=3, align="right", missing="none"),
        Column("upper", "CI, upper", digits=3, align="right", missing="none"),
        Column("se", "SE", digits=4, align="right", missing="none"),
        Column("df", "df", digits=1, align="right", missing="none"),
        Column("p_value", "p", digits=4, align="right"),
        Column("n", "n", align="right"),
    ]
    return Table.from_frame(
        rows,
        name=f"{anchor(finding.id)}-comparisons",
        title="The declared model, and the same comparison by other methods.",
        columns=columns,
        note="Only the declared model answers the question; the others show whether the answer hangs on it.",
    )
