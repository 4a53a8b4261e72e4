"""The bounds of a group-sequential design, from its rules for efficacy and futility."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from calor.design import beta_spending
from calor.design.looks import Looks
from calor.design.spending import SpendingFunction
from calor.errors import DesignError
from calor.kernels import critical_values
from calor.kernels.normal import upper_tail

if TYPE_CHECKING:
    from calor.design.group_sequential import GroupSequential

Bounds = tuple[Float[np.ndarray, " look"], Float[np.ndarray, " look"], float | None]


def solve_bounds(
    design: GroupSequential, fractions: Float[np.ndarray, " look"], times: Float[np.ndarray, " look"]
) -> Bounds:
    """Return efficacy bounds, futility bounds and the drift at which futility spends its beta.

    Args:
        design: The design with its rules.
        fractions: Its information fractions.
        times: Its spending times.

    Raises:
        DesignError: No error is left for the last look, or a futility bound lies above the efficacy bound.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 1.0], efficacy=spending.pocock(0.025), futility=[0.0])
    >>> upper, futility, drift = solve_bounds(design, design.information_fractions, design.information_fractions)
    >>> upper.round(3), futility.round(3), drift
    (array([2.157, 2.201]), array([0.   , 2.201]), None)
    """
    if isinstance(design.futility, SpendingFunction) and fractions.size > 1:
        upper, futility, drift = _spending_both(design, fractions, times, design.futility)
    else:
        futility, drift = _fixed_futility(design, fractions.size), None
        upper = _efficacy_bounds(design, fractions, times, futility if design.binding else None)
        futility[-1] = upper[-1]
    if np.any(futility > upper):
        look = int(np.argmax(futility > upper)) + 1
        raise DesignError.must(
            "futility",
            f"lie below the efficacy bound {upper[look - 1]:.4g}",
            f"{futility[look - 1]:.4g}",
            where=f"look {look}",
            fix="Lower the futility bound, or drop the look.",
        )
    return upper, futility, drift


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
) -> Bounds:
    """Return efficacy bounds, futility bounds and the drift, where futility spends an error too."""
    sides, beta, drift = design.sides, futility.increments(times), design.planned_drift
    if design.binding and isinstance(design.efficacy, SpendingFunction):
        alpha = design.efficacy.increments(times, sides=sides)
        if design.futility_under == "null":
            acceptance = futility.at_level(1.0 - design.efficacy.alpha).increments(times)
            return *critical_values.binding_bounds(fractions, alpha, acceptance, 0.0, False)[:2], None
        if drift is None:
            return beta_spending.binding(fractions, alpha, beta, sides=sides)
        return *critical_values.binding_bounds(fractions, alpha, beta, drift, sides == 2)[:2], drift
    upper = _efficacy_bounds(design, fractions, times, None)
    if design.futility_under == "null":
        return upper, beta_spending.under_null(fractions, upper, times, futility), None
    if drift is None:
        level = upper_tail(float(upper[-1]))
        lower, drift = beta_spending.non_binding(fractions, upper, beta, level=level, sides=sides)
    else:
        lower = critical_values.futility_bounds(fractions, upper, beta, drift, sides == 2)[0]
    return upper, lower, drift
