"""The section of the next trial's gate: the recommendation, its rivals, how far it holds, what was simulated."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.pareto import pareto
from calor.report.figures.tornado import tornado
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=capital(finding.label),
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(
            _ranked(finding), _beliefs(finding), _confirmed(finding), _information(finding), _corner(finding),
            _nulls(finding), _effects(finding), _rates(finding), _assumptions(finding),
        ),
        notes=tuple(typeset(note) for note in finding.notes),
    )  # fmt: skip


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw assurance over the cut-off, the front, and the tornado."""
    return (*_by_cutoff(finding), _front(finding), _tornado(finding))


def _by_cutoff(finding: Finding) -> tuple[Figure, ...]:
    """Draw power and assurance over the cut-off, with as many tests as were chosen."""
    table, words = finding.tables["by_cutoff"], finding.tables["words"].iloc[0]
    chosen = finding.tables["cloud"].query("chosen").iloc[0]
    same = (table["interval_days"] == chosen["interval_days"]) & (table["tests"] == chosen["tests"])
    rows = table[(table["design"] == "gated") & same].sort_values("cutoff")
    if rows.empty:
        return ()
    drawn = pd.concat(
        [pd.DataFrame({"series": s, "x": rows["cutoff"], "y": 100 * rows[s]}) for s in ("power", "assurance")]
    )
    at = rows[rows["cutoff"] == chosen["cutoff"]].iloc[0]
    mark = pd.DataFrame([{"x": at["cutoff"], "y": 100 * at["assurance"], "label": " "}])
    tests = "1 test" if chosen["tests"] == 1 else f"{chosen['tests']} tests"
    return (
        curves(
            drawn,
            series=["power", "assurance"],
            marks=mark,
            name=f"{anchor(finding.id)}-by-cutoff",
            title="Power if the effect is as believed, and assurance over all that is uncertain, by cut-off.",
            caption=f"{chosen['window']}, {tests}, biomarker-positive only; each sized for the power aimed at within "
            "the limits of months and participants, which bind where the power falls. Mark: the recommended one.",
            axes=(f"Cut-off of {words['biomarker']} ({words['biomarker_unit']})", "Probability of success (%)"),
        ),
    )


def _front(finding: Finding) -> Figure:
    cloud = finding.tables["cloud"]
    table = pd.DataFrame(
        {
            "x": cloud["cost"],
            "y": 100 * cloud["assurance"],
            "kind": cloud["design_words"].map(capital),
            "front": cloud["on_front"],
            "chosen": cloud["chosen"],
        }
    )
    unit = finding.tables["words"].iloc[0]["unit"]
    return pareto(
        table,
        name=f"{anchor(finding.id)}-front",
        title="What each option promises, and what it costs.",
        caption=f"{len(cloud)} options within the limits. Filled: no other is better in assurance, months, "
        "participants and cost at once.",
        axes=(f"Expected cost ({unit})", "Assurance (%)"),
    )


def _tornado(finding: Finding) -> Figure:
    moved = finding.tables["tornado"]
    chosen = finding.tables["cloud"].query("chosen").iloc[0]
    wide = moved.pivot_table(index="label", columns="side", values=["assurance", "at"], sort=False)
    table = pd.DataFrame(
        {
            "label": [str(label) for label in wide.index],
            "worse": 100 * wide["assurance"]["worse"].to_numpy(),
            "better": 100 * wide["assurance"]["better"].to_numpy(),
            "worse_at": [f"{v:g}" for v in wide["at"]["worse"]],
            "better_at": [f"{v:g}" for v in wide["at"]["better"]],
        }
    )
    return tornado(
        table,
        base=100 * float(chosen["assurance"]),
        name=f"{anchor(finding.id)}-tornado",
        title="Which assumption the recommended trial hangs on.",
        caption="Assurance of the recommended trial, its events kept, with one assumption at its worse (circle) or "
        "better (diamond) value.",
        axis="Assurance (%)",
    )


def _table(finding: Finding, what: str, title: str, columns: list[Column], note: str = "") -> Table:
    name = f"{anchor(finding.id)}-{anchor(what)}"
    return Table.from_frame(finding.tables[what], name=name, title=title, columns=columns, note=note)


def _shown(finding: Finding, what: str, shares: tuple[str, ...]) -> Finding:
    """Return the finding with some columns of a table in percent."""
    table = finding.tables[what]
    percent = table.assign(**{name: 100 * table[name].astype(float) for name in shares})
    return Finding(**{**vars(finding), "tables": {**finding.tables, what: percent}})


