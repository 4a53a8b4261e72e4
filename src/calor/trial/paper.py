"""The report step: compose the document, write it with figures and tables, and last a stamp that says of what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from calor.analyze.finding import Finding
from calor.datasets.aside import aside
from calor.protocol import Protocol
from calor.protocol.analyses import AdverseEventsAnalysis, Analysis
from calor.report.document import Document
from calor.report.trial_report import Trace, trial_report
from calor.trial.provenance import Provenance, command_line

REPORT = "report.html"
STAMP = "report.json"
ASSUMED = "assumptions.csv"


@dataclass(frozen=True)
class Sources:
    """What a report is composed from.

    Attributes:
        folder: The trial's folder.
        protocol: The trial as written.
        findings: What was found.
        not_done: What could not be done, each with its reason.
        hashes: SHA-256 of the protocol and of each dataset.
    """

    folder: Path
    protocol: Protocol
    findings: tuple[Finding, ...]
    not_done: tuple[str, ...]
    hashes: Mapping[str, str]


def write(results: Path, sources: Sources, made_of: Provenance) -> None:
    """Write report.html, figures and tables, each whole or not at all, and remove those of an older report."""
    (results / STAMP).unlink(missing_ok=True)
    document = _compose(sources, made_of)
    document.save(results)
    kept = {f.name for s in document.sections for f in s.figures} | {
        t.name for s in document.sections for t in s.tables
    }
    for path in [*(results / "figures").glob("*"), *(results / "tables").glob("*")]:
        if path.stem not in kept:
            path.unlink()
    with aside(results / STAMP) as part:
        part.write_text(json.dumps({"fingerprint": made_of.fingerprint}), encoding="utf-8")


def fingerprint(results: Path) -> str | None:
    """Return the fingerprint of what the report on disk was made of; None when it is not all there."""
    try:
        stamp = json.loads((results / STAMP).read_text(encoding="utf-8"))
        return str(stamp["fingerprint"]) if (results / REPORT).exists() else None
    except (OSError, ValueError, KeyError):
        return None


def _compose(sources: Sources, made_of: Provenance) -> Document:
    assumed = sources.folder / ASSUMED
    table = pd.read_csv(assumed, dtype=str) if assumed.exists() else pd.DataFrame()
    done = {finding.id for finding in sources.findings}
    seeds = {a.id: seed for a in sources.protocol.analyses if a.id in done and (seed := _seed(a)) is not None}
    versions = {"calor": made_of.calor, "Python": made_of.python, **made_of.libraries}
    trace = Trace(sources.hashes, versions, made_of.code, command_line(), seeds)
    return trial_report(sources.protocol, sources.findings, sources.not_done, table, trace)


def _seed(analysis: Analysis) -> int | None:
    """Return the seed of an analysis that draws random numbers."""
    if isinstance(analysis, AdverseEventsAnalysis):
        return None if analysis.borrowing is None else analysis.borrowing.seed
    return getattr(analysis, "seed", None)
