"""Boundaries fixed by shape, not spending: O'Brien-Fleming, Pocock, Wang-Tsiatis, Haybittle-Peto, given."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from calor.design.looks import Looks
from calor.errors import DesignError
from calor.kernels import critical_values

Solve = Callable[[float, Looks], Float[np.ndarray, " look"]]


@dataclass(frozen=True)
class ClassicalBoundary:
    """Efficacy bounds of a given shape at a given level.

    Attributes:
        name: The boundary's name as a protocol prints it.
        alpha: Type I error, both sides together; None where the critical values were given.
        solve: Function from alpha and the looks to the efficacy bounds.
    """

    name: str
    alpha: float | None
    solve: Solve = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.alpha is not None and not 0.0 < self.alpha < 1.0:
            raise DesignError.must(
                "alpha", "lie strictly between 0 and 1", self.alpha, fix="Give 0.025 for a one-sided 2.5 % level."
            )

    def at_level(self, alpha: float) -> ClassicalBoundary:
        """Return the same shape at another level."""
        return replace(self, alpha=alpha)

    def efficacy_bounds(self, looks: Looks) -> Float[np.ndarray, " look"]:
        """Return the efficacy bounds at the looks."""
        return self.solve(self.alpha or 0.0, looks)


def wang_tsiatis(alpha: float, shape: float) -> ClassicalBoundary:
    """Bound Z by c t^(shape - 1/2); shape 0 is O'Brien-Fleming, 1/2 is Pocock.

    Raises:
        DesignError: `shape` is not finite or beyond -5 to 5.

    >>> from calor.design import GroupSequential
    >>> GroupSequential([0.25, 0.5, 0.75, 1], efficacy=wang_tsiatis(0.025, shape=0.25)).efficacy_bounds.round(4)
    array([2.9887, 2.5132, 2.2709, 2.1133])

    Reference: Wang SK, Tsiatis AA. Biometrics 1987;43:193-199.
    """
    if not abs(shape) <= 5:
        raise DesignError.must("shape", "lie between -5 and 5", shape, fix="0 is O'Brien-Fleming, 0.5 is Pocock.")

    def solve(alpha: float, looks: Looks) -> Float[np.ndarray, " look"]:
        relative = (looks.fractions / looks.fractions[-1]) ** (shape - 0.5)
        side = alpha / looks.sides
        bounds: Float[np.ndarray, " look"]
        bounds = critical_values.shaped_bounds(
            looks.fractions, relative, side, looks.lower, looks.inner, looks.sides == 2
        )
        return bounds

    return ClassicalBoundary(f"Wang-Tsiatis (shape = {shape:g})", alpha, solve)


def obrien_fleming(alpha: float) -> ClassicalBoundary:
    """Bound the score: Z sqrt(t) by a constant.

    >>> from calor.design import GroupSequential
    >>> GroupSequential([1 / 3, 2 / 3, 1], efficacy=obrien_fleming(0.025)).efficacy_bounds.round(4)
    array([3.4711, 2.4544, 2.004 ])

    Reference: O'Brien PC, Fleming TR. Biometrics 1979;35:549-556.
    """
    return ClassicalBoundary("O'Brien-Fleming", alpha, wang_tsiatis(alpha, 0.0).solve)


def pocock(alpha: float) -> ClassicalBoundary:
    """Bound Z by the same constant at every look.

    >>> from calor.design import GroupSequential
    >>> GroupSequential([1 / 3, 2 / 3, 1], efficacy=pocock(0.025)).efficacy_bounds.round(4)
    array([2.2895, 2.2895, 2.2895])

    Reference: Pocock SJ. Biometrika 1977;64:191-199.
    """
    return ClassicalBoundary("Pocock", alpha, wang_tsiatis(alpha, 0.5).solve)


def haybittle_peto(alpha: float, early: float = 3.0) -> ClassicalBoundary:
    """Bound Z by a high constant early, and by what keeps the level at the last look.

    Args:
        alpha: Type I error, both sides together.
        early: Bound at every look but the last.

    Raises:
        DesignError: `early` is not positive, or so low that it spends alpha before the last look.

    >>> from calor.design import GroupSequential
    >>> GroupSequential([1 / 3, 2 / 3, 1], efficacy=haybittle_peto(0.025)).efficacy_bounds.round(4)
    array([3.    , 3.    , 1.9751])

    Reference: Haybittle JL. British Journal of Radiology 1971;44:793-797. Peto R et al. British Journal of Cancer
        1976;34:585-612.
    """
    if not (early > 0 and math.isfinite(early)):
        raise DesignError.must("early", "be positive and finite", early, fix="3 is customary.")

    def solve(alpha: float, looks: Looks) -> Float[np.ndarray, " look"]:
        return closing(np.full(looks.fractions.size, early), alpha, looks)

    return ClassicalBoundary(f"Haybittle-Peto ({early:g})", alpha, solve)


def early_bounds(alpha: float, early: Sequence[float]) -> ClassicalBoundary:
    """Bound Z by given values before the last look, and by what keeps the level at the last.

    Args:
        alpha: Type I error, both sides together.
        early: Bound at each look but the last; infinity where a look cannot stop for efficacy.

    Raises:
        DesignError: A value is missing or not positive, or the values spend alpha before the last look.

    >>> from calor.design import GroupSequential
    >>> GroupSequential([0.3, 0.6, 1.0], efficacy=early_bounds(0.025, [4.0, 3.0])).efficacy_bounds.round(4)
    array([4.    , 3.    , 1.9646])
    """
    values = np.array(early, dtype=float)
    if values.ndim != 1 or not np.all(values > 0):
        raise DesignError.must("early", "be positive critical values", early, fix="Give one z value per early look.")

    def solve(alpha: float, looks: Looks) -> Float[np.ndarray, " look"]:
        if looks.fractions.size != values.size + 1:
            raise DesignError.must(
                "early", f"have one value per early look ({looks.fractions.size - 1})", values.size, fix="Add them."
            )
        return closing(np.append(values, 1.0), alpha, looks)

    return ClassicalBoundary("given early bounds", alpha, solve)


def closing(bounds: Float[np.ndarray, " look"], alpha: float, looks: Looks) -> Float[np.ndarray, " look"]:
    """Return `bounds` with the last one solved to keep the level.

    Raises:
        DesignError: The earlier bounds leave nothing to spend.
    """
    closed: Float[np.ndarray, " look"]
    closed = critical_values.last_bound(
        looks.fractions, bounds, alpha / looks.sides, looks.lower, looks.inner, looks.sides == 2
    )
    if not math.isfinite(closed[-1]):
        raise DesignError.must(
            "early", "leave alpha for the last look", bounds[:-1].tolist(), fix="Raise the early bounds, or alpha."
        )
    return closed


def given(bounds: Sequence[float]) -> ClassicalBoundary:
    """Take critical values as given; their level follows.

    Args:
        bounds: Critical values on the z scale, one per look; infinity where a look cannot stop for efficacy.

    Raises:
        DesignError: A value is missing or not positive, or the last is infinite.

    >>> from calor.design import GroupSequential
    >>> round(GroupSequential([0.5, 1.0], efficacy=given([2.797, 1.977])).alpha, 4)
    0.025
    """
    values = np.array(bounds, dtype=float)
    if values.ndim != 1 or values.size == 0 or not np.all(values > 0) or not math.isfinite(values[-1]):
        raise DesignError.must(
            "bounds", "be positive critical values, the last one finite", bounds, fix="Give one z value per look."
        )

    def solve(alpha: float, looks: Looks) -> Float[np.ndarray, " look"]:
        if looks.fractions.size != values.size:
            raise DesignError.must(
                "bounds", f"have one value per look ({looks.fractions.size})", values.size, fix="Give as many as looks."
            )
        return values.copy()

    return ClassicalBoundary("as given", None, solve)
