"""The section of events of special interest: differences as a figure, a curve per group, tables by severity."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.adverse_events import adverse_events
from calor.report.figures.kaplan_meier import kaplan_meier
from calor.report.section import Section
from calor.report.sections.events import RARE
from calor.report.sections.words import anchor, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_counts(finding), _rates(finding), _groups(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the differences from control, then the time to the first event of each group that anybody had."""
    curves = finding.tables["curves"]
    return (_differences(finding), *(_curve(finding, str(group)) for group in dict.fromkeys(curves["group"])))


def _differences(finding: Finding) -> Figure:
    everyone = finding.tables["incidence"]
    everyone = everyone[everyone["by"] == "all"]
    incidence = pd.DataFrame(
        {"term": everyone["group"], "arm": everyone["arm"], "incidence": everyone["percent"] / 100}
    )
    return adverse_events(
        incidence,
        finding.tables["differences"].rename(columns={"group": "term"}),
        arms=finding.arms,
        name=f"{anchor(finding.id)}-differences",
        title="Participants with each group of events, by arm.",
        caption=f"{_who(finding)} Risk differences with Miettinen-Nurminen intervals.",
    )


def _who(finding: Finding) -> str:
    """Return estimand, population and n of a caption."""
    n = int(finding.tables["incidence"].drop_duplicates("arm")["n"].sum())
    return f"{finding.estimand}. {finding.population}, n = {n}."


def _curve(finding: Finding, group: str) -> Figure:
    """Draw the cumulative share with a first event of one group."""
    steps = finding.tables["curves"]
    steps = steps[steps["group"] == group]
    drawn = pd.DataFrame(
        {
            "arm": steps["arm"],
            "time": steps["time"],
            "estimate": 1 - steps["survival"],
            "lower": 1 - steps["upper"],
            "upper": 1 - steps["lower"],
            "censored": (steps["censored"] > 0) & (steps["events"] == 0),
        }
    )
    at_risk = finding.tables["at_risk"]
    highest = float(pd.concat([drawn["estimate"], drawn["upper"].dropna()]).max())
    order = list(dict.fromkeys(finding.tables["incidence"]["group"])).index(group) + 1
    counts = finding.tables["incidence"]
    counts = counts[(counts["by"] == "all") & (counts["group"] == group)]
    shown = ", ".join(f"{r['participants']} of {r['n']} with {r['arm']}" for r in counts.to_dict("records"))
    return kaplan_meier(
        drawn,
        at_risk[at_risk["group"] == group],
        arms=finding.arms,
        name=f"{anchor(finding.id)}-curve-{order}",
        title=f"{group}, first event: {shown}.",
        caption=f"{_who(finding)} Kaplan-Meier; band: pointwise log-log interval.",
        axes=("Days from the first dose", "Participants with a first event (%)"),
        top=1.0 if highest > RARE else min(1.0, round(highest + 0.05, 1)),
    )


def _counts(finding: Finding) -> Table:
    """Lay the arms side by side: everyone, then serious, worst severity and relation of each group."""
    rows = finding.tables["incidence"]
    words = {"all": "", "serious": "serious", "severity": "worst severity or grade: {}", "relation": "relation: {}"}
    cells = rows.assign(
        cell=[f"{r['participants']} ({r['percent']:.1f} %), {r['events']}" for r in rows.to_dict("records")]
    )
    keys = ["group", "by", "category"]
    wide = cells.pivot_table(index=keys, columns="arm", values="cell", aggfunc="first", sort=False).reset_index()
    records = wide.to_dict("records")
    wide = wide.assign(
        what=[r["group"] if r["by"] == "all" else words[r["by"]].format(str(r["category"]).lower()) for r in records],
        depth=[0 if r["by"] == "all" else 1 for r in records],
    )
    groups = {group: at for at, group in enumerate(dict.fromkeys(rows["group"]))}
    wide = wide.sort_values("group", key=lambda g: g.map(groups), kind="stable")
    sizes = rows.drop_duplicates("arm").set_index("arm")["n"]
    return Table.from_frame(
        wide,
        name=f"{anchor(finding.id)}-counts",
        title="Participants with events of special interest.",
        columns=[Column("what", "Group"), *(Column(a, f"{a} (n = {sizes[a]})", align="right") for a in finding.arms)],
        note="Participants (% of arm), events.",
        indent="depth",
    )


def _rates(finding: Finding) -> Table:
    rows = finding.tables["incidence"]
    rows = rows[rows["by"] == "all"].assign(depth=1).rename(columns={"arm": "what"})
    heads = pd.DataFrame({"what": rows["group"].unique(), "group": rows["group"].unique(), "depth": 0})
    lines = pd.concat([pd.concat([heads[heads["group"] == g], rows[rows["group"] == g]]) for g in heads["group"]])
    columns = [
        Column("what", "Group and arm"),
        Column("participants", "Participants", align="right", missing=""),
        Column("percent_lower", "% CI, lower", digits=1, align="right", missing=""),
        Column("percent_upper", "% CI, upper", digits=1, align="right", missing=""),
        Column("years_at_risk", "Years at risk", digits=1, align="right", missing=""),
        Column("rate", "Per 100 years", digits=1, align="right", missing=""),
        Column("rate_lower", "CI, lower", digits=1, align="right", missing=""),
        Column("rate_upper", "CI, upper", digits=1, align="right", missing=""),
    ]
    return Table.from_frame(
        lines.astype({"participants": "Int64"}),
        name=f"{anchor(finding.id)}-rates",
        title="Exposure-adjusted incidence of first events.",
        columns=columns,
        note="Exact limits: Clopper-Pearson of the percentage, Poisson of the rate.",
        indent="depth",
    )


def _groups(finding: Finding) -> Table:
    return Table.from_frame(
        finding.tables["groups"],
        name=f"{anchor(finding.id)}-groups",
        title="The terms of each group, as the protocol names them.",
        columns=[Column("group", "Group"), Column("terms", "Terms")],
    )
