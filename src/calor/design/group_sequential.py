"""Group-sequential designs: looks, bounds, and what they do."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.design import beta_spending, operating_characteristics
from calor.design.classical import ClassicalBoundary
from calor.design.looks import Looks, rising
from calor.design.operating_characteristics import Crossing
from calor.design.spending import SpendingFunction
from calor.errors import DesignError
from calor.kernels import critical_values
from calor.kernels.normal import upper_tail

Efficacy = SpendingFunction | ClassicalBoundary
Futility = SpendingFunction | Sequence[float] | None


@dataclass(frozen=True, eq=False)
class GroupSequential:
    """A design with one or more looks; its bounds are computed when it is made.

    Attributes:
        information_fractions: Share of the planned information at each look, rising to 1.
        efficacy: A spending function or a classical boundary, with its alpha (both sides together).
        futility: None; bounds for the looks before the last on the z scale (on |z| for a two-sided design, whose
            futility region is inner); or a spending function whose total is beta.
        binding: The efficacy bounds count on stopping for futility. A non-binding bound may be overruled.
        sides: 1, or 2 for a symmetric two-sided design.
        futility_under: What a futility spending function spends: type II error under the alternative, or
            acceptance under the null (its shape is scaled so that the last bounds meet).
        spending_times: Spending time of each look, when the information came out otherwise than planned; rises to 1.
        efficacy_bounds: Computed: bound on z at each look; infinity where a look cannot stop for efficacy.
        futility_bounds: Computed: bound on z (on |z| when two-sided) at each look, minus infinity (0 when two-sided)
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
    efficacy_bounds: Float[np.ndarray, " look"] = field(init=False)
    futility_bounds: Float[np.ndarray, " look"] = field(init=False)
    futility_drift: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        fractions = rising("information_fractions", self.information_fractions)
        times = fractions if self.spending_times is None else rising("spending_times", self.spending_times)
        _check(self, fractions, times)
        put = object.__setattr__
        put(self, "information_fractions", fractions)
        futility = self.futility
        if isinstance(futility, SpendingFunction) and fractions.size > 1:
            upper, lower, drift = _spending_both(self, fractions, times, futility)
            put(self, "futility_drift", drift)
        else:
            lower = _fixed_futility(self, fractions.size)
            upper = _efficacy_bounds(self, fractions, times, lower if self.binding else None)
            lower[-1] = upper[-1]
        if np.any(lower > upper):
            look = int(np.argmax(lower > upper)) + 1
            raise DesignError.must(
                "futility", f"lie below the efficacy bound {upper[look - 1]:.4g}", f"{lower[look - 1]:.4g}",
                where=f"look {look}", fix="Lower the futility bound, or drop the look.",
            )  # fmt: skip
        for bounds in (fractions, upper, lower):
            bounds.setflags(write=False)
        put(self, "efficacy_bounds", upper)
        put(self, "futility_bounds", lower)

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


def _check(design: GroupSequential, fractions: Float[np.ndarray, " look"], times: Float[np.ndarray, " look"]) -> None:
    """Refuse arguments that contradict each other."""
    if design.sides not in (1, 2):
        raise DesignError.must("sides", "be 1 or 2", design.sides, fix="Give 2 for a two-sided design.")
    if not isinstance(design.efficacy, Efficacy):
        raise DesignError.must(
            "efficacy",
            "be a spending function or a classical boundary",
            design.efficacy,
            fix="See calor.design.spending.",
        )
    if design.efficacy.alpha is not None and not design.efficacy.alpha < 0.5:
        raise DesignError.must("alpha", "lie below 0.5", design.efficacy.alpha, fix="Give 0.025, or 0.05 two-sided.")
    if times.size != fractions.size:
        raise DesignError.must(
            "spending_times", f"have one time per look ({fractions.size})", times.size, fix="Give as many as looks."
        )
    if abs(times[-1] - 1.0) > 1e-9:
        argument = "information_fractions" if design.spending_times is None else "spending_times"
        raise DesignError.must(argument, "end at 1", times.tolist(), fix="Divide by the information at the last look.")
    if design.binding and design.futility is None:
        raise DesignError.must("binding", "be False without futility bounds", True, fix="Give `futility`.")
    if design.futility_under not in ("alternative", "null"):
        raise DesignError.must(
            "futility_under", "be 'alternative' or 'null'", repr(design.futility_under), fix="See GroupSequential."
        )
    if isinstance(design.futility, SpendingFunction):
        _check_futility_spending(design, design.futility)
    elif design.futility_under == "null":
        raise DesignError.must("futility_under", "go with a futility spending function", "'null'", fix="Drop it.")


