"""Error-spending functions: how much of an error may be used up by an information fraction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from calor.design.looks import Looks
from calor.errors import DesignError
from calor.kernels import critical_values
from calor.kernels.normal import upper_quantile, upper_tail

Cumulative = Callable[[Float[np.ndarray, " look"], float], Float[np.ndarray, " look"]]


@dataclass(frozen=True)
class SpendingFunction:
    """An error to spend, and how it is spent.

    Attributes:
        name: The function's name as a protocol prints it, with its parameter.
        total: Error spent by the end: alpha for efficacy, beta for futility.
        cumulative: Error spent by each fraction (0 to 1), for a given total.
    """

    name: str
    total: float
    cumulative: Cumulative = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0.0 < self.total < 1.0:
            raise DesignError.must(
                "alpha", "lie strictly between 0 and 1", self.total, fix="Give 0.025 for a one-sided 2.5 % level."
            )

    @property
    def alpha(self) -> float:
        """The error spent by the end, under the name that every boundary has."""
        return self.total

    def spent(self, fractions: Float[np.ndarray, " look"], *, sides: int = 1) -> Float[np.ndarray, " look"]:
        """Return the cumulative error spent by each fraction; two sides each spend half of the total.

        >>> obrien_fleming(0.025).spent(np.array([0.5, 1.0])).round(6)
        array([0.001525, 0.025   ])
        """
        times = np.minimum(np.asarray(fractions, dtype=float), 1.0)
        return sides * self.cumulative(times, self.total / sides)

    def increments(self, times: Float[np.ndarray, " look"], *, sides: int = 1) -> Float[np.ndarray, " look"]:
        """Return the error spent at each look, on each side."""
        return np.diff(self.spent(times, sides=sides), prepend=0.0) / sides

    def at_level(self, alpha: float) -> SpendingFunction:
        """Return the same function with another total."""
        return replace(self, total=alpha)

    def efficacy_bounds(self, looks: Looks) -> Float[np.ndarray, " look"]:
        """Return the efficacy bounds that spend the error at the looks' spending times."""
        spent = self.increments(looks.times, sides=looks.sides)
        bounds: Float[np.ndarray, " look"]
        bounds = critical_values.spending_bounds(looks.fractions, spent, looks.lower, looks.inner, looks.sides == 2)
        return bounds


def obrien_fleming(alpha: float) -> SpendingFunction:
    """Spend like O'Brien-Fleming: 2 - 2 Phi(z / sqrt(t)), almost nothing early.

    >>> obrien_fleming(0.025).spent(np.array([0.5, 0.75, 1.0])).round(6)
    array([0.001525, 0.009649, 0.025   ])

    Reference: Lan KKG, DeMets DL. Biometrika 1983;70:659-663.
    """

    def cumulative(times: Float[np.ndarray, " look"], total: float) -> Float[np.ndarray, " look"]:
        z = upper_quantile(total / 2)
        return np.array([2 * upper_tail(z / math.sqrt(t)) if t > 0 else 0.0 for t in times])

    return SpendingFunction("Lan-DeMets O'Brien-Fleming", alpha, cumulative)


def pocock(alpha: float) -> SpendingFunction:
    """Spend like Pocock: alpha log(1 + (e - 1) t), nearly evenly.

    >>> pocock(0.025).spent(np.array([0.5, 1.0])).round(6)
    array([0.015503, 0.025   ])

    Reference: Lan KKG, DeMets DL. Biometrika 1983;70:659-663.
    """

    def cumulative(times: Float[np.ndarray, " look"], total: float) -> Float[np.ndarray, " look"]:
        spent: Float[np.ndarray, " look"] = total * np.log1p((math.e - 1.0) * times)
        return spent

    return SpendingFunction("Lan-DeMets Pocock", alpha, cumulative)


def kim_demets(alpha: float, rho: float) -> SpendingFunction:
    """Spend by a power of the information: alpha t^rho.

    >>> kim_demets(0.025, rho=3).spent(np.array([0.5, 1.0]))
    array([0.003125, 0.025   ])

    Raises:
        DesignError: `rho` is not positive.

    Reference: Kim K, DeMets DL. Biometrika 1987;74:149-154.
    """
    if not (rho > 0 and math.isfinite(rho)):
        raise DesignError.must("rho", "be positive", rho, fix="1 spends evenly, 3 mostly late.")

    def cumulative(times: Float[np.ndarray, " look"], total: float) -> Float[np.ndarray, " look"]:
        return total * times**rho

    return SpendingFunction(f"Kim-DeMets (rho = {rho:g})", alpha, cumulative)


