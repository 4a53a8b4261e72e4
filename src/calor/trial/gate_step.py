"""The choice of the next trial's gate as a step of a run: shown where it is there and current, never computed."""

from __future__ import annotations

from functools import partial

from calor.trial import stored
from calor.trial.provenance import Provenance, provenance
from calor.trial.steps import GATE, Step
from calor.trial.trial import Trial

STALE = "the protocol, the data or the code changed since: run `calor design gate`"


def gate_steps(trial: Trial) -> list[Step]:
    """Return the step that takes the choice into the report; none where no choice was made.

    A choice takes minutes, and so only `calor design gate` makes it.
    """
    folder = trial.results / "analyses" / GATE
    found = stored.fingerprint(folder)
    if trial.protocol.gate_design is None or found is None:
        return []
    made_of = gate_provenance(trial)
    needs = "" if found == made_of.fingerprint else STALE
    return [Step(GATE, made_of, partial(stored.fingerprint, folder), lambda: None, needs=needs)]


def gate_provenance(trial: Trial) -> Provenance:
    """Return what the choice is made from: the protocol, the datasets of its analysis, the code, the seed."""
    plan = trial.protocol.gate_design
    needs = () if plan is None else trial.needs(plan.effect.analysis)
    hashes = {name: trial.hashes[name] for name in ("protocol", *needs) if name in trial.hashes}
    return provenance(hashes, None if plan is None else plan.effort.seed)
