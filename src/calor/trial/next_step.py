"""The next trial, in a folder of its own beneath this one: what its protocol finds in health records."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from calor.trial import stored
from calor.trial.provenance import file_hash, provenance
from calor.trial.steps import SCREENING, Step
from calor.trial.trial import Trial

NEXT = "next"
"""The next trial's folder, and the name of its screening among this trial's findings."""


def next_steps(trial: Trial) -> list[Step]:
    """Return the step that takes the next trial's screening into this trial's report; none where there was none."""
    found = trial.folder / NEXT / "results" / "analyses" / SCREENING
    if stored.fingerprint(found) is None:
        return []
    folder = trial.results / "analyses" / NEXT
    made_of = provenance({"next screening": file_hash(found / stored.FILE)})

    def work() -> None:
        finding = stored.load(found)
        label = "Candidates under the next trial's protocol"
        stored.store(folder, replace(finding, id=NEXT, label=label, role="planning"), made_of)

    return [Step(NEXT, made_of, partial(stored.fingerprint, folder), work)]