def hwang_shih_decani(alpha: float, gamma: float) -> SpendingFunction:
    """Spend by an exponential family: alpha (1 - exp(-gamma t)) / (1 - exp(-gamma)); alpha t for gamma 0.

    >>> hwang_shih_decani(0.025, gamma=-4).spent(np.array([0.5, 1.0])).round(6)
    array([0.00298, 0.025  ])

    Raises:
        DesignError: `gamma` is not finite or beyond 100 either way.

    Reference: Hwang IK, Shih WJ, DeCani JS. Statistics in Medicine 1990;9:1439-1445.
    """
    if not abs(gamma) <= 100:
        raise DesignError.must("gamma", "lie between -100 and 100", gamma, fix="-4 is like O'Brien-Fleming, 1 Pocock.")

    def cumulative(times: Float[np.ndarray, " look"], total: float) -> Float[np.ndarray, " look"]:
        return total * (times if gamma == 0 else np.expm1(-gamma * times) / math.expm1(-gamma))

    return SpendingFunction(f"Hwang-Shih-DeCani (gamma = {gamma:g})", alpha, cumulative)


def at_the_end(alpha: float) -> SpendingFunction:
    """Spend nothing before the last look: no early efficacy.

    >>> at_the_end(0.025).spent(np.array([0.5, 1.0]))
    array([0.   , 0.025])
    """

    def cumulative(times: Float[np.ndarray, " look"], total: float) -> Float[np.ndarray, " look"]:
        return np.where(times < 1.0, 0.0, total)

    return SpendingFunction("no early stopping", alpha, cumulative)


def given(cumulative: Sequence[float]) -> SpendingFunction:
    """Spend the amounts given, one per look, whatever the information.

    Args:
        cumulative: Error spent by each look; must not fall, and ends in the total.

    Raises:
        DesignError: The amounts fall, or lie outside 0 to 1.

    >>> given([0.005, 0.01, 0.025]).total
    0.025
    """
    amounts = np.array(cumulative, dtype=float)
    if amounts.ndim != 1 or amounts.size == 0 or not np.all(np.diff(amounts, prepend=0.0) >= 0):
        raise DesignError.must(
            "cumulative", "be amounts from 0 up that never fall", cumulative, fix="Give the error spent by each look."
        )

    def per_look(times: Float[np.ndarray, " look"], total: float) -> Float[np.ndarray, " look"]:
        if times.size != amounts.size:
            raise DesignError.must(
                "cumulative", f"have one amount per look ({times.size})", amounts.size, fix="Give as many as looks."
            )
        spent: Float[np.ndarray, " look"] = amounts * (total / amounts[-1])
        return spent

    return SpendingFunction("as given", float(amounts[-1]), per_look)


def custom(alpha: float, share: Callable[[float], float], name: str = "custom") -> SpendingFunction:
    """Spend by any function from the information fraction to the share of alpha used up.

    Args:
        alpha: Error spent by the end.
        share: Function from a fraction (0 to 1) to a share (0 to 1), never falling, with share(1) = 1.
        name: What the protocol calls it.

    Raises:
        DesignError: The function falls somewhere, or does not end in 1.

    >>> custom(0.025, lambda t: t**2).spent(np.array([0.5, 1.0]))
    array([0.00625, 0.025  ])
    """
    probe = np.array([share(t) for t in np.linspace(0.0, 1.0, 101)], dtype=float)
    if not (np.all(np.diff(probe, prepend=0.0) >= -1e-12) and abs(probe[-1] - 1.0) < 1e-9):
        raise DesignError.must(
            "share", "rise from 0 or more to 1 without falling", f"{probe[0]:g} to {probe[-1]:g}", fix="Check share(1)."
        )

    def cumulative(times: Float[np.ndarray, " look"], total: float) -> Float[np.ndarray, " look"]:
        return total * np.array([share(float(t)) for t in times])

    return SpendingFunction(name, alpha, cumulative)
