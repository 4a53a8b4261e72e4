"""The simulation report of the recommended design: the design, level, power, bias, coverage, and how trials go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.number import with_error
from calor.report.section import Section
from calor.report.sections.words import anchor, capital, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=capital(finding.label),
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        tables=(
            _two(finding, "design", "The design that was simulated."),
            _nulls(finding),
            _effects(finding),
            _estimators(finding),
            _courses(finding),
            _confirmed(finding),
            _two(finding, "made_of", "What the simulations were made from."),
        ),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw nothing: each number has its error beside it."""
    return ()


def _table(
    finding: Finding, what: str, title: str, columns: list[Column], *, shares: tuple[str, ...] = (), note: str = ""
) -> Table:
    """Return a table with some columns in percent."""
    table = finding.tables[what]
    percent = table.assign(**{name: 100 * table[name].astype(float) for name in shares})
    name = f"{anchor(finding.id)}-{anchor(what)}"
    return Table.from_frame(percent, name=name, title=title, columns=columns, note=note)


def _two(finding: Finding, what: str, title: str) -> Table:
    return _table(finding, what, title, [Column("what", "What"), Column("value", "Value")])


def _nulls(finding: Finding) -> Table:
    columns = [
        Column("scenario", "No effect on events"),
        Column("type_1_error", "Type I error, %", digits=2, align="right"),
        Column("se", "Monte Carlo SE", digits=2, align="right"),
        Column("trials", "Trials", digits=0, align="right"),
    ]
    return _table(
        finding, "nulls", "Type I error, one-sided, over what is not known.", columns, shares=("type_1_error", "se")
    )


def _effects(finding: Finding) -> Table:
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
        Column("trials", "Trials", digits=0, align="right"),
    ]
    shares = ("power", "power_se", "coverage", "coverage_se")
    return _table(finding, "effects", "Power, and how well the effect is estimated.", columns, shares=shares)


def _estimators(finding: Finding) -> Table:
    columns = [
        Column("scenario", "Effect"),
        Column("population", "Population"),
        Column("estimator", "Estimate"),
        Column("bias", "Bias", digits=3, align="right"),
        Column("bias_se", "SE", digits=3, align="right"),
        Column("bias_if_rejected", "If significant", digits=3, align="right"),
        Column("bias_if_rejected_se", "SE", digits=3, align="right"),
        Column("coverage", "Coverage, %", digits=1, align="right"),
        Column("coverage_se", "SE", digits=1, align="right"),
    ]
    note = (
        "Bias of the log hazard ratio towards benefit; beside it, of the trials that were significant, which are those "
        "that are believed. An estimate of the later stages has only trials that went on to them."
    )
    shares = ("coverage", "coverage_se")
    title = "What stopping early does to estimates."
    return _table(finding, "estimators", title, columns, shares=shares, note=note)


def _courses(finding: Finding) -> Table:
    columns = [
        Column("scenario", "Scenario"),
        Column("significant", "Significant, %", align="right"),
        Column("events", "Events", align="right"),
        Column("participants", "Participants", align="right"),
        Column("candidates", "Tested", align="right"),
        Column("months", "Months", align="right"),
        Column("stopped_early", "Stop early, %", align="right"),
        Column("restricted", "Restrict, %", align="right"),
        Column("incomplete", "Short, %", align="right"),
    ]
    note = (
        "Means over trials, and in brackets their Monte Carlo standard errors. Significant: any population. Tested: "
        "candidates with every test who would take part. Restrict: go on to the last look with part of the "
        "populations. Short: fewer events than planned within two and a half times the planned duration; such trials "
        "are counted and analyzed as they are."
    )
    digits = {"events": 0, "participants": 0, "candidates": 0, "months": 1}
    percent = dict.fromkeys(("significant", "stopped_early", "restricted", "incomplete"), 1)
    shown = _with_errors(finding, "courses", digits, percent)
    return _table(shown, "courses", "How the trial goes.", columns, note=note)


def _confirmed(finding: Finding) -> Table:
    columns = [
        Column("option", "Option of the front"),
        Column("power", "Power, %", align="right"),
        Column("power_searched", "In the search, %", align="right"),
        Column("months", "Months, stopping early", align="right"),
        Column("participants", "Participants", align="right"),
        Column("incomplete", "Short, %", align="right"),
        Column("trials", "Trials", digits=0, align="right"),
    ]
    shown = _with_errors(
        finding, "confirmed", {"months": 1, "participants": 0}, {"power": 1, "power_searched": 1, "incomplete": 1}
    )
    note = "In brackets: Monte Carlo standard errors; none where the search has a closed form. Short: as above."
    return _table(shown, "confirmed", "The search, confirmed participant by participant.", columns, note=note)


def _with_errors(finding: Finding, what: str, digits: Mapping[str, int], percent: Mapping[str, int]) -> Finding:
    """Return the finding with some columns of a table written with their standard errors in brackets.

    Args:
        finding: The finding.
        what: Name of the table.
        digits: Decimals of each column.
        percent: Decimals of each share, written in percent.
    """
    table = finding.tables[what]
    written = {
        name: [
            with_error(scale * x, scale * se, places) for x, se in zip(table[name], table[f"{name}_se"], strict=True)
        ]
        for columns, scale in ((digits, 1), (percent, 100))
        for name, places in columns.items()
    }
    return replace(finding, tables={**finding.tables, what: table.assign(**written)})
