"""Group-sequential designs: looks, bounds, and what they do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.design import operating_characteristics
from calor.design.bounds import solve_bounds
from calor.design.classical import ClassicalBoundary
from calor.design.design_rules import check
from calor.design.looks import rising
from calor.design.operating_characteristics import Crossing
from calor.design.spending import SpendingFunction
from calor.kernels.normal import upper_tail

Efficacy = SpendingFunction | ClassicalBoundary
Futility = SpendingFunction | Sequence[float] | Float[np.ndarray, " look"] | None


@dataclass(frozen=True, eq=False)
class GroupSequential:
    """A design with one or more looks; its bounds are computed when it is made.

    Attributes:
        information_fractions: Share of the planned information at each look, rising to 1.
        efficacy: A spending function or a classical boundary, with its alpha (both sides together).
        futility: None; bounds for the looks before the last on the z scale (on `|z|` for a two-sided design, whose
            futility region is inner); or a spending function whose total is beta.
        binding: The efficacy bounds count on stopping for futility. A non-binding bound may be overruled.
        sides: 1, or 2 for a symmetric two-sided design.
        futility_under: What a futility spending function spends: type II error under the alternative, or
            acceptance under the null (its shape is scaled so that the last bounds meet).
        spending_times: Spending time of each look, when the information came out otherwise than planned; rises to 1.
        planned_drift: Drift at which a futility spending function spends its beta, when bounds are recomputed; None
            to solve for the drift at which the last bounds meet.
        efficacy_bounds: Computed: bound on z at each look; infinity where a look cannot stop for efficacy.
        futility_bounds: Computed: bound on z (on `|z|` when two-sided) at each look, minus infinity (0 when two-sided)
            where a look cannot stop for futility; the last one is the efficacy bound.
        futility_drift: Computed: the drift at which a futility spending function spends its beta; None otherwise.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 0.75, 1.0], efficacy=spending.obrien_fleming(alpha=0.025))
    >>> design.efficacy_bounds.round(3)
    array([2.963, 2.359, 2.014])
    >>> print(design)
    3 looks, one-sided alpha 0.025, Lan-DeMets O'Brien-Fleming: z > 2.963, 2.359, 2.014 at 50, 75, 100 % information

    Reference: Jennison C, Turnbull BW. Group Sequential Methods with Applications to Clinical Trials. Chapman & Hall
        2000.
    """

    information_fractions: Float[np.ndarray, " look"]
    efficacy: Efficacy
    futility: Futility = None
    binding: bool = False
    sides: int = 1
    futility_under: Literal["alternative", "null"] = "alternative"
    spending_times: Float[np.ndarray, " look"] | None = None
    planned_drift: float | None = None
    efficacy_bounds: Float[np.ndarray, " look"] = field(init=False)
    futility_bounds: Float[np.ndarray, " look"] = field(init=False)
    futility_drift: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        fractions = rising("information_fractions", self.information_fractions)
        times = fractions if self.spending_times is None else rising("spending_times", self.spending_times)
        check(self, fractions, times)
        put = object.__setattr__
        put(self, "information_fractions", fractions)
        upper, futility, drift = solve_bounds(self, fractions, times)
        for bounds in (fractions, upper, futility):
            bounds.setflags(write=False)
        put(self, "efficacy_bounds", upper)
        put(self, "futility_bounds", futility)
        put(self, "futility_drift", drift)

    @property
    def alpha(self) -> float:
        """Type I error, both sides together."""
        given = self.efficacy.alpha
        return float(self.alpha_spent[-1]) if given is None else given

    @property
    def alpha_spent(self) -> Float[np.ndarray, " look"]:
        """Cumulative type I error at each look; a non-binding futility bound is taken to be overruled."""
        null = operating_characteristics.crossing(self, 0.0, heed_futility=self.binding)
        return np.cumsum(null.efficacy)

    @property
    def stage_levels(self) -> Float[np.ndarray, " look"]:
        """One-sided significance level of each look's bound taken alone."""
        return np.array([upper_tail(bound) for bound in self.efficacy_bounds])

    def regions(self, *, heed_futility: bool) -> tuple[Float[np.ndarray, " look"], Float[np.ndarray, " look"]]:
        """Return the lower and inner ends of the continuation region at each look, for the kernels.

        At the last look they are the efficacy bound: whoever has not crossed it has ended.
        """
        upper, futility = self.efficacy_bounds, self.futility_bounds.copy()
        if not heed_futility:
            futility[:-1] = 0.0 if self.sides == 2 else -math.inf
        if self.sides == 2:
            return -upper, futility
        return futility, np.zeros_like(upper)

    def crossing(self, drift: float) -> Crossing:
        """Return the probabilities of crossing each bound; see `operating_characteristics.crossing`."""
        return operating_characteristics.crossing(self, drift)

    def drift(self, power: float) -> float:
        """Return the drift E[Z] at full information under which the design has `power`."""
        return operating_characteristics.drift_for_power(self, power)

    def inflation_factor(self, power: float) -> float:
        """Return the maximum information relative to the fixed test's."""
        return operating_characteristics.inflation_factor(self, power)

    def __str__(self) -> str:
        sign = "|z|" if self.sides == 2 else "z"
        bounds = ", ".join(f"{bound:.3f}" for bound in self.efficacy_bounds)
        percent = ", ".join(f"{100 * t:.3g}" for t in self.information_fractions)
        looks = f"{self.efficacy_bounds.size} look{'s' if self.efficacy_bounds.size > 1 else ''}"
        text = (
            f"{looks}, {'two' if self.sides == 2 else 'one'}-sided alpha {self.alpha:.4g}, {self.efficacy.name}: "
            f"{sign} > {bounds} at {percent} % information"
        )
        if self.futility is not None and self.efficacy_bounds.size > 1:
            futility = ", ".join(f"{bound:.3f}" for bound in self.futility_bounds[:-1])
            text += f"; {'binding' if self.binding else 'non-binding'} futility {sign} < {futility}"
        return text

    def to_frame(self) -> pd.DataFrame:
        """Return one row per look."""
        return pd.DataFrame(
            {
                "look": np.arange(1, self.efficacy_bounds.size + 1),
                "information_fraction": self.information_fractions,
                "efficacy_bound": self.efficacy_bounds,
                "futility_bound": self.futility_bounds,
                "alpha_spent": self.alpha_spent,
            }
        )
