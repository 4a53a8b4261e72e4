"""One step of a run: what it is made from, whether it is up to date, what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from calor.trial.provenance import Provenance

SCREENING = "screening"
"""The step that screens the health records, and the name of its finding."""

GATE = "gate_design"
"""The choice of the next trial's gate, and the name of its finding."""

GATE_SIMULATION = "gate_simulation"
"""The simulation report of the design that was chosen, and the name of its finding."""

State = Literal["done", "unchanged", "left out", "failed"]


@dataclass(frozen=True)
class Step:
    """A unit of work that is repeated only when what it is made from has changed.

    Attributes:
        name: What people read in the progress.
        made_of: What it is made from.
        stored: Fingerprint of what its results on disk were made from; None where there are none.
        work: Does it and stores the results, whole or not at all.
        missing: Inputs that the folder lacks.
        needs: What must be installed first, and how; empty when it is.
    """

    name: str
    made_of: Provenance
    stored: Callable[[], str | None]
    work: Callable[[], None]
    missing: tuple[str, ...] = ()
    needs: str = ""

    @property
    def is_current(self) -> bool:
        """Whether the results on disk were made from exactly this."""
        return self.stored() == self.made_of.fingerprint


@dataclass(frozen=True)
class StepOutcome:
    """What became of one step, and why."""

    name: str
    state: State
    why: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}: {self.state}" + (f" ({self.why})" if self.why else "")
