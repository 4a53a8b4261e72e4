"""Crossing probabilities, power and expected information of a group-sequential design under any drift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq

from calor.errors import DesignError
from calor.kernels import group_sequential as kernel
from calor.kernels.normal import upper_quantile

if TYPE_CHECKING:
    from calor.design.group_sequential import GroupSequential


@dataclass(frozen=True, eq=False)
class Crossing:
    """What a design does under one drift.

    Attributes:
        drift: Expected Z at full information.
        information_fractions: Fraction of the planned information at each look.
        efficacy: Probability of stopping for efficacy at each look (either side, for a two-sided design).
        efficacy_below: The part of `efficacy` that lies below the lower bound of a two-sided design.
        futility: Probability of stopping without rejection at each look; at the last one, of ending without rejection.
    """

    drift: float
    information_fractions: Float[np.ndarray, " look"]
    efficacy: Float[np.ndarray, " look"]
    efficacy_below: Float[np.ndarray, " look"]
    futility: Float[np.ndarray, " look"]

    @property
    def power(self) -> float:
        """Probability of rejecting at any look, on the side that the drift points to (the likelier one)."""
        below = float(self.efficacy_below.sum())
        return max(float(self.efficacy.sum()) - below, below)

    @property
    def expected_information(self) -> float:
        """Expected information at the end of the trial, as a fraction of the planned."""
        return float(self.information_fractions @ (self.efficacy + self.futility))

    def __str__(self) -> str:
        return (
            f"drift {self.drift:.3f}: power {self.power:.4f}, "
            f"expected information {100 * self.expected_information:.1f} % of the planned"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per look."""
        return pd.DataFrame(
            {
                "look": np.arange(1, self.efficacy.size + 1),
                "information_fraction": self.information_fractions,
                "efficacy": self.efficacy,
                "futility": self.futility,
            }
        )


def crossing(design: GroupSequential, drift: float, *, heed_futility: bool = True) -> Crossing:
    """Return the probabilities of crossing each bound under a drift.

    Args:
        design: The group-sequential design.
        drift: Expected Z at full information, theta sqrt(I_max).
        heed_futility: Stop when a futility bound is crossed; False to see what happens when it is overruled.

    Raises:
        DesignError: `drift` is not finite.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
    >>> crossing(design, 0.0).efficacy.round(6)
    array([0.001525, 0.023475])

    Reference: Jennison C, Turnbull BW. Group Sequential Methods. Chapman & Hall 2000, ch. 19.
    """
    if not math.isfinite(drift):
        raise DesignError.must("drift", "be finite", drift, fix="Give theta times the root of the full information.")
    lower, inner = design.regions(heed_futility=heed_futility)
    fractions = design.information_fractions
    drifts = np.full(fractions.size, drift)
    above, below, within = kernel.crossing(fractions, lower, inner, design.efficacy_bounds, drifts, 0.0, 0.0)
    two_sided = design.sides == 2
    efficacy_below = below if two_sided else np.zeros_like(below)
    futility = within if two_sided else below
    return Crossing(drift, fractions, above + efficacy_below, efficacy_below, futility)


def drift_for_power(design: GroupSequential, power: float) -> float:
    """Return the drift under which the design rejects with probability `power`.

    Raises:
        DesignError: `power` does not lie between alpha and 1.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([1.0], efficacy=spending.obrien_fleming(0.025))
    >>> round(drift_for_power(design, 0.9), 4)
    3.2415
    """
    null_power = crossing(design, 0.0).power
    if not null_power < power < 1.0 - 1e-12:
        raise DesignError.must(
            "power", f"lie between the one-sided type I error ({null_power:.4g}) and 1", power, fix="Give 0.8 or 0.9."
        )
    fixed = upper_quantile(design.alpha / design.sides) - upper_quantile(power)
    high = max(1.0, 1.2 * fixed)
    while crossing(design, high).power < power:
        high *= 1.5
    return float(brentq(lambda drift: crossing(design, drift).power - power, 0.0, high, xtol=1e-12, rtol=1e-14))


def inflation_factor(design: GroupSequential, power: float) -> float:
    """Return the maximum information over that of the fixed test with the same level and power.

    >>> from calor.design import GroupSequential, classical
    >>> design = GroupSequential([1 / 3, 2 / 3, 1], efficacy=classical.obrien_fleming(0.025))
    >>> round(inflation_factor(design, 0.8), 5)
    1.01741

    Reference: Jennison C, Turnbull BW. Group Sequential Methods. Chapman & Hall 2000, ch. 2.
    """
    fixed = upper_quantile(design.alpha / design.sides) - upper_quantile(power)
    return float(drift_for_power(design, power) ** 2 * design.information_fractions[-1] / fixed**2)
