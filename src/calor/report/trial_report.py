"""The report of a trial: findings in the order a reader wants them, what was assumed, what it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from calor.analyze.finding import Finding
from calor.protocol import Protocol
from calor.report.document import Document
from calor.report.section import Section
from calor.report.sections import KINDS
from calor.report.sections.words import typeset
from calor.report.table import Column, Table
from calor.simulate.ivory_assumptions import NOT_PUBLISHED

ORDER = (
    "primary", "multiplicity", "descriptive", "secondary", "sensitivity", "exploratory", "safety", "measurement",
    "planning",
)  # fmt: skip
"""The roles in the order of the report: the answer first, then whom it is about, then the rest."""


@dataclass(frozen=True)
class Trace:
    """What the report was made from.

    Attributes:
        inputs: SHA-256 of the protocol and of each dataset, by name.
        versions: Version of Calor, Python and the libraries, by name.
        code: SHA-256 over Calor's own files.
        command: The command as typed.
        seeds: Seed of each analysis that draws random numbers, by its id.
    """

    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    code: str
    command: str
    seeds: Mapping[str, int]


def trial_report(
    protocol: Protocol, findings: tuple[Finding, ...], not_done: tuple[str, ...], assumed: pd.DataFrame, trace: Trace
) -> Document:
    """Compose a trial's report.

    Args:
        protocol: The trial as written.
        findings: What was found.
        not_done: What was declared and could not be done, each with its reason.
        assumed: Columns what, value, reason, source; empty when the participants are real.
        trace: What the numbers were made from.
    """
    ordered = sorted(findings, key=lambda f: ORDER.index(f.role))
    sections = [KINDS[f.kind].section(f) for f in ordered]
    sections += _not_done(not_done)
    sections += _assumed(assumed)
    sections.append(_estimands(protocol))
    sections.append(_provenance(trace))
    return Document(
        title=protocol.trial.title,
        subtitle=" · ".join([protocol.trial.id, f"phase {protocol.trial.phase}", *protocol.trial.registrations]),
        headline=typeset(_headline(ordered)),
        sections=tuple(sections),
        banner=_banner(protocol),
        footer=f"Calor {trace.versions['calor']} · code {trace.code[:12]} · protocol {trace.inputs['protocol'][:12]}",
    )


def _headline(findings: list[Finding]) -> str:
    primary = [f for f in findings if f.role == "primary"]
    return " ".join(f"{s}." for f in primary for s in f.sentences) or "The primary analysis could not be done."


def _banner(protocol: Protocol) -> str:
    if protocol.trial.participants == "real":
        return ""
    return (
        "Synthetic participants. They were constructed so that their summaries equal the published ones; "
        "no person's data are shown, and nothing here is evidence beyond what was published."
    )


def _not_done(not_done: tuple[str, ...]) -> list[Section]:
    if not not_done:
        return []
    return [
        Section(
            id="not-done",
            title="What could not be done",
            sentence="The protocol declares these analyses, and they are missing from this report.",
            notes=not_done,
        )
    ]


def _assumed(assumed: pd.DataFrame) -> list[Section]:
    if assumed.empty:
        return []
    columns = [Column("what", "What"), Column("value", "Value"), Column("reason", "Reason"), Column("source", "Source")]
    table = Table.from_frame(assumed, name="assumptions", title="What was chosen, and why.", columns=columns)
    leaning = int((assumed["source"] != NOT_PUBLISHED).sum())
    return [
        Section(
            id="assumed",
            title="What was assumed",
            sentence=f"{len(assumed)} choices lie behind these participants: {leaning} lean on a published figure, "
            f"which the last column names, and {len(assumed) - leaning} are assumptions alone.",
            tables=(table,),
        )
    ]


def _estimands(protocol: Protocol) -> Section:
    """Print each estimand's five attributes."""
    rows = []
    for estimand in protocol.estimands:
        arms = [protocol.arm(name).label for name in (*estimand.treatment.active, estimand.treatment.control)]
        events = "; ".join(f"{e.event}: {e.strategy.replace('_', ' ')} ({e.how})" for e in estimand.intercurrent_events)
        rows.append(
            {
                "estimand": estimand.label,
                "treatment": " v ".join([" and ".join(arms[:-1]), arms[-1]]),
                "population": estimand.population,
                "endpoint": protocol.endpoint(estimand.endpoint).label,
                "events": events or "none declared",
                "summary": estimand.summary,
            }
        )
    columns = [
        Column("estimand", "Estimand"),
        Column("treatment", "Treatment"),
        Column("population", "Population"),
        Column("endpoint", "Endpoint"),
        Column("events", "Intercurrent events"),
        Column("summary", "Summary"),
    ]
    table = Table.from_frame(
        pd.DataFrame(rows),
        name="estimands",
        title="The five attributes of each estimand (ICH E9(R1)).",
        columns=columns,
    )
    return Section(id="estimands-section", title="Estimands", sentence="What each number estimates.", tables=(table,))


def _provenance(trace: Trace) -> Section:
    rows = [("command", trace.command), ("code, SHA-256", trace.code)]
    rows += [(f"{name}, SHA-256", digest) for name, digest in trace.inputs.items()]
    rows += [(f"{name}, version", version) for name, version in trace.versions.items()]
    rows += [(f"{name}, seed", str(seed)) for name, seed in trace.seeds.items()]
    table = Table.from_frame(
        pd.DataFrame(rows, columns=["what", "value"]),
        name="provenance",
        title="What every number in this report was made from.",
        columns=[Column("what", "What"), Column("value", "Value")],
    )
    return Section(
        id="provenance-section",
        title="Provenance",
        sentence="The same inputs, code and versions give the same numbers.",
        tables=(table,),
    )
