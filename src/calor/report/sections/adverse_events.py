"""The section of adverse events: the commonest terms as a figure, all of them as tables."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.adverse_events import adverse_events
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table

SHOWN = 15
"""Terms in the figure: those with most participants in any arm."""


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(
            _overview(finding),
            *_grave(finding),
            _signals(finding),
            *_borrowing(finding),
            _terms(finding),
            _rates(finding),
        ),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw the commonest terms with the difference from control."""
    differences = _named(finding.tables["differences"])
    if differences.empty:
        return ()
    rows = finding.tables["incidence"]
    rows = _named(rows[(rows["level"] == "term") & (rows["by"] == "all")])
    commonest = rows.groupby("term")["percent"].max().sort_values(ascending=False, kind="stable").index[:SHOWN]
    kept = rows[rows["term"].isin(commonest)].set_index("term").loc[list(commonest)].reset_index()
    incidence = pd.DataFrame({"term": kept["term"], "arm": kept["arm"], "incidence": kept["percent"] / 100})
    return (
        adverse_events(
            incidence,
            differences[differences["term"].isin(commonest)],
            arms=finding.arms,
            name=f"{anchor(finding.id)}-incidence",
            title=f"The {len(commonest)} commonest adverse events, by arm.",
            caption=f"{caption(finding)} Risk differences with Miettinen-Nurminen intervals.",
        ),
    )


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    """Tell apart a term that stands under two classes."""
    classes = rows.groupby("term")["soc"].transform("nunique")
    return rows.assign(term=rows["term"].where(classes == 1, rows["term"] + " (" + rows["soc"] + ")"))


def _signals(finding: Finding) -> Table:
    rows = finding.tables["differences"]
    largest = rows.loc[rows["difference"].abs().sort_values(ascending=False, kind="stable").index[:SHOWN]]
    shown = largest.assign(
        difference=100 * largest["difference"],
        lower=100 * largest["lower"],
        upper=100 * largest["upper"],
        flag=["review" if flagged else "none" for flagged in largest["flagged"]],
        active_share=[f"{r['active']}/{r['active_n']}" for r in largest.to_dict("records")],
        control_share=[f"{r['control']}/{r['control_n']}" for r in largest.to_dict("records")],
    )
    columns = [
        Column("term", "Term"),
        *_compared(finding, "active_share", "control_share"),
        Column("difference", "Difference, percentage points", digits=1, align="right"),
        Column("lower", "CI, lower", digits=1, align="right"),
        Column("upper", "CI, upper", digits=1, align="right"),
        Column("p_value", "Fisher's p", digits=4, align="right"),
        Column("flag", "Flag"),
    ]
    return Table.from_frame(
        shown,
        name=f"{anchor(finding.id)}-signals",
        title=f"The {len(shown)} largest differences from {finding.arms[0]}.",
        columns=columns,
        note="Miettinen-Nurminen intervals, each at its own level. Flag: double false discovery rate 0.1 "
        "(Mehrotra and Heyse) among terms that at least 4 participants reported.",
    )


def _compared(finding: Finding, active: str, control: str) -> list[Column]:
    """Return the columns of a comparison with the first arm, headed by the arms' own names: they may be coded."""
    first, *others = finding.arms
    head = others[0] if len(others) == 1 else "In the arm"
    named = [] if len(others) == 1 else [Column("arm", "Arm")]
    return [*named, Column(active, head, align="right"), Column(control, first, align="right")]


def _borrowing(finding: Finding) -> tuple[Table, ...]:
    """Return the strongest terms of the hierarchical model, where it was declared."""
    if "borrowing" not in finding.tables:
        return ()
    rows = finding.tables["borrowing"]
    strongest = rows.loc[rows["p_more"].sort_values(ascending=False, kind="stable").index[:SHOWN]]
    columns = [
        Column("term", "Term"),
        *_compared(finding, "active", "control"),
        Column("p_more", "P(more events)", digits=3, align="right"),
        Column("odds_ratio", "Odds ratio, median", digits=2, align="right"),
        Column("lower", "95 %, lower", digits=2, align="right"),
        Column("upper", "95 %, upper", digits=2, align="right"),
        Column("r_hat", "R-hat", digits=3, align="right"),
        Column("effective_draws", "Effective draws", digits=0, align="right"),
    ]
    table = Table.from_frame(
        strongest,
        name=f"{anchor(finding.id)}-borrowing",
        title=f"The {len(strongest)} terms most probably more frequent, borrowing strength within classes.",
        columns=columns,
        note="Hierarchical mixture of Berry and Berry; posterior medians and equal-tailed 95 % intervals. R-hat near 1 "
        "and many effective draws: the chains agree.",
    )
    return (table,)


