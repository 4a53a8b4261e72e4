"""The section of a time-to-event analysis: counts, curves, and every defensible method when events are few."""

from __future__ import annotations

import pandas as pd

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.figures.kaplan_meier import kaplan_meier
from calor.report.section import Section
from calor.report.sections.events_beside import beside_tables
from calor.report.sections.words import anchor, capital, caption, typeset
from calor.report.table import Column, Table

RARE = 0.5
"""With fewer than this share of events the curve shows cumulative incidence on a cut axis."""


def section(finding: Finding) -> Section:
    """Compose the section."""
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        figures=figures(finding),
        tables=(_counts(finding), methods_table(finding), _medians(finding), *beside_tables(finding)),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(finding: Finding) -> tuple[Figure, ...]:
    """Draw cumulative incidence with the numbers at risk."""
    curve = finding.tables["curve"]
    steps = pd.DataFrame(
        {
            "arm": curve["arm"],
            "time": curve["time"],
            "estimate": 1 - curve["survival"],
            "lower": 1 - curve["upper"],
            "upper": 1 - curve["lower"],
            "censored": (curve["censored"] > 0) & (curve["events"] == 0),
        }
    )
    highest = float(pd.concat([steps["estimate"], steps["upper"].dropna()]).max())
    return (
        kaplan_meier(
            steps,
            finding.tables["at_risk"],
            arms=finding.arms,
            name=f"{anchor(finding.id)}-curve",
            title=_title(finding),
            caption=f"{caption(finding)} Band: pointwise log-log interval.",
            axes=("Days from randomization", f"Cumulative incidence of {finding.label} (%)"),
            top=1.0 if highest > RARE else min(1.0, round(highest + 0.05, 1)),
        ),
    )


def _title(finding: Finding) -> str:
    counts = finding.tables["counts"]
    shown = ", ".join(f"{r['events']} of {r['participants']} with {r['arm']}" for r in counts.to_dict("records"))
    return f"{capital(finding.label)}: {shown}."


def _counts(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("events", "Participants with event", align="right"),
        Column("participants", "Participants", align="right"),
        Column("percent", "%", digits=1, align="right"),
        Column("percent_lower", "CI, lower", digits=1, align="right"),
        Column("percent_upper", "CI, upper", digits=1, align="right"),
        Column("years", "Participant-years", digits=1, align="right"),
    ]
    return Table.from_frame(
        finding.tables["counts"],
        name=f"{anchor(finding.id)}-counts",
        title="Participants with an event.",
        columns=columns,
        note="Exact (Clopper-Pearson) limits.",
    )


def methods_table(finding: Finding) -> Table:
    """Return the declared method and the others beneath it; without `measure` where all measure the same."""
    rows = finding.tables["methods"]
    names = [f"{r['name']} (declared)" if r["primary"] else r["name"] for r in rows.to_dict("records")]
    if "measure" in rows:
        rows = rows.assign(measure=rows["measure"].where(rows["measure"] != "").map(capital, na_action="ignore"))
    rows = rows.assign(name=names)
    measure = [Column("measure", "Measure", missing="test only")] if "measure" in rows else []
    several = [Column("comparison", "Comparison")] if len(finding.arms) > 2 else []
    columns = [
        Column("name", "Method"),
        *several,
        *measure,
        Column("estimate", "Estimate", digits=3, align="right", missing="none"),
        Column("lower", "CI, lower", digits=4, align="right", missing="none"),
        Column("upper", "CI, upper", digits=3, align="right", missing="none"),
        Column("p_value", "p", digits=4, align="right"),
    ]
    return Table.from_frame(
        rows,
        name=f"{anchor(finding.id)}-methods",
        title="The declared method, and the others beneath it.",
        columns=columns,
        note="The declared method was named before the data were seen; the others show how far the answer hangs on it.",
    )


def _medians(finding: Finding) -> Table:
    columns = [
        Column("arm", "Arm"),
        Column("median", "Median [days]", digits=0, align="right", missing="not reached"),
        Column("lower", "CI, lower", digits=0, align="right", missing="not reached"),
        Column("upper", "CI, upper", digits=0, align="right", missing="not reached"),
    ]
    return Table.from_frame(
        finding.tables["medians"],
        name=f"{anchor(finding.id)}-medians",
        title="Median time to the event.",
        columns=columns,
        note="Kaplan-Meier; Brookmeyer and Crowley's interval.",
    )
