"""The tables beneath a primary time-to-event method, one for each that the protocol declares beside it."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.sections.words import anchor, capital
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
        Column("predicted", _predicted(rows), digits=3, align="right"),
    ]
    return Table.from_frame(
        rows,
        name=f"{anchor(finding.id)}-bayesian-rate",
        title="Posterior event rate of each arm.",
        columns=columns,
        note=f"Constant rates; prior of each arm {rows['prior'].iloc[0]} (events, participant-years).",
    )


def _predicted(rows: pd.DataFrame) -> str:
    """Return the heading of the predictive probability."""
    most, years = int(rows["at_most"].iloc[0]), rows["in_years"].iloc[0]
    events = "no event" if most == 0 else f"at most {most} event{'s' * (most > 1)}"
    return f"P({events} in next {years:g} years)"


def _logrank(finding: Finding) -> Table:
    rows = finding.tables["logrank"]
    named = [r["test"] + (f" ({r['strata']})" if r["strata"] else "") for r in rows.to_dict("records")]
    columns = [
        Column("named", "Test"),
        Column("comparison", "Comparison"),
        Column("z", "z", digits=2, align="right"),
        Column("p_value", "p", digits=4, align="right"),
    ]
    return Table.from_frame(
        rows.assign(named=named),
        name=f"{anchor(finding.id)}-logrank",
        title="Weighted and stratified log-rank tests.",
        columns=columns,
        note="Fleming-Harrington weight S^rho (1 - S)^gamma. A negative z: fewer events than expected.",
    )


def _weibull(finding: Finding) -> Table:
    columns = [
        Column("comparison", "Comparison"),
        Column("measure", "Measure"),
        Column("estimate", "Estimate", digits=2, align="right"),
        Column("lower", "CI, lower", digits=2, align="right"),
        Column("upper", "CI, upper", digits=2, align="right"),
        Column("p_value", "p", digits=4, align="right"),
        Column("shape", "Shape", digits=2, align="right"),
    ]
    return Table.from_frame(
        finding.tables["weibull"].assign(measure=finding.tables["weibull"]["measure"].map(capital)),
        name=f"{anchor(finding.id)}-weibull",
        title="Weibull regression.",
        columns=columns,
        note="A shape above 1: the hazard rises in time. The time ratio says by what treatment multiplies the time to "
        "the event.",
    )


TABLES = {
    "rmst": _rmst,
    "proportional_hazards": _proportional_hazards,
    "logrank": _logrank,
    "weibull": _weibull,
    "bayesian_rate": _bayesian_rate,
}
"""The table of each method that may be declared beside; a test proves it complete."""
