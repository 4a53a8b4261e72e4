"""The section of the next trial's gate: the recommendation, its rivals, how far it holds, what was assumed."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.pareto import pareto
from calor.report.figures.tornado import tornado
from calor.report.number import with_error
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, typeset
from calor.report.table import Column, Table

ANSWER = 4
"""Sentences that are the recommendation, its reason and what it assumes; the others say what its rivals trade."""


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=capital(finding.label),
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences[:ANSWER])),
        points=tuple(typeset(f"{s}.") for s in finding.sentences[ANSWER:]),
        link=("Move the cut-off and see the numbers move", finding.tables["words"].iloc[0]["page"]),
        figures=figures(finding),
        tables=(
            *_ranked(finding), _beliefs(finding), _information(finding), _corner(finding), *assumed(finding)
        ),
        notes=tuple(typeset(note) for note in finding.notes),
    )  # fmt: skip


def assumed(finding: Finding) -> tuple[Table, Table]:
    """Print the published rates and everything that was stated, each with its source."""
    return _rates(finding), _assumptions(finding)


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
    return (
        curves(
            drawn,
            series=["power", "assurance"],
            marks=mark,
            name=f"{anchor(finding.id)}-by-cutoff",
            title="Power if the effect is as believed, and assurance over all that is uncertain, by cut-off.",
            caption=f"{capital(words['times'])}, {words['window']}; biomarker-positive only. Each is sized for "
            "the power aimed at within the limits of months and participants, which bind where power falls. Standard "
            f"errors of assurance: at most {100 * rows['assurance_se'].max():.1f} points. Mark: recommended.",
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
        f"better (diamond) value. Standard errors: at most {100 * moved['assurance_se'].max():.1f} points.",
        axis="Assurance (%)",
    )


def _table(finding: Finding, what: str, title: str, columns: list[Column], note: str = "") -> Table:
    name = f"{anchor(finding.id)}-{anchor(what)}"
    return Table.from_frame(finding.tables[what], name=name, title=title, columns=columns, note=note)


def _shown(finding: Finding, what: str, shares: tuple[str, ...]) -> Finding:
    """Return the finding with some columns of a table in percent."""
    table = finding.tables[what]
    percent = table.assign(**{name: 100 * table[name].astype(float) for name in shares})
    return replace(finding, tables={**finding.tables, what: percent})


def _ranked(finding: Finding) -> tuple[Table, Table]:
    """Return what each option takes and promises, and whom it lets in and what it sees: as many rows, same ranks."""
    shares = (
        "share", "true_positives", "expected_fall", "power", "power_se", "assurance", "assurance_se", "false_high",
        "false_high_se",
    )  # fmt: skip
    shown = _shown(finding, "ranked", shares)
    table = shown.tables["ranked"]
    for name in ("power", "assurance", "false_high"):
        pairs = zip(table[name], table[f"{name}_se"], strict=True)
        table[name] = ["not asked" if math.isnan(se) else with_error(x, se, 1) for x, se in pairs]
    unit = finding.tables["words"].iloc[0]["unit"]
    takes = [
        Column("rank", "Rank"),
        Column("option", "Gate and design", wide=True),
        Column("participants", "Participants", digits=0, align="right"),
        Column("months", "Months", digits=0, align="right"),
        Column("cost", "Cost", digits=0, align="right"),
        Column("power", "Power, %", align="right"),
        Column("assurance", "Assurance, %", align="right"),
        Column("value", "Value", digits=0, align="right"),
    ]
    sees = [
        Column("rank", "Rank"),
        Column("gate", "Gate", wide=True),
        Column("eligible_per_month", "Eligible a month", digits=0, align="right"),
        Column("share", "Pass, %", digits=0, align="right"),
        Column("true_positives", "Truly high, %", digits=0, align="right"),
        Column("expected_fall", "Fall on retest, %", digits=0, align="right"),
        Column("hazard_ratio", "Diluted HR", digits=3, align="right"),
        Column("events", "Events", digits=0, align="right"),
        Column("candidates", "To approach", digits=0, align="right"),
        Column("events_prevented", "Prevented", digits=1, align="right"),
        Column("false_high", "False high, %", align="right"),
    ]
    promised = (
        f"Ranked by value: that of success times its probability, less cost; both in {unit}. Power: in the expected "
        "world. Assurance: averaged over all that is uncertain. In brackets: standard errors, of what is simulated."
    )
    seen = (
        "Ranks as above. Eligible: have every test and pass, all sites together. Truly high: long-term marker, of "
        "those enrolled. Fall: of the marker of those who pass, with nobody treated. HR: hazard ratio. Prevented: "
        "events in three years for 1,000 candidates, if what succeeds is adopted. False high: chance to conclude that "
        "treatment works only in high where all benefit alike."
    )
    return (
        _table(shown, "ranked", "What the best options, and the best of each other design, take and promise.", takes,
               promised),
        Table.from_frame(shown.tables["ranked"], name=f"{anchor(finding.id)}-enrolled", columns=sees, note=seen,
                         title="Whom they let in, and what their test sees."),
    )  # fmt: skip


def _beliefs(finding: Finding) -> Table:
    shown = _shown(finding, "beliefs", ("power", "assurance", "assurance_se"))
    words = {"flat": "As published", "winners_curse": "Given its significance", "sceptical": "With a sceptical prior"}
    shown.tables["beliefs"]["belief"] = shown.tables["beliefs"]["belief"].map(words)
    columns = [
        Column("belief", "How the finished trial is believed"),
        Column("effect", "Average effect", digits=3, align="right"),
        Column("hazard_ratio", "Diluted HR", digits=3, align="right"),
        Column("power", "Power, %", digits=0, align="right"),
        Column("assurance", "Assurance, %", digits=1, align="right"),
        Column("assurance_se", "SE", digits=1, align="right"),
    ]
    return _table(shown, "beliefs", "The recommended trial under each reading of the finished one.", columns)


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
    shown = _shown(finding, "corner", ("assurance", "assurance_se"))
    unit = finding.tables["words"].iloc[0]["unit"]
    columns = [
        Column("option", "Option"),
        Column("assurance", "Assurance, %", digits=1, align="right"),
        Column("assurance_se", "SE", digits=1, align="right"),
        Column("months", "Months", digits=0, align="right"),
        Column("value", f"Value ({unit})", digits=0, align="right"),
    ]
    return _table(shown, "corner", "The contenders with every assumption at its worse value.", columns)


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
    columns = [Column("what", "What"), Column("value", "Value"), Column("source", "Source", wide=True)]
    return Table.from_frame(
        finding.tables["assumptions"],
        name=f"{anchor(finding.id)}-assumptions",
        title="What was assumed, and where it comes from.",
        columns=columns,
        note="As [gate_design] of the protocol states it; assumed: the team's own, without a source.",
        indent="depth",
    )