def _check_futility_spending(design: GroupSequential, futility: SpendingFunction) -> None:
    alpha = design.efficacy.alpha
    if design.binding and not isinstance(design.efficacy, SpendingFunction):
        raise DesignError.must(
            "binding", "be False when futility is spent and efficacy is not", True,
            fix="Spend alpha too, or let the futility bound be non-binding.",
        )  # fmt: skip
    if design.futility_under == "null":
        if design.sides == 2:
            raise DesignError.must("sides", "be 1 when futility is spent under the null", 2, fix="Spend beta instead.")
    elif alpha is not None and not futility.total < 1 - alpha:
        raise DesignError.must(
            "futility", "spend a beta below 1 - alpha", futility.total, fix="Give beta, 0.1 for 90 % power."
        )


def _fixed_futility(design: GroupSequential, looks: int) -> Float[np.ndarray, " look"]:
    """Return the futility bounds given, with room for the last look's."""
    none = 0.0 if design.sides == 2 else -math.inf
    if design.futility is None or isinstance(design.futility, SpendingFunction):
        return np.full(looks, none)
    bounds = np.array(design.futility, dtype=float)
    if bounds.shape != (looks - 1,) or np.any(np.isnan(bounds)) or np.any(bounds == math.inf):
        raise DesignError.must(
            "futility", f"have one bound for each of the {looks - 1} looks before the last", design.futility,
            fix="Give z values; minus infinity (0 when two-sided) where a look cannot stop for futility.",
        )  # fmt: skip
    if design.sides == 2 and np.any(bounds < 0):
        raise DesignError.must(
            "futility", "be bounds on |z| from 0 up in a two-sided design", design.futility, fix="Give 0 for none."
        )
    return np.append(bounds, none)


def _efficacy_bounds(
    design: GroupSequential,
    fractions: Float[np.ndarray, " look"],
    times: Float[np.ndarray, " look"],
    futility: Float[np.ndarray, " look"] | None,
) -> Float[np.ndarray, " look"]:
    """Return the efficacy bounds, counting on `futility` where it is binding."""
    lower, inner = np.full(fractions.size, -math.inf), np.zeros(fractions.size)
    if futility is not None:
        lower, inner = (lower, futility) if design.sides == 2 else (futility, inner)
    upper = design.efficacy.efficacy_bounds(Looks(fractions, times, lower, inner, design.sides))
    if not math.isfinite(upper[-1]):
        raise DesignError.must(
            "efficacy", "leave error to spend at the last look", upper.tolist(), fix="Spend less before the last look."
        )
    return upper


def _spending_both(
    design: GroupSequential,
    fractions: Float[np.ndarray, " look"],
    times: Float[np.ndarray, " look"],
    futility: SpendingFunction,
) -> tuple[Float[np.ndarray, " look"], Float[np.ndarray, " look"], float | None]:
    """Return efficacy bounds, futility bounds and the drift, where futility spends an error too."""
    sides = design.sides
    if design.binding and isinstance(design.efficacy, SpendingFunction):
        alpha_increments = design.efficacy.increments(times, sides=sides)
        if design.futility_under == "null":
            increments = np.diff(futility.cumulative(times, 1.0 - design.efficacy.alpha), prepend=0.0)
            upper, lower, _ = critical_values.binding_bounds(fractions, alpha_increments, increments, 0.0, False)
            return upper, lower, None
        increments = futility.increments(times)
        return beta_spending.binding(fractions, alpha_increments, increments, sides=sides)
    upper = _efficacy_bounds(design, fractions, times, None)
    if design.futility_under == "null":
        return upper, beta_spending.under_null(fractions, upper, times, futility), None
    increments = futility.increments(times)
    alpha = design.efficacy.alpha if design.efficacy.alpha is not None else 0.025
    lower, drift = beta_spending.non_binding(fractions, upper, increments, alpha=alpha, sides=sides)
    return upper, lower, drift
