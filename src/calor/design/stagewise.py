"""Inference after a group-sequential trial has stopped, by the stage-wise ordering of its outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq

from calor.design.group_sequential import GroupSequential
from calor.errors import DesignError
from calor.kernels import group_sequential as kernel

_FARTHEST = 40.0  # standard errors from the statistic beyond which every probability is 0 or 1


@dataclass(frozen=True)
class StagewiseInference:
    """What a stopped trial says of its effect.

    Attributes:
        look: Look at which the trial stopped, from 1.
        p_value: P-value of no effect: one-sided for a one-sided design, two-sided for a two-sided one.
        median_unbiased: Estimate too high and too low with equal probability.
        lower: Lower confidence limit.
        upper: Upper confidence limit.
        level: Confidence level of the two-sided interval.
    """

    look: int
    p_value: float
    median_unbiased: float
    lower: float
    upper: float
    level: float

    def __str__(self) -> str:
        return (
            f"stopped at look {self.look}: median-unbiased estimate {self.median_unbiased:.3f} "
            f"({100 * self.level:.3g} % CI {self.lower:.3f} to {self.upper:.3f}; p = {self.p_value:.4f}, "
            "stage-wise ordering)"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([vars(self)])


def stagewise(
    design: GroupSequential,
    look: int,
    z: float,
    *,
    standard_error: float | None = None,
    stage_information: Sequence[float] | Float[np.ndarray, " stage"] | None = None,
) -> StagewiseInference:
    """Return p-value, interval and median-unbiased estimate of a trial that stopped at a look.

    Outcomes are ordered by the look at which an efficacy bound was crossed, then by the statistic: crossing earlier is
    more extreme. The ordering does not depend on looks that were never reached.

    Args:
        design: The group-sequential design.
        look: Look at which the trial stopped, from 1.
        z: Statistic at that look; for a combination test, the combined one.
        standard_error: Of the usual estimate at that look; effects are then on its scale. None gives drifts.
        stage_information: Information of each stage up to `look`, over the total, where it differs from the design's
            and the weights of a combination test stay the design's. None: as in the design.

    Raises:
        DesignError: `look` is none of the design's, or a number is not finite.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(0.025))
    >>> print(stagewise(design, 3, 2.508536, standard_error=0.13326933))
    stopped at look 3: median-unbiased estimate 0.324 (95 % CI 0.053 to 0.589; p = 0.0099, stage-wise ordering)

    Reference: Tsiatis AA, Rosner GL, Mehta CR. Biometrics 1984;40:797-803. Jennison C, Turnbull BW. Group Sequential
        Methods. Chapman & Hall 2000, ch. 8.
    """
    fractions = design.information_fractions
    if look not in range(1, fractions.size + 1):
        raise DesignError.must("look", f"be one of the {fractions.size} looks", look, fix="Count from 1.")
    if not math.isfinite(z):
        raise DesignError.must("z", "be finite", z, fix="Give the statistic at the look.")
    if standard_error is not None and not 0 < standard_error < math.inf:
        raise DesignError.must(
            "standard_error", "be positive and finite", standard_error, fix="Leave it out for drifts."
        )
    unit = _unit_drifts(design, look, stage_information)
    tail = 0.5 * design.alpha if design.sides == 2 else design.alpha
    p_above = extreme_probability(design, look, z, 0.0 * unit)

    def effect(probability: float) -> float:
        def gap(x: float) -> float:
            return extreme_probability(design, look, z, x * unit) - probability

        far = abs(z) + _FARTHEST
        return float(brentq(gap, -far, far, xtol=1e-11))

    scale = 1.0 / math.sqrt(fractions[look - 1]) if standard_error is None else standard_error
    return StagewiseInference(
        look=look,
        p_value=2 * min(p_above, 1 - p_above) if design.sides == 2 else p_above,
        median_unbiased=scale * effect(0.5),
        lower=scale * effect(tail),
        upper=scale * effect(1 - tail),
        level=1 - 2 * tail,
    )


def extreme_probability(design: GroupSequential, look: int, z: float, drifts: Float[np.ndarray, " look"]) -> float:
    """Return the probability of an outcome at least as far in the upper direction, with one drift per step.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
    >>> round(extreme_probability(design, 2, 2.0, np.zeros(2)), 4)
    0.0233
    """
    lower, inner = design.regions(heed_futility=True)
    upper = design.efficacy_bounds.copy()
    upper[look - 1] = z
    above = kernel.crossing(design.information_fractions[:look], lower, inner, upper, drifts, 0.0, 0.0)[0]
    return float(above.sum())


def _unit_drifts(
    design: GroupSequential, look: int, stage_information: Sequence[float] | Float[np.ndarray, " stage"] | None
) -> Float[np.ndarray, " look"]:
    """Return each step's drift when the estimate at `look` is one standard error from the null."""
    steps = np.diff(design.information_fractions[:look], prepend=0.0)
    if stage_information is None:
        shares = steps / design.information_fractions[look - 1]
    else:
        shares = np.array(stage_information, dtype=float)
        if shares.shape != steps.shape or not np.all(shares > 0):
            raise DesignError.must(
                "stage_information", f"be {look} positive numbers", stage_information, fix="Give one per stage done."
            )
    return np.asarray(np.sqrt(shares / steps))
