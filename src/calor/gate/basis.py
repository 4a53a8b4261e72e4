"""What a choice rests on, and the situation that follows from it under any change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from calor.gate.gates import CandidateGate
from calor.gate.posterior import FinishedTrial
from calor.gate.situation import Situation, situation
from calor.gate.worlds import draw_worlds
from calor.protocol.gate_beliefs import BeliefName
from calor.protocol.gate_design import GateDesign


@dataclass(frozen=True, eq=False)
class Basis:
    """What a choice rests on.

    Attributes:
        plan: Inputs.
        finished: The finished trial.
        shares: Pass shares counted in records, by gate.
    """

    plan: GateDesign
    finished: FinishedTrial
    shares: Mapping[CandidateGate, float] = field(default_factory=dict)

    def situation(
        self,
        plan: GateDesign | None = None,
        *,
        belief: BeliefName | None = None,
        slope: float = 1.0,
        rate: float = 1.0,
    ) -> Situation:
        """Return what options are evaluated in, as it is or changed; the random numbers are always the same.

        Args:
            plan: Other inputs.
            belief: Another posterior.
            slope: Times the slope of the effect over the marker.
            rate: Times the event rate.
        """
        inputs = plan or self.plan
        rng = np.random.default_rng(inputs.effort.seed)
        found = self.finished
        worlds = draw_worlds(inputs, found.curves, found.average, belief or inputs.effect.belief, rng)
        return situation(inputs, worlds.scaled(slope=slope, rate=rate), found.biomarker, self.shares)
