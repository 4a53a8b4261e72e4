"""What options are evaluated in, and what a gate looks like there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from calor.gate.calendar import Conditions
from calor.gate.gates import CandidateGate, completes
from calor.gate.outcome_rates import rate_at_median
from calor.gate.population import DENSITY, Admitted, admitted
from calor.gate.trial_designs import PowerCurve, power_curve
from calor.gate.worlds import Diluted, Worlds, diluted, expected_world, outside
from calor.protocol.biomarkers import Biomarker
from calor.protocol.gate_beliefs import MarkerWindow
from calor.protocol.gate_design import GateDesign


@dataclass(frozen=True, eq=False)
class Situation:
    """What options are evaluated in.

    Attributes:
        plan: Inputs.
        worlds: What may be true.
        expected: The one world that sizes are planned for.
        curve: Power of the next trial's test of one population.
        biomarker: What the gates measure.
        shares: Pass shares counted in records, by gate; a gate that is not there takes the marker's.
    """

    plan: GateDesign
    worlds: Worlds
    expected: Worlds
    curve: PowerCurve
    biomarker: Biomarker
    shares: Mapping[CandidateGate, float] = field(default_factory=dict)


def situation(
    plan: GateDesign, worlds: Worlds, biomarker: Biomarker, shares: Mapping[CandidateGate, float] | None = None
) -> Situation:
    """Put together what options are evaluated in."""
    return Situation(plan, worlds, expected_world(plan, worlds), power_curve(plan), biomarker, dict(shares or {}))


@dataclass(frozen=True, eq=False)
class Seen:
    """Those who pass a gate, those who do not, and everyone, in some worlds."""

    positive: Diluted
    negative: Diluted
    everyone: Diluted


@dataclass(frozen=True, eq=False)
class GateStudy:
    """One gate in a situation: what all its designs share.

    Attributes:
        here: What it is evaluated in.
        gate: The gate.
        window: Its window.
        admitted: Whom it lets in.
        share: Of candidates who pass.
        all: Seen in all worlds.
        one: Seen in the expected world.
    """

    here: Situation
    gate: CandidateGate
    window: MarkerWindow
    admitted: Admitted
    share: float
    all: Seen
    one: Seen

    @property
    def plan(self) -> GateDesign:
        """The inputs."""
        return self.here.plan

    def seen(self, worlds: Worlds) -> Seen:
        """Return the gate's populations in other worlds."""
        return seen(worlds.in_window(self.window), self.admitted)

    @property
    def tested_per_month(self) -> float:
        """Candidates a month, all sites together, who have every test of the gate in time."""
        recruit = self.plan.recruitment
        coming = recruit.sites * recruit.candidates_per_site_month
        return coming * recruit.complete * completes(self.gate, self.window)

    def conditions(self, population: Diluted, share: float) -> Conditions:
        """Return accrual and hazards in the expected world, when this share of candidates is enrolled."""
        recruit = self.plan.recruitment
        per_month = min(self.tested_per_month * share * recruit.consent, recruit.capacity_per_month)
        expected = self.here.expected
        at_median = float(rate_at_median(self.window, expected.control)[0] * expected.rate[0])
        ratio = math.exp(float(population.log_hazard_ratio[0]))
        return Conditions(per_month, at_median * float(population.hazard[0]), ratio)


def seen(worlds: Worlds, those: Admitted) -> Seen:
    """Return those who pass, those who do not, and everyone, in some worlds."""
    everyone = diluted(worlds, DENSITY)
    if those.gate.tests == 0:
        return Seen(everyone, everyone, everyone)
    return Seen(diluted(worlds, those.weights), diluted(worlds, outside(those)), everyone)


def study(here: Situation, gate: CandidateGate) -> GateStudy:
    """Look at a gate in a situation."""
    window = here.plan.window(gate.window)
    those = admitted(gate, window)
    share = here.shares.get(gate, those.share)
    worlds = [seen(some.in_window(window), those) for some in (here.worlds, here.expected)]
    return GateStudy(here, gate, window, those, share, *worlds)
