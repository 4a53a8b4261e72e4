"""The designs a gate may be used in, as `calor.design` and `calor.simulate` take them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri

from calor.design import spending
from calor.design.group_sequential import GroupSequential
from calor.design.inverse_normal import InverseNormal
from calor.protocol.gate_design import DesignName, GateDesign
from calor.simulate.enrichment import Enrichment
from calor.simulate.selection import everyone, within

POSITIVE, FULL = "biomarker_positive", "full_population"
PARTS = ("negative", "positive")
SIMULATED: tuple[DesignName, ...] = ("stratified", "adaptive")
WORDS: dict[str, str] = {
    "all_comers": "everyone",
    "gated": "biomarker-positive only",
    "stratified": "everyone, both populations tested",
    "adaptive": "everyone at first, restricted at the interim look",
    "two_endpoint": "biomarker-positive only, biomarker first, events next",
}
"""Each design in words."""
_DRIFTS = np.linspace(-6.0, 12.0, 361)


@dataclass(frozen=True, eq=False)
class PowerCurve:
    """Power of a group-sequential test over the drift E[Z] at its last look.

    Attributes:
        design: The test.
        power: At each of the drifts between which it interpolates.
    """

    design: GroupSequential
    power: Float[np.ndarray, " drift"]

    def __call__(self, drift: Float[np.ndarray, "*world"]) -> Float[np.ndarray, "*world"]:
        """Return the power at each drift; linear on the probit scale between the computed ones."""
        return np.asarray(ndtr(np.interp(drift, _DRIFTS, ndtri(self.power))))

    def of_events(self, log_hazard_ratio: Float[np.ndarray, "*world"], events: float) -> Float[np.ndarray, "*world"]:
        """Return the power of a log-rank test with equal arms (Schoenfeld's drift)."""
        return self(-log_hazard_ratio * math.sqrt(events) / 2)

    def events(self, log_hazard_ratio: float, power: float) -> float:
        """Return the events for a power; infinite where no benefit is expected."""
        if log_hazard_ratio > -1e-4:
            return math.inf
        return float((2 * self.design.drift(power) / log_hazard_ratio) ** 2)


def power_curve(plan: GateDesign) -> PowerCurve:
    """Return the power curve of the next trial's test of one population."""
    design = group_sequential(plan)
    power = np.array([design.crossing(float(d)).power for d in _DRIFTS])
    return PowerCurve(design, np.clip(power, 1e-300, 1 - 1e-16))


def looks_of(plan: GateDesign, design: str) -> tuple[float, ...]:
    """Return a design's looks: a trial that may restrict has one interim look, and decides there."""
    return (plan.test.looks[0], plan.test.looks[-1]) if design == "adaptive" else plan.test.looks


def group_sequential(plan: GateDesign, design: str = "gated") -> GroupSequential:
    """Return looks and bounds of the next trial."""
    return GroupSequential(np.array(looks_of(plan, design)), efficacy=spending.obrien_fleming(plan.test.alpha))


def enrichment(plan: GateDesign, design: str, events: float) -> Enrichment:
    """Return a stratified or adaptive design over the biomarker-positive and the full population.

    Both test by closure (Simes) and the inverse normal combination; the adaptive one drops at the interim look a
    population that falls short of the better one by more than `restrict_beyond`, or shows no benefit.
    """
    rule = everyone() if design == "stratified" else within(plan.test.restrict_beyond, threshold=0.0)
    planned = [float(fraction * events) for fraction in looks_of(plan, design)]
    populations = {POSITIVE: PARTS[1:], FULL: PARTS}
    return Enrichment(InverseNormal(group_sequential(plan, design)), planned, populations, rule)


def positive_only(plan: GateDesign, events: float) -> Enrichment:
    """Return the gated design, which enrolls and tests the biomarker-positive alone."""
    planned = [float(fraction * events) for fraction in plan.test.looks]
    return Enrichment(group_sequential(plan), planned, {POSITIVE: PARTS[1:]}, everyone())


def biomarker_passes(plan: GateDesign, effect: Float[np.ndarray, "*world"]) -> Float[np.ndarray, "*world"]:
    """Return the chance that the biomarker moves enough for a two-endpoint trial to go on to events.

    Args:
        plan: Participants, SD and level of the biomarker look.
        effect: Average effect on inflammation, in the direction of the link's where it is benefit.
    """
    towards = math.copysign(1.0, plan.link.effect)
    se = 2 * plan.test.biomarker_sd / math.sqrt(plan.test.biomarker_participants)
    return np.asarray(ndtr(towards * effect / se + ndtri(plan.test.biomarker_alpha)))