def _cells(finding: Finding, rows: pd.DataFrame) -> pd.DataFrame:
    """Lay arms side by side: `12 (38.7 %) 20 ev` per arm, one row per class, term and category."""
    keys = ["level", "soc", "term", "by", "category"]
    cell = [f"{r['participants']} ({r['percent']:.1f} %), {r['events']}" for r in rows.to_dict("records")]
    wide = rows.assign(cell=cell).pivot_table(index=keys, columns="arm", values="cell", aggfunc="first", sort=False)
    return wide.reset_index()


def _arm_columns(finding: Finding) -> list[Column]:
    """Return one column per arm, headed by its name and size."""
    n = finding.tables["incidence"].drop_duplicates("arm").set_index("arm")["n"]
    return [Column(arm, f"{arm} (n = {n[arm]})", align="right") for arm in finding.arms]


CELL = "Participants (% of arm), events."


def _overview(finding: Finding) -> Table:
    rows = finding.tables["incidence"]
    wide = _cells(finding, rows[rows["level"] == "any"])
    words = {
        "all": "Any event",
        "serious": "Serious",
        "severity": "Worst severity or grade: {}",
        "relation": "Relation: {}",
    }
    labels = [words[r["by"]].format(str(r["category"]).lower()) for r in wide.to_dict("records")]
    wide = pd.concat([wide.assign(what=labels).head(2), _consequences(finding), wide.assign(what=labels).iloc[2:]])
    return Table.from_frame(
        wide,
        name=f"{anchor(finding.id)}-overview",
        title="Participants with adverse events, by seriousness, severity and relation.",
        columns=[Column("what", ""), *_arm_columns(finding)],
        note=CELL,
    )


def _consequences(finding: Finding) -> pd.DataFrame:
    """Lay arms side by side: who died of an event, who stopped treatment for one."""
    rows = finding.tables["consequences"]
    cell = [f"{r['participants']} ({r['percent']:.1f} %), {r['events']}" for r in rows.to_dict("records")]
    wide = rows.assign(cell=cell).pivot_table(index="what", columns="arm", values="cell", aggfunc="first", sort=False)
    return wide.reset_index().assign(what=lambda table: table["what"].map(capital))


def _grave(finding: Finding) -> tuple[Table, ...]:
    """List serious and fatal events one by one."""
    rows = finding.tables["grave"]
    if rows.empty:
        return ()
    labels = {
        "participant": "Participant", "arm": "Arm", "why": "Why", "term": "Term", "reported": "As reported",
        "day": "Day", "severity": "Grade or severity", "relation": "Relation", "action": "Treatment",
        "outcome": "Outcome",
    }  # fmt: skip
    if "term" in rows and (rows["term"] == rows.get("reported")).all():
        del labels["reported"]
    told = {name: rows[name].fillna("").astype(str).str.strip() for name in labels if name in rows and name != "day"}
    columns = [Column(name, labels[name]) for name in labels if name in told and (told[name] != "").any()]
    if "day" in rows:
        columns.insert(4, Column("day", "Day", digits=0, align="right", missing="not known"))
    told |= {name: told[name].str.lower() for name in ("relation", "action", "outcome", "severity") if name in told}
    return (
        Table.from_frame(
            rows.assign(**told),
            name=f"{anchor(finding.id)}-grave",
            title="Serious and fatal events, one by one.",
            columns=columns,
            note="Day: of onset, from the first dose.",
        ),
    )


def _terms(finding: Finding) -> Table:
    rows = finding.tables["incidence"]
    wide = _cells(finding, rows[rows["level"].isin(["soc", "term"]) & (rows["by"] == "all")])
    wide = wide.sort_values(["soc", "level", "term"], kind="stable")
    wide = wide.assign(
        what=[r["soc"] if r["level"] == "soc" else r["term"] for r in wide.to_dict("records")],
        depth=[0 if level == "soc" else 1 for level in wide["level"]],
    )
    return Table.from_frame(
        wide,
        name=f"{anchor(finding.id)}-terms",
        title="Adverse events by system organ class and term.",
        columns=[Column("what", "Class and term"), *_arm_columns(finding)],
        note=CELL,
        indent="depth",
    )


def _rates(finding: Finding) -> Table:
    rows = finding.tables["incidence"]
    rows = rows[rows["level"].isin(["any", "soc"]) & (rows["by"] == "all")]
    table = rows.assign(what=[r["soc"] or "Any event" for r in rows.to_dict("records")])
    columns = [
        Column("what", "Class"),
        Column("arm", "Arm"),
        Column("participants", "Participants", align="right"),
        Column("years_at_risk", "Years at risk", digits=1, align="right"),
        Column("rate", "Per 100 years", digits=1, align="right"),
        Column("rate_lower", "CI, lower", digits=1, align="right"),
        Column("rate_upper", "CI, upper", digits=1, align="right"),
    ]
    return Table.from_frame(
        table,
        name=f"{anchor(finding.id)}-rates",
        title="Exposure-adjusted incidence: first events per 100 participant-years.",
        columns=columns,
        note="Exact Poisson limits.",
    )
