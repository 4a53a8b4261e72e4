"""results/provenance.json: what the folder's numbers were made from, for whoever must trace them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calor.datasets.aside import aside
from calor.trial.provenance import command_line, provenance
from calor.trial.steps import StepOutcome

if TYPE_CHECKING:
    from calor.trial.trial import Trial


def write_record(trial: Trial, outcomes: list[StepOutcome]) -> None:
    """Write inputs, versions, command and what became of each step."""
    content = {
        "trial": trial.protocol.trial.id,
        "participants": trial.protocol.trial.participants,
        "command": command_line(),
        "finished_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "provenance": asdict(provenance(trial.hashes)),
        "steps": [asdict(outcome) for outcome in outcomes],
    }
    with aside(trial.results / "provenance.json") as part:
        part.write_text(json.dumps(content, indent=2), encoding="utf-8")
