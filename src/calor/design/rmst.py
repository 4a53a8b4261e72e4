"""Restricted mean survival time: expected difference, its variance, power and sample size of one analysis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from calor.design import spending
from calor.design.comparison import SUPERIORITY, Comparison
from calor.design.expected_events import Stratum, allocation_shares, expected_events, follow_up
from calor.design.group_sequential import GroupSequential
from calor.design.hazard import Hazard
from calor.design.size_table import SizeTable, crossings
from calor.errors import DesignError

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


@dataclass(frozen=True)
class MeanDifference:
    """Difference of restricted mean survival times that a trial will estimate.

    Attributes:
        control: Restricted mean under control.
        treatment: Restricted mean under treatment.
        variance: Variance of the estimated difference, from Kaplan-Meier curves.
    """

    control: float
    treatment: float
    variance: float

    @property
    def difference(self) -> float:
        """Treatment less control."""
        return self.treatment - self.control

    def __str__(self) -> str:
        return f"RMST {self.treatment:.3f} v {self.control:.3f}: {self.difference:+.3f} (SE {sqrt(self.variance):.3f})"


def mean_difference(stratum: Stratum, *, tau: float, time: float, allocation_ratio: float = 1.0) -> MeanDifference:
    """Return the expected difference of restricted mean survival times and its variance at a calendar time.

    Args:
        stratum: Assumptions, with the trial's own accrual rates.
        tau: Time since randomization up to which survival is averaged.
        time: Calendar time of the analysis.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: Nobody is followed for `tau` by then.

    Reference:
        Yung G, Liu Y. Biometrics 2020 (asymptotic variance). Royston P, Parmar MKB. BMC Medical Research Methodology
        2013.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> hazard, ratio = PiecewiseHazard.from_median(12), HazardRatio.constant(0.7)
    >>> print(mean_difference(Stratum(Accrual.uniform(12, 400), hazard, ratio, Dropout.none()), tau=24, time=36))
    RMST 15.360 v 12.984: +2.376 (SE 0.858)
    """
    if not 0 < tau < time < inf:
        fix = "Average up to an earlier time, or analyze later."
        raise DesignError.must("tau", f"lie between 0 and the time of the analysis ({time:g})", tau, fix=fix)
    treated = stratum.hazard_ratio.treated(stratum.control)
    seen, shares = follow_up(stratum, time, until=tau), allocation_shares(allocation_ratio)
    at_risk = seen.at_risk(shares)
    if not at_risk[:, -1].min() > 0:
        raise DesignError.must("tau", "be a time for which some are followed", tau, fix="Analyze later.")
    variance = 0.0
    for arm, hazard in enumerate((stratum.control, treated)):
        to_come = _area_to_come(hazard, seen.time, tau)
        variance += float((seen.width * to_come**2 * seen.hazard[arm] / at_risk[arm]).sum())
    control, treatment = (float(_area_to_come(h, np.zeros(1), tau)[0]) for h in (stratum.control, treated))
    return MeanDifference(control, treatment, variance)


def power(
    stratum: Stratum, *, tau: float, time: float, alpha: float = 0.025, comparison: Comparison = SUPERIORITY
) -> SizeTable:
    """Return the power of a one-sided test of restricted mean survival times.

    Args:
        stratum: Assumptions, with the trial's own accrual rates.
        tau: Time since randomization up to which survival is averaged.
        time: Calendar time of the analysis.
        alpha: One-sided level.
        comparison: Allocation ratio, null difference (a margin), direction of benefit (None is longer survival).

    Raises:
        DesignError: Nobody is followed for `tau` by then, or a value out of range.

    Reference:
        Yung G, Liu Y. Biometrics 2020.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> hazard, ratio = PiecewiseHazard.from_median(12), HazardRatio.constant(0.7)
    >>> round(power(Stratum(Accrual.uniform(12, 400), hazard, ratio, Dropout.none()), tau=24, time=36).power, 3)
    0.791
    """
    found = mean_difference(stratum, tau=tau, time=time, allocation_ratio=comparison.allocation_ratio)
    return _table(stratum, found, (tau, time), alpha, comparison)


def sample_size(
    stratum: Stratum,
    *,
    tau: float,
    time: float,
    power: float,
    alpha: float = 0.025,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the participants that give a one-sided test of restricted mean survival times its power.

    Args:
        stratum: Assumptions; accrual rates count by their proportions.
        tau: Time since randomization up to which survival is averaged.
        time: Calendar time of the analysis.
        power: Probability of rejecting.
        alpha: One-sided level.
        comparison: Allocation ratio, null difference (a margin), direction of benefit (None is longer survival).

    Raises:
        DesignError: A difference that is not on the side of benefit, a power or level out of range.

    Reference:
        Yung G, Liu Y. Biometrics 2020.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> hazard, ratio = PiecewiseHazard.from_median(12), HazardRatio.constant(0.7)
    >>> trial = Stratum(Accrual.uniform(12), hazard, ratio, Dropout.none())
    >>> round(sample_size(trial, tau=24, time=36, power=0.8).total)
    409
    """
    found = mean_difference(stratum, tau=tau, time=time, allocation_ratio=comparison.allocation_ratio)
    if not 0 < alpha < power < 1:
        raise DesignError.must("power", f"lie between alpha ({alpha:g}) and 1", power, fix="Give 0.8 or 0.9.")
    distance = found.difference - (comparison.null or 0.0)
    if not _direction(comparison) * distance > 0:
        fix = "No number of participants shows an effect that is not there."
        raise DesignError.must("stratum", "lie on the side of benefit", f"difference {found.difference:+.4g}", fix=fix)
    factor = (float(ndtri(power)) - float(ndtri(alpha))) ** 2 * found.variance / distance**2
    larger = replace(stratum, accrual=stratum.accrual.scaled(factor))
    return _table(larger, replace(found, variance=found.variance / factor), (tau, time), alpha, comparison)


