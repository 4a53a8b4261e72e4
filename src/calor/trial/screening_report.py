"""The report of a screen: its finding stored for the trial's report, and a page of its own beside the lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from calor.protocol import Protocol
from calor.report.document import Document
from calor.report.sections import KINDS
from calor.screen.facts import Facts
from calor.trial import stored
from calor.trial.atomic import whole_folder
from calor.trial.provenance import Provenance
from calor.trial.screening_finding import screening_finding
from calor.trial.steps import SCREENING

if TYPE_CHECKING:
    from calor.trial.screening import ScreenOutcome

REPORT = "report"


def write_report(protocol: Protocol, outcome: ScreenOutcome, facts: Facts, made_of: Provenance) -> Path:
    """Store the finding for the trial's report and write `report/report.html` with its figures and tables.

    Args:
        protocol: The trial as written.
        outcome: What was found, and the folder of its lists.
        facts: What it rests on.
        made_of: What it was made from.

    Returns:
        Path of the page.
    """
    finding = screening_finding(outcome.screened, facts, outcome.tables, outcome.changes)
    document = Document(
        title=f"Screening: {protocol.trial.title}",
        subtitle=f"{protocol.trial.id} · records as of {outcome.screened.rules.as_of}",
        headline=f"{finding.sentences[0]}.",
        sections=(KINDS[finding.kind].section(finding),),
        banner="" if protocol.trial.participants == "real" else "A sketch: the trial has no real participants.",
        footer=f"Calor {made_of.calor} · code {made_of.code[:12]} · protocol {made_of.inputs['protocol'][:12]}",
    )
    with whole_folder(outcome.folder / REPORT) as aside:
        document.save(aside)
    stored.store(outcome.folder.parent / "analyses" / SCREENING, finding, made_of)
    return outcome.folder / REPORT / "report.html"
