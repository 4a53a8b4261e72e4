"""Conditional and predictive power, and the conditional rejection probability, at an interim look."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from calor.design.group_sequential import GroupSequential
from calor.design.operating_characteristics import Crossing
from calor.errors import DesignError
from calor.kernels import group_sequential as kernel
from calor.kernels.normal import density


def conditional_crossing(
    design: GroupSequential,
    look: int,
    z: float,
    *,
    drift: float | None = None,
    shifts: Sequence[float] | None = None,
    heed_futility: bool = True,
) -> Crossing:
    """Return the probabilities of crossing each later bound, given the statistic at a look.

    Args:
        design: The group-sequential design.
        look: Number of the look just done, from 1.
        z: Statistic at that look.
        drift: Expected z at full information in the rest of the trial; the trend so far, z / sqrt(t), when neither
            it nor `shifts` is given.
        shifts: Instead of a drift: expected stage-wise z of each remaining look's own data, for sizes planned anew.
        heed_futility: Stop when a futility bound is crossed.

    Raises:
        DesignError: `look` is no interim look, a number is not finite, or both drift and shifts are given.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(0.025))
    >>> conditional_crossing(design, 1, 1.2894, drift=0.0).efficacy.round(4)
    array([0.0118, 0.0553])

    Reference: Jennison C, Turnbull BW. Group Sequential Methods. Chapman & Hall 2000, ch. 10.
    """
    fractions = design.information_fractions
    if look not in range(1, fractions.size):
        raise DesignError.must("look", f"be an interim look, 1 to {fractions.size - 1}", look, fix="Count from 1.")
    if not math.isfinite(z) or (drift is not None and not math.isfinite(drift)):
        raise DesignError.must("z", "be finite, and so must a drift", (z, drift), fix="Give the statistic at the look.")
    if drift is not None and shifts is not None:
        raise DesignError.must("shifts", "be None when a drift is given", shifts, fix="Give one of them.")
    steps = np.diff(fractions)[look - 1 :]
    if shifts is None:
        drifts = np.full(steps.size, z / math.sqrt(fractions[look - 1]) if drift is None else drift)
    else:
        planned = np.array(shifts, dtype=float)
        if planned.shape != steps.shape or not np.all(np.isfinite(planned)):
            fix = "Give one per remaining look."
            raise DesignError.must("shifts", f"be {steps.size} finite numbers", shifts, fix=fix)
        drifts = planned / np.sqrt(steps)
    lower, inner = design.regions(heed_futility=heed_futility)
    later = fractions[look:]
    above, below, within = kernel.crossing(
        later,
        lower[look:],
        inner[look:],
        design.efficacy_bounds[look:],
        drifts,
        z,
        fractions[look - 1],
    )
    efficacy_below = below if design.sides == 2 else np.zeros_like(below)
    futility = within if design.sides == 2 else below
    return Crossing(float(drifts[-1]), later, above + efficacy_below, efficacy_below, futility)


def conditional_power(design: GroupSequential, look: int, z: float, drift: float | None = None) -> float:
    """Return the probability of rejecting later, given the statistic at a look.

    Args:
        design: The group-sequential design.
        look: Number of the look just done, from 1.
        z: Statistic at that look.
        drift: Expected z at full information in the rest of the trial; the trend so far when None.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
    >>> round(conditional_power(design, 1, 1.5), 4), round(conditional_power(design, 1, 1.5, drift=3.24), 4)
    (0.5855, 0.843)
    """
    return conditional_crossing(design, look, z, drift=drift).power


def conditional_rejection_probability(design: GroupSequential, look: int, z: float) -> float:
    """Return the probability under the null of rejecting later, given the statistic at a look.

    A redesign of the rest of the trial at this level keeps the trial's level. A non-binding futility bound is taken to
    be overruled.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(0.025))
    >>> round(conditional_rejection_probability(design, 1, 1.28938717742631), 6)
    0.067097

    Reference: Mueller HH, Schaefer H. Biometrics 2001;57:886-891.
    """
    return float(conditional_crossing(design, look, z, drift=0.0, heed_futility=design.binding).efficacy.sum())


def predictive_power(
    design: GroupSequential, look: int, z: float, *, prior_drift: float = 0.0, prior_sd: float = math.inf
) -> float:
    """Return conditional power averaged over the posterior of the drift.

    Args:
        design: The group-sequential design.
        look: Number of the look just done, from 1.
        z: Statistic at that look.
        prior_drift: Prior mean of the expected z at full information.
        prior_sd: Its prior standard deviation; infinity for the flat prior.

    Raises:
        DesignError: `look` is no interim look, or `prior_sd` is not positive.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
    >>> round(predictive_power(design, 1, 1.5), 4)
    0.5607

    Reference: Spiegelhalter DJ, Freedman LS, Blackburn PR. Controlled Clinical Trials 1986;7:8-17.
    """
    if not prior_sd > 0:
        raise DesignError.must("prior_sd", "be positive", prior_sd, fix="Give infinity for a flat prior.")
    conditional_crossing(design, look, z)
    fraction = float(design.information_fractions[look - 1])
    precision = fraction + 1.0 / prior_sd**2
    mean = (z * math.sqrt(fraction) + prior_drift / prior_sd**2) / precision
    sd = 1.0 / math.sqrt(precision)
    nodes, weights = kernel.panel_grid(-8.0, 8.0, 2.0)
    powers = np.array([conditional_crossing(design, look, z, drift=mean + sd * u).power for u in nodes])
    masses: Float[np.ndarray, " node"] = weights * np.array([density(u) for u in nodes])
    return float(masses @ powers)
