"""The sections that describe: the flow of participants, and the arms at baseline."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.consort import consort
from calor.report.number import number
from calor.report.section import Section
from calor.report.sections.words import anchor, typeset
from calor.report.table import Column, Table


def disposition_section(finding: Finding) -> Section:
    """Compose the flow of participants."""
    counts = finding.tables["counts"]
    labels = finding.tables["sets"].set_index("flag")["label"]
    rows = counts[(counts["step"] == "set") & counts["detail"].isin(labels.index)]
    cells = rows.assign(cell=[f"{r['participants']} ({r['percent']:.0f} %)" for r in rows.to_dict("records")])
    wide = cells.pivot_table(index="detail", columns="arm", values="cell", aggfunc="first", sort=False).reset_index()
    table = Table.from_frame(
        wide.assign(what=wide["detail"].map(labels)),
        name="analysis-sets",
        title="Participants in each analysis set.",
        columns=[Column("what", "Set"), *(Column(arm, arm, align="right") for arm in finding.arms)],
        note="Percent of those randomized.",
    )
    return Section(
        id=anchor(finding.id),
        title=finding.label,
        sentence=finding.sentences[0],
        figures=disposition_figures(finding),
        tables=(table,),
        notes=finding.notes,
    )


def disposition_figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the CONSORT flow diagram."""
    return (
        consort(
            finding.tables["flow"],
            arms=finding.arms,
            name="consort",
            title="From randomization to the primary analysis.",
            caption="CONSORT 2010 flow. Analyzed: the set of the primary analysis.",
        ),
    )


def baseline_section(finding: Finding) -> Section:
    """Compose the baseline table."""
    return Section(
        id=anchor(finding.id),
        title=finding.label,
        sentence=typeset(finding.sentences[0]),
        tables=(_baseline_table(finding),),
        notes=finding.notes,
    )


def baseline_figures(_finding: Finding) -> tuple[Figure, ...]:
    """A baseline table needs no picture."""
    return ()


def _baseline_table(finding: Finding) -> Table:
    table, labels = finding.tables["table"], finding.tables["labels"].set_index("column")["label"]
    differences = finding.tables["differences"].groupby("characteristic")["smd"].agg(lambda s: s.abs().max())
    rows: list[dict[str, object]] = []
    for name, label in labels.to_dict().items():
        here = table[table["characteristic"] == name]
        is_number = (here["category"] == "").all()
        rows += _numeric_rows(here, finding.arms, str(label)) if is_number else _counted_rows(here, finding.arms, label)
        rows[-_depth(rows)]["smd"] = float(differences.loc[str(name)])
    frame = pd.DataFrame(rows)
    columns = [
        Column("what", "Characteristic"),
        *(Column(arm, arm, align="right", missing="") for arm in finding.arms),
        Column("smd", "Largest SMD", digits=2, align="right", missing=""),
    ]
    return Table.from_frame(
        frame,
        name="baseline-characteristics",
        title="Participants at baseline.",
        columns=columns,
        note="Mean (SD) and median (first to third quartile), or participants (%). SMD: standardized mean difference.",
        indent="depth",
    )


def _depth(rows: list[dict[str, object]]) -> int:
    """Return how far back the characteristic's heading stands."""
    return next(i for i, row in enumerate(reversed(rows), start=1) if row["depth"] == 0)


def _numeric_rows(here: pd.DataFrame, arms: tuple[str, ...], label: str) -> list[dict[str, object]]:
    """Return heading, mean (SD) and median (quartiles)."""
    value = here.set_index(["statistic", "arm"])["value"]
    size = max(abs(value["median", arm]) for arm in arms)
    digits = 2 if size < 10 else 1 if size < 100 else 0
    mean: dict[str, object] = {"what": "mean (SD)", "depth": 1}
    median: dict[str, object] = {"what": "median (quartiles)", "depth": 1}
    for arm in arms:
        mean[arm] = f"{number(value['mean', arm], digits)} ({number(value['sd', arm], digits)})"
        quartiles = f"{number(value['q1', arm], digits)} to {number(value['q3', arm], digits)}"
        median[arm] = f"{number(value['median', arm], digits)} ({quartiles})"
    return [{"what": label, "depth": 0}, mean, median]


def _counted_rows(here: pd.DataFrame, arms: tuple[str, ...], label: object) -> list[dict[str, object]]:
    """Return heading and one row per category."""
    value = here.set_index(["category", "statistic", "arm"])["value"]
    counted = here[here["statistic"] == "n"].groupby("category", sort=False)["value"].sum()
    categories = [str(name) for name in counted.index if counted[name] > 0]
    if set(categories) <= {"Y", "N"}:
        return [_counted_row(value, "Y", arms) | {"what": label, "depth": 0}]
    return [{"what": label, "depth": 0}, *(_counted_row(value, category, arms) for category in categories)]


def _counted_row(value: pd.Series[float], category: str, arms: tuple[str, ...]) -> dict[str, object]:
    """Return one category's participants in each arm; a category that an arm lacks counts 0."""
    row: dict[str, object] = {"what": category, "depth": 1}
    for arm in arms:
        percent = value.get((category, "percent", arm), float("nan"))
        share = "" if pd.isna(percent) else f" ({percent:.0f} %)"
        row[arm] = f"{int(value.get((category, 'n', arm), 0))}{share}"
    return row
