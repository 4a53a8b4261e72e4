"""Sample size re-estimation from conditional power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.errors import SimulationError


@dataclass(frozen=True, eq=False)
class Reestimation:
    """Sample size re-estimation: the next stage is made so large that its conditional power reaches `power`.

    The conditional power is that of rejecting everyone's intersection by Bonferroni's test with the next stage.

    Attributes:
        power: Conditional power aimed at.
        most: Greatest size of a stage, in multiples of the planned one; one number, or one for each stage after the
            first.
        least: Smallest size, likewise.
        effect: Effect assumed, positive for benefit (minus the log hazard ratio); None takes the least promising
            estimate among the populations followed further.

    >>> Reestimation(power=0.9, most=[2.0, 3.0]).by_stage("most", 3)
    array([1., 2., 3.])

    Reference: Proschan MA, Hunsberger SA. Biometrics 1995;51:1315-1324.
    """

    power: float
    most: float | Sequence[float] = 2.0
    least: float | Sequence[float] = 1.0
    effect: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.power < 1:
            raise SimulationError.must("power", "lie between 0 and 1", self.power, fix="Give 0.9 for 90 %.")
        most, least = np.atleast_1d(self.most), np.atleast_1d(self.least)
        if not np.all((most > 0) & np.isfinite(most)):
            raise SimulationError.must("most", "be positive", self.most, fix="Give 2 to allow twice the plan.")
        if not np.all((least > 0) & (least <= most.max())):
            raise SimulationError.must("least", "lie between 0 and `most`", self.least, fix="Give 1 never to shrink.")
        if self.effect is not None and not math.isfinite(self.effect):
            raise SimulationError.must("effect", "be finite", self.effect, fix="Leave it out to take the estimate.")

    def by_stage(self, limit: str, looks: int) -> Float[np.ndarray, " stage"]:
        """Return "most" or "least" of every stage; the first stays as planned.

        Raises:
            SimulationError: Not one number for each stage but the first.
        """
        given = np.atleast_1d(np.asarray(getattr(self, limit), dtype=float))
        if given.size not in (1, looks - 1):
            rule = f"be one number, or {looks - 1}"
            raise SimulationError.must(limit, rule, given.tolist(), fix="Give one for each stage but the first.")
        return np.append(1.0, np.broadcast_to(given, looks - 1))