def _direction(comparison: Comparison) -> float:
    return -1.0 if comparison.benefit == "lower" else 1.0


def _table(
    stratum: Stratum, found: MeanDifference, tau_and_time: tuple[float, float], alpha: float, comparison: Comparison
) -> SizeTable:
    tau, time = tau_and_time
    fixed = GroupSequential(np.ones(1), efficacy=spending.at_the_end(alpha))
    null, se = comparison.null or 0.0, _direction(comparison) * sqrt(found.variance)
    events = expected_events([stratum], time, comparison.allocation_ratio)
    return SizeTable(
        title=f"Survival, restricted mean to {tau:g}",
        measure="difference",
        null=null,
        effect=found.difference,
        design=fixed,
        crossings=crossings(fixed, (found.difference - null) / se),
        participants=stratum.accrual.enrolled(time) * comparison.shares[None, :],
        efficacy_effect=null + fixed.efficacy_bounds * se,
        futility_effect=null + fixed.futility_bounds * se,
        events=events.sum(keepdims=True),
        times=np.array([time]),
    )


def _area_to_come(hazard: Hazard, start: Float[np.ndarray, " time"], tau: float) -> Float[np.ndarray, " time"]:
    """Return the area under a survivor function from each start to tau."""
    finer = (tau / 4**i for i in range(1, 9))  # towards 0, where a Weibull's is steep
    edges = np.array([0.0, *sorted({*finer, *(b for b in hazard.breaks if 0 < b < tau)}), tau])
    span = np.minimum(np.searchsorted(edges, start, side="right") - 1, edges.size - 2)

    def area(low: Float[np.ndarray, " piece"], high: Float[np.ndarray, " piece"]) -> Float[np.ndarray, " piece"]:
        width = (high - low)[:, None] / 2
        return np.asarray((width * _WEIGHTS * np.exp(-hazard.cumulative(low[:, None] + width * (_NODES + 1)))).sum(1))

    whole = area(edges[:-1], edges[1:])
    after = np.append(np.cumsum(whole[::-1])[::-1][1:], 0.0)
    return np.asarray(area(start, edges[span + 1]) + after[span])
