"""The tables beneath a primary time-to-event method, one for each that the protocol declares beside it."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.sections.words import anchor
from calor.report.table import Column, Table


def beside_tables(finding: Finding) -> tuple[Table, ...]:
    """Return the tables of what was declared beside the primary method, in a fixed order."""
    return tuple(make(finding) for name, make in TABLES.items() if name in finding.tables)


def _rmst(finding: Finding) -> Table:
    rows = finding.tables["rmst"]
    columns = [
        Column("label", "Arm or comparison"),
        Column("estimate", "Mean days free of the event", digits=1, align="right"),
        Column("lower", "CI, lower", digits=1, align="right"),
        Column("upper", "CI, upper", digits=1, align="right"),
        Column("p_value", "p", digits=4, align="right", missing=""),
        Column("n", "n", align="right"),
    ]
    return Table.from_frame(
        rows,
        name=f"{anchor(finding.id)}-rmst",
        title=f"Restricted mean time free of the event, up to day {rows['horizon_days'].iloc[0]:g}.",
        columns=columns,
        note="Area under the Kaplan-Meier curve; it needs no proportional hazards.",
    )


def _proportional_hazards(finding: Finding) -> Table:
    columns = [
        Column("comparison", "Comparison"),
        Column("chi_square", "Chi-square", digits=2, align="right"),
        Column("df", "df", align="right"),
        Column("p_value", "p", digits=4, align="right"),
    ]
    return Table.from_frame(
        finding.tables["proportional_hazards"],
        name=f"{anchor(finding.id)}-proportional-hazards",
        title="Is the hazard ratio constant in time?",
        columns=columns,
        note="Score test of Grambsch and Therneau. A small p speaks against one hazard ratio; a large one proves "
        "nothing.",
    )


def _bayesian_rate(finding: Finding) -> Table:
    rows = finding.tables["bayesian_rate"]
    columns = [
        Column("arm", "Arm"),
        Column("events", "Events", align="right"),
        Column("years", "Participant-years", digits=1, align="right"),
        Column("rate", "Per 100 years, median", digits=2, align="right"),
        Column("lower", "Credible, lower", digits=2, align="right"),
        Column("upper", "Credible, upper", digits=2, align="right"),
        Column("below_control", "P(below control)", digits=3, align="right", missing=""),
        Column("none_in_100_years", "P(no event in next 100 years)", digits=3, align="right"),
    ]
    return Table.from_frame(
        rows,
        name=f"{anchor(finding.id)}-bayesian-rate",
        title="Posterior event rate of each arm.",
        columns=columns,
        note=f"Constant rates; prior of each arm {rows['prior'].iloc[0]} (events, participant-years).",
    )


TABLES = {"rmst": _rmst, "proportional_hazards": _proportional_hazards, "bayesian_rate": _bayesian_rate}
"""The table of each method that may be declared beside; a test proves it complete."""