def _ranked(finding: Finding) -> Table:
    shares = ("share", "true_positives", "expected_fall", "power", "assurance", "assurance_se", "false_high")
    shown = _shown(finding, "ranked", shares)
    unit = finding.tables["words"].iloc[0]["unit"]
    columns = [
        Column("gate", "Gate"),
        Column("design_words", "Design"),
        Column("share", "Pass, %", digits=0, align="right"),
        Column("true_positives", "True positive, %", digits=0, align="right"),
        Column("hazard_ratio", "Diluted HR", digits=3, align="right"),
        Column("events", "Events", digits=0, align="right"),
        Column("participants", "Participants", digits=0, align="right"),
        Column("candidates", "To approach", digits=0, align="right"),
        Column("months", "Months", digits=0, align="right"),
        Column("power", "Power, %", digits=0, align="right"),
        Column("assurance", "Assurance, %", digits=1, align="right"),
        Column("assurance_se", "SE", digits=1, align="right"),
        Column("events_prevented", "Prevented per 1,000", digits=1, align="right"),
        Column("false_high", "False 'only in high', %", digits=1, missing="not asked", align="right"),
        Column("cost", f"Cost ({unit})", digits=0, align="right"),
        Column("value", f"Value ({unit})", digits=0, align="right"),
    ]
    note = (
        "Ranked by value: that of success times its probability, less cost. Prevented: events in three years for 1,000 "
        "candidates, if what succeeds is adopted. Power: in the expected world. HR: hazard ratio."
    )
    return _table(shown, "ranked", "The best options, and the best of each other design.", columns, note)


def _beliefs(finding: Finding) -> Table:
    shown = _shown(finding, "beliefs", ("power", "assurance"))
    words = {"flat": "As published", "winners_curse": "Given its significance", "sceptical": "With a sceptical prior"}
    shown.tables["beliefs"]["belief"] = shown.tables["beliefs"]["belief"].map(words)
    columns = [
        Column("belief", "How the finished trial is believed"),
        Column("effect", "Average effect", digits=3, align="right"),
        Column("hazard_ratio", "Diluted HR", digits=3, align="right"),
        Column("power", "Power, %", digits=0, align="right"),
        Column("assurance", "Assurance, %", digits=1, align="right"),
    ]
    return _table(shown, "beliefs", "The recommended trial under each reading of the finished one.", columns)


def _confirmed(finding: Finding) -> Table:
    shown = _shown(finding, "confirmed", ("power", "power_se", "power_searched", "incomplete"))
    columns = [
        Column("option", "Option"),
        Column("power", "Power, %", digits=1, align="right"),
        Column("power_se", "SE", digits=1, align="right"),
        Column("power_searched", "In the search, %", digits=1, align="right"),
        Column("months", "Months, stopping early", digits=0, align="right"),
        Column("participants", "Participants", digits=0, align="right"),
        Column("trials", "Trials", align="right"),
    ]
    return _table(shown, "confirmed", "The front, simulated participant by participant.", columns)


def _information(finding: Finding) -> Table:
    unit = finding.tables["words"].iloc[0]["unit"]
    columns = [
        Column("what", "To know or to have"),
        Column("value", f"Worth ({unit})", digits=0, align="right"),
        Column("cost", f"Cost ({unit})", digits=0, align="right", missing="not stated"),
    ]
    note = "Worth: gain of the best choice, which may be no trial."
    return _table(finding, "information", "What would change the choice.", columns, note)


def _corner(finding: Finding) -> Table:
    shown = _shown(finding, "corner", ("assurance",))
    unit = finding.tables["words"].iloc[0]["unit"]
    columns = [
        Column("option", "Option"),
        Column("assurance", "Assurance, %", digits=1, align="right"),
        Column("months", "Months", digits=0, align="right"),
        Column("value", f"Value ({unit})", digits=0, align="right"),
    ]
    return _table(shown, "corner", "The contenders with every assumption at its worse value.", columns)


def _nulls(finding: Finding) -> Table:
    shown = _shown(finding, "nulls", ("type_1_error", "se"))
    columns = [
        Column("scenario", "No effect on events"),
        Column("type_1_error", "Type I error, %", digits=2, align="right"),
        Column("se", "Monte Carlo SE", digits=2, align="right"),
        Column("trials", "Trials", align="right"),
    ]
    return _table(shown, "nulls", "Type I error over what is not known.", columns)


def _effects(finding: Finding) -> Table:
    shown = _shown(finding, "effects", ("power", "power_se", "coverage", "coverage_se"))
    columns = [
        Column("scenario", "Effect"),
        Column("population", "Population"),
        Column("hazard_ratio", "Hazard ratio", digits=3, align="right"),
        Column("power", "Power, %", digits=1, align="right"),
        Column("power_se", "SE", digits=1, align="right"),
        Column("bias", "Bias of the log", digits=3, align="right"),
        Column("bias_se", "SE", digits=3, align="right"),
        Column("coverage", "Coverage, %", digits=1, align="right"),
        Column("coverage_se", "SE", digits=1, align="right"),
    ]
    note = "Bias of the ordinary estimate, towards benefit, in trials that ended with the population followed."
    return _table(shown, "effects", "How well the effect is estimated.", columns, note)


def _rates(finding: Finding) -> Table:
    columns = [
        Column("window", "Window"),
        Column("trial", "Trial"),
        Column("per_100_years", "Events per 100 participant-years", digits=1, align="right"),
        Column("gate", "Its gate, hs-CRP at least", digits=0, align="right", missing="none"),
        Column("infarction", "Infarction"),
        Column("source", "Source"),
    ]
    return _table(finding, "rates", "Published control rates that event rates are taken from.", columns)


def _assumptions(finding: Finding) -> Table:
    columns = [Column("part", "Part"), Column("what", "What"), Column("value", "Value")]
    return _table(finding, "assumptions", "What was assumed.", columns, "As `[gate_design]` of the protocol states it.")
