"""The section of limits for harm: each look against its limit, and how often such limits stop."""

from __future__ import annotations

from calor.analyze.finding import Finding
from calor.report.figure import Figure
from calor.report.section import Section
from calor.report.sections.words import anchor, typeset
from calor.report.table import Column, Table


def section(finding: Finding) -> Section:
    """Compose the section, two tables for each limit."""
    ids = list(dict.fromkeys(finding.tables["looks"]["limit_id"]))
    return Section(
        id=anchor(finding.id),
        title=f"{finding.role.capitalize()}: {finding.label}",
        sentence=typeset(" ".join(f"{s}." for s in finding.sentences)),
        tables=tuple(table for limit in ids for table in (_looks(finding, limit), _chances(finding, limit))),
        notes=tuple(typeset(note) for note in finding.notes),
    )


def figures(_finding: Finding) -> tuple[Figure, ...]:
    """A few limits are read more exactly in a table."""
    return ()


def _looks(finding: Finding, limit: str) -> Table:
    rows = finding.tables["looks"]
    rows = rows[rows["limit_id"] == limit]
    first = rows.iloc[0]
    columns = [
        Column("look", "Look"),
        Column("participants", "Participants", align="right"),
        Column("limit", "Stop at", align="right", missing="no count"),
        Column("events", "With event", align="right", missing="not reached"),
        Column("verdict", "Recommendation"),
    ]
    return Table.from_frame(
        rows,
        name=f"{anchor(finding.id)}-{anchor(limit)}-looks",
        title=f"{first['text']}: participants with an event at each look.",
        columns=columns,
        note=f"Acceptable: {100 * first['acceptable']:g} %. Limits: {first['method']}.",
    )


def _chances(finding: Finding, limit: str) -> Table:
    rows = finding.tables["chances"]
    rows = rows[rows["limit_id"] == limit]
    looks = [name for name in map(str, rows) if name.startswith("stop_at_") and rows[name].notna().any()]
    shares = ["probability", "stop", *looks]
    shown = rows.assign(**{name: 100 * rows[name] for name in shares})
    columns = [
        Column("probability", "True share with an event, %", digits=1, align="right"),
        Column("stop", "Chance to stop, %", digits=1, align="right"),
        Column("expected_participants", "Expected participants", digits=1, align="right"),
        *(Column(name, f"At look {name.removeprefix('stop_at_')}, %", digits=1, align="right") for name in looks),
    ]
    return Table.from_frame(
        shown,
        name=f"{anchor(finding.id)}-{anchor(limit)}-chances",
        title="How often these limits stop, exactly.",
        columns=columns,
        note="At the acceptable share the chance to stop is that of a false alarm.",
    )
