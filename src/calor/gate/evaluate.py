"""What each gate would do in each design."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from calor.gate.both_populations import both_populations
from calor.gate.gates import CandidateGate
from calor.gate.option import Option
from calor.gate.positive_only import gated, two_endpoint
from calor.gate.situation import GateStudy, Situation, study
from calor.gate.trial_designs import SIMULATED

NO_BENEFIT = -1e-3
"""Log hazard ratio from which a design would need a million events: it is left out."""

_DESIGNS: dict[str, Callable[[GateStudy, float | None], Option]] = {
    "gated": gated,
    "two_endpoint": two_endpoint,
    "stratified": lambda found, events: both_populations(found, "stratified", events),
    "adaptive": lambda found, events: both_populations(found, "adaptive", events),
}


def evaluate(
    here: Situation, gate: CandidateGate, designs: Sequence[str], *, events: float | None = None
) -> list[Option]:
    """Evaluate a gate in each design; one that expects no benefit is left out.

    Args:
        here: What it is evaluated in.
        gate: The gate; without tests only the gated design means something, and is one of all comers.
        designs: Names of designs.
        events: At the last look, to see a planned trial in another situation, whatever it then expects; None for
            those that the power aimed at needs.
    """
    found = study(here, gate)
    if events is not None:
        return [_DESIGNS[design](found, events) for design in designs]
    options = []
    for design in designs:
        tested = (found.one.everyone, found.one.positive) if design in SIMULATED else (found.one.positive,)
        if min(float(those.log_hazard_ratio[0]) for those in tested) < NO_BENEFIT:
            options.append(_DESIGNS[design](found, None))
    return options
