"""Looks in order: information fractions, checked at the door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.errors import DesignError


@dataclass(frozen=True, eq=False)
class Looks:
    """What a boundary needs to know of the looks.

    Attributes:
        fractions: Information fraction of each look.
        times: Spending time of each look; the fractions, unless the information came out otherwise than planned.
        lower: Binding one-sided futility bounds, minus infinity where none.
        inner: Binding inner futility bounds of a two-sided design, 0 where none.
        sides: 1 or 2.
    """

    fractions: Float[np.ndarray, " look"]
    times: Float[np.ndarray, " look"]
    lower: Float[np.ndarray, " look"]
    inner: Float[np.ndarray, " look"]
    sides: int


def rising(argument: str, values: object) -> Float[np.ndarray, " look"]:
    """Return the fractions of a design's looks as an array, refusing what is no rising sequence of positive numbers.

    Args:
        argument: What the caller calls them.
        values: One number per look.

    Raises:
        DesignError: A number is missing, infinite, not positive, or not above the one before by 1e-6.

    >>> rising("information_fractions", [0.5, 1])
    array([0.5, 1. ])
    """
    try:
        fractions = np.array(values, dtype=float)
    except (TypeError, ValueError):
        fractions = np.empty(0)
    if fractions.ndim != 1 or fractions.size == 0 or not np.all(np.isfinite(fractions)):
        raise DesignError.must(argument, "be one number per look", values, fix="Give [0.5, 0.75, 1.0].")
    steps = np.diff(fractions, prepend=0.0)
    if np.any(steps < 1e-6):
        look = int(np.argmax(steps < 1e-6)) + 1
        rule = "be positive" if look == 1 else "increase"
        raise DesignError.must(
            argument, rule, fractions.tolist(), where=f"look {look}", fix="Give each look its own fraction."
        )
    return fractions
