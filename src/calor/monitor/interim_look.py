"""An interim look: the analysis's estimate meets the design's bound, and a recommendation follows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from calor.design.conditional_power import conditional_power, conditional_rejection_probability, predictive_power
from calor.design.group_sequential import GroupSequential
from calor.design.stagewise import StagewiseInference, stagewise
from calor.errors import MonitorError

Decision = Literal["stop for efficacy", "stop for futility", "continue", "reject the null", "do not reject the null"]


@dataclass(frozen=True)
class InterimLook:
    """What one look says; for whoever is unblinded only.

    Attributes:
        look: Number of the look, from 1.
        looks: Looks planned.
        information_fraction: Share of the planned information observed.
        z: Statistic, positive in the direction of benefit.
        efficacy_bound: Bound on z recomputed from the information observed.
        futility_bound: Bound on z; minus infinity where there is none.
        decision: What the bounds say.
        conditional_power_trend: Probability of rejecting later if the trend goes on; None at the last look.
        conditional_power_planned: The same under the effect planned for; None at the last look.
        predictive_power: The same averaged over what the data so far say, flat prior; None at the last look.
        rejection_probability: Conditional probability of rejecting under the null; None at the last look.
        inference: P-value and estimate by stage-wise ordering, once the trial stops; drift at full information.
    """

    look: int
    looks: int
    information_fraction: float
    z: float
    efficacy_bound: float
    futility_bound: float
    decision: Decision
    conditional_power_trend: float | None
    conditional_power_planned: float | None
    predictive_power: float | None
    rejection_probability: float | None
    inference: StagewiseInference | None

    def __str__(self) -> str:
        head = (
            f"Look {self.look} of {self.looks} at {100 * self.information_fraction:.1f} % information: "
            f"z = {self.z:.3f}, efficacy bound {self.efficacy_bound:.3f}"
        )
        bound = "" if math.isinf(self.futility_bound) else f", futility bound {self.futility_bound:.3f}"
        power = (
            ""
            if self.conditional_power_trend is None
            else f" Conditional power {self.conditional_power_trend:.3f} under the trend, "
            f"{self.conditional_power_planned:.3f} as planned; predictive power {self.predictive_power:.3f}."
        )
        return f"{head}{bound}: {self.decision}.{power}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([{k: v for k, v in vars(self).items() if k != "inference"}])


def interim_look(design: GroupSequential, look: int, *, z: float, planned_drift: float) -> InterimLook:
    """Judge a look.

    Args:
        design: The design, with its bounds computed from the information observed so far
            (`design.observed_information` recomputes them after under- or over-running).
        look: Number of the look, from 1.
        z: Statistic of the analysis, positive in the direction of benefit: the same function that the final analysis
            calls.
        planned_drift: Expected z at full information under the effect planned for (`design.drift(power)`).

    Raises:
        MonitorError: The design has no such look, or z is not finite.

    Reference:
        Jennison C, Turnbull BW. Group Sequential Methods with Applications to Clinical Trials. Chapman & Hall 2000,
        chapters 7 (error spending), 8 (stage-wise ordering) and 10 (conditional power).

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
    >>> print(interim_look(design, 1, z=1.5, planned_drift=3.24))
    Look 1 of 2 at 50.0 % information: z = 1.500, efficacy bound 2.963: continue. Conditional power 0.586 under the
    trend, 0.843 as planned; predictive power 0.561.
    """
    looks = len(design.information_fractions)
    if not 1 <= look <= looks:
        raise MonitorError.must("look", f"be one of the design's, 1 to {looks}", look, fix="Count from 1.")
    if not math.isfinite(z):
        raise MonitorError.must("z", "be finite", z, fix="Give the statistic of the declared analysis.")
    upper, lower = float(design.efficacy_bounds[look - 1]), float(design.futility_bounds[look - 1])
    decision = _decide(design, look, z)
    later = look < looks
    stopped = decision not in {"continue"}
    return InterimLook(
        look=look,
        looks=looks,
        information_fraction=float(design.information_fractions[look - 1]),
        z=z,
        efficacy_bound=upper,
        futility_bound=lower if later else -math.inf,
        decision=decision,
        conditional_power_trend=conditional_power(design, look, z) if later else None,
        conditional_power_planned=conditional_power(design, look, z, drift=planned_drift) if later else None,
        predictive_power=predictive_power(design, look, z) if later else None,
        rejection_probability=conditional_rejection_probability(design, look, z) if later else None,
        inference=stagewise(design, look, z) if stopped else None,
    )


def _decide(design: GroupSequential, look: int, z: float) -> Decision:
    """Compare with the bounds; a two-sided design looks at |z|."""
    size = abs(z) if design.sides == 2 else z
    beyond = size >= design.efficacy_bounds[look - 1]
    if look == len(design.information_fractions):
        return "reject the null" if beyond else "do not reject the null"
    if beyond:
        return "stop for efficacy"
    futile = size <= design.futility_bounds[look - 1] and (design.sides == 1 or design.futility_bounds[look - 1] > 0)
    return "stop for futility" if futile else "continue"
