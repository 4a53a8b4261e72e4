"""Futility bounds that spend an error: the type II error under an alternative, or acceptance under the null."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq

from calor.design.spending import SpendingFunction
from calor.errors import DesignError
from calor.kernels import critical_values
from calor.kernels.normal import upper_quantile


def non_binding(
    fractions: Float[np.ndarray, " look"],
    efficacy_bounds: Float[np.ndarray, " look"],
    increments: Float[np.ndarray, " look"],
    *,
    level: float,
    sides: int,
) -> tuple[Float[np.ndarray, " look"], float]:
    """Return futility bounds that meet the known efficacy bounds at the last look, and the drift that makes them meet.

    Args:
        fractions: Information fraction of each look.
        efficacy_bounds: Bounds that keep the level when futility is overruled.
        increments: Type II error to spend at each look.
        level: One-sided level of the last efficacy bound taken alone.
        sides: 1 or 2.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential(
    ...     [1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(0.025), futility=spending.obrien_fleming(0.1)
    ... )
    >>> design.futility_bounds.round(4), round(design.crossing(design.drift(0.9)).power, 6)
    (array([-0.6945,  1.0025,  1.993 ]), 0.9)
    """

    def unspent(drift: float) -> float:
        return float(critical_values.futility_bounds(fractions, efficacy_bounds, increments, drift, sides == 2)[1])

    drift = _drift_at_zero(unspent, level, float(increments.sum()), fractions[-1])
    return critical_values.futility_bounds(fractions, efficacy_bounds, increments, drift, sides == 2)[0], drift


def binding(
    fractions: Float[np.ndarray, " look"],
    alpha_increments: Float[np.ndarray, " look"],
    increments: Float[np.ndarray, " look"],
    *,
    sides: int,
) -> tuple[Float[np.ndarray, " look"], Float[np.ndarray, " look"], float]:
    """Return efficacy bounds, binding futility bounds and the drift under which they spend both errors.

    Args:
        fractions: Information fraction of each look.
        alpha_increments: Type I error to spend at each look and side.
        increments: Type II error to spend at each look.
        sides: 1 or 2.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential(
    ...     [1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(0.025), futility=spending.obrien_fleming(0.1),
    ...     binding=True,
    ... )
    >>> design.efficacy_bounds.round(4), design.futility_bounds.round(4)
    (array([3.7103, 2.5114, 1.9588]), array([-0.7134,  0.9758,  1.9588]))

    Reference: Pampallona S, Tsiatis AA, Kim K. Drug Information Journal 2001;35:1113-1121.
    """

    def unspent(drift: float) -> float:
        return float(critical_values.binding_bounds(fractions, alpha_increments, increments, drift, sides == 2)[2])

    drift = _drift_at_zero(unspent, float(alpha_increments.sum()), float(increments.sum()), fractions[-1])
    upper, futility, _ = critical_values.binding_bounds(fractions, alpha_increments, increments, drift, sides == 2)
    return upper, futility, drift


def under_null(
    fractions: Float[np.ndarray, " look"],
    efficacy_bounds: Float[np.ndarray, " look"],
    times: Float[np.ndarray, " look"],
    futility: SpendingFunction,
) -> Float[np.ndarray, " look"]:
    """Return one-sided futility bounds that spend acceptance under the null, non-binding.

    The spending function's shape is scaled so that the last futility bound meets the last efficacy bound.

    >>> from calor.design import GroupSequential, spending
    >>> GroupSequential(
    ...     [0.25, 0.5, 0.75, 1], efficacy=spending.hwang_shih_decani(0.025, gamma=-4),
    ...     futility=spending.hwang_shih_decani(0.975, gamma=-2), futility_under="null",
    ... ).futility_bounds.round(4)
    array([-1.2872, -0.7126,  0.0261,  2.0136])
    """

    def bounds(total: float) -> tuple[Float[np.ndarray, " look"], float]:
        increments = futility.at_level(total).increments(times)
        found: tuple[Float[np.ndarray, " look"], float]
        found = critical_values.futility_bounds(fractions, efficacy_bounds, increments, 0.0, False)
        return found

    total = brentq(lambda share: bounds(share)[1], 0.5, 1.0 - 1e-9, xtol=1e-12)
    return bounds(total)[0]


def _drift_at_zero(unspent: Callable[[float], float], level: float, beta: float, last_fraction: float) -> float:
    fixed = (upper_quantile(level) + upper_quantile(beta)) / np.sqrt(last_fraction)
    if not fixed > 0:
        raise DesignError.must("futility", "spend less than 1 - alpha", beta, fix="Give beta, 0.1 for 90 % power.")
    low, high = 0.5 * fixed, 1.3 * fixed
    while unspent(high) > 0:
        high *= 1.3
        if high > 10 * fixed:
            raise DesignError.must(
                "futility", "leave a drift at which both errors can be spent", beta, fix="Spend less error early."
            )
    return float(brentq(unspent, low, high, xtol=1e-12, rtol=1e-14))
