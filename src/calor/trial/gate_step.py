"""The choice of the next trial's gate as a step of a run: shown where it is there and current, never computed."""

from __future__ import annotations

from functools import partial

from calor.trial import stored
from calor.trial.provenance import Provenance, provenance
from calor.trial.steps import GATE, GATE_SIMULATION, Step
from calor.trial.trial import Trial

FOLDER = "gate"
"""Where the choice lies among a trial's results."""

NEXT = "next"
"""The next trial's protocol in it, with its simulation report."""

STALE = "the protocol, the data or the code changed since: run `calor design gate`"


def gate_steps(trial: Trial) -> list[Step]:
    """Return the steps that take the choice and its simulations into the report; none where no choice was made.

    A choice takes minutes, and so only `calor design gate` makes it.
    """
    steps, made_of = [], gate_provenance(trial)
    for name in (GATE, GATE_SIMULATION):
        folder = trial.results / "analyses" / name
        found = stored.fingerprint(folder)
        if trial.protocol.gate_design is not None and found is not None:
            needs = "" if found == made_of.fingerprint else STALE
            steps.append(Step(name, made_of, partial(stored.fingerprint, folder), lambda: None, needs=needs))
    return steps


def gate_provenance(trial: Trial) -> Provenance:
    """Return what the choice is made from: the protocol, the datasets of its analysis, the code, the seed."""
    plan = trial.protocol.gate_design
    needs = () if plan is None else trial.needs(plan.effect.analysis)
    hashes = {name: trial.hashes[name] for name in ("protocol", *needs) if name in trial.hashes}
    return provenance(hashes, None if plan is None else plan.effort.seed)
