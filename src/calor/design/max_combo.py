"""MaxCombo test: the largest of several weighted log-rank statistics, for a trial with one analysis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import ndtri

from calor.design.expected_events import Stratum
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.multivariate_normal import probability_below
from calor.design.weighted_logrank import Scores, scores
from calor.errors import DesignError


@dataclass(frozen=True, eq=False)
class MaxCombo:
    """A trial whose one analysis takes the largest of several weighted log-rank statistics.

    Attributes:
        weights: Weights of the statistics.
        bound: The test rejects when any statistic exceeds it.
        alpha: One-sided level.
        power: Probability of rejecting under the assumed hazards.
        participants: Both arms together.
        events: Expected by the analysis.
        time: Calendar time of the analysis.
        means: Expected value of each statistic.
        correlation: Correlation of the statistics.
    """

    weights: tuple[FlemingHarrington, ...]
    bound: float
    alpha: float
    power: float
    participants: float
    events: float
    time: float
    means: Float[np.ndarray, " weight"]
    correlation: Float[np.ndarray, "weight weight"]

    def __str__(self) -> str:
        return (
            f"MaxCombo of {', '.join(str(w) for w in self.weights)}: {ceil(self.participants - 1e-6)} participants, "
            f"{ceil(self.events - 1e-6)} events by time {self.time:g}, power {100 * self.power:.1f} %, one-sided alpha "
            f"{self.alpha:g} (any z > {self.bound:.3f})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per statistic."""
        return pd.DataFrame({"mean_z": self.means, "bound": self.bound}, index=[str(w) for w in self.weights])


def power(
    strata: Sequence[Stratum],
    *,
    weights: Sequence[FlemingHarrington],
    time: float,
    alpha: float = 0.025,
    allocation_ratio: float = 1.0,
) -> MaxCombo:
    """Return the power of a MaxCombo test.

    Args:
        strata: Assumptions, one per stratum, with the trial's own accrual rates.
        weights: Two or more different weights.
        time: Calendar time of the analysis.
        alpha: One-sided level.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: A weight twice, a level out of range, a time at which no event is expected.

    Reference:
        Lin RS, Lin J, Roychoudhury S, et al. Alternative analysis methods for time to event endpoints under
        nonproportional hazards. Statistics in Biopharmaceutical Research 2020. Yung G, Liu Y. Biometrics 2020.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> late = HazardRatio((0, 3), (0.9, 0.6))
    >>> trial = Stratum(Accrual.uniform(12, 300), PiecewiseHazard.from_median(12), late, Dropout.none())
    >>> weights = [FlemingHarrington(0, 0), FlemingHarrington(0, 0.5)]
    >>> print(power([trial], weights=weights, time=36))
    MaxCombo of FH(0, 0), FH(0, 0.5): 300 participants, 223 events by time 36, power 91.0 %, one-sided alpha 0.025 (any
    z > 2.078)
    """
    seen = _check(strata, weights, time, alpha, allocation_ratio)
    return _judge(seen, tuple(weights), time, alpha, 1.0)


def sample_size(
    strata: Sequence[Stratum],
    *,
    weights: Sequence[FlemingHarrington],
    time: float,
    power: float,
    alpha: float = 0.025,
    allocation_ratio: float = 1.0,
) -> MaxCombo:
    """Return the participants that give a MaxCombo test its power; every accrual rate is scaled alike.

    Args:
        strata: Assumptions, one per stratum; accrual rates count by their proportions.
        weights: Two or more different weights.
        time: Calendar time of the analysis.
        power: Probability of rejecting.
        alpha: One-sided level.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: No weight whose statistic favors treatment, a power outside alpha to 1, a weight twice.

    Reference:
        Lin RS, Lin J, Roychoudhury S, et al. Statistics in Biopharmaceutical Research 2020.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> late = HazardRatio((0, 3), (0.9, 0.6))
    >>> trial = Stratum(Accrual.uniform(12), PiecewiseHazard.from_median(12), late, Dropout.none())
    >>> weights = [FlemingHarrington(0, 0), FlemingHarrington(0, 0.5)]
    >>> round(sample_size([trial], weights=weights, time=36, power=0.9).participants)
    289
    """
    seen = _check(strata, weights, time, alpha, allocation_ratio)
    if not alpha < power < 1:
        raise DesignError.must("power", f"lie between alpha ({alpha:g}) and 1", power, fix="Give 0.8 or 0.9.")
    means, correlation = _standardized(seen)
    best = float(means.max())
    if not best > 0:
        fix = "No number of participants shows an effect that is not there."
        raise DesignError.must("strata", "favor treatment by one of the weights", f"z {best:.3f}", fix=fix)
    bound = _bound(correlation, alpha)

    def missing(root_factor: float) -> float:
        return probability_below(bound - root_factor * means, correlation) - (1 - power)

    enough = (bound + float(ndtri(power))) / best  # the best statistic alone then reaches the power
    root_factor = brentq(missing, 0.0, enough + 1e-6, xtol=1e-8)
    return _judge(seen, tuple(weights), time, alpha, root_factor**2)


def _check(
    strata: Sequence[Stratum], weights: Sequence[FlemingHarrington], time: float, alpha: float, allocation_ratio: float
) -> Scores:
    if len(weights) < 2 or len(set(weights)) != len(weights):
        got = [str(w) for w in weights]
        raise DesignError.must("weights", "be two or more different ones", got, fix="One weight is a log-rank test.")
    if not 0 < alpha < 0.5:
        raise DesignError.must("alpha", "lie between 0 and 0.5", alpha, fix="Give 0.025.")
    return scores(strata, weights, time, allocation_ratio)


def _standardized(seen: Scores) -> tuple[Float[np.ndarray, " weight"], Float[np.ndarray, "weight weight"]]:
    sd = np.sqrt(seen.covariance.diagonal())
    return seen.mean / sd, seen.covariance / np.outer(sd, sd)


def _bound(correlation: Float[np.ndarray, "weight weight"], alpha: float) -> float:
    k = len(correlation)

    def excess(bound: float) -> float:
        return 1 - probability_below(np.full(k, bound), correlation) - alpha

    alone, bonferroni = -float(ndtri(alpha)), -float(ndtri(alpha / k))
    return float(brentq(excess, alone - 1e-3, bonferroni + 1e-3, xtol=1e-8))


def _judge(seen: Scores, weights: tuple[FlemingHarrington, ...], time: float, alpha: float, factor: float) -> MaxCombo:
    """Return the test of a trial `factor` times as large."""
    means, correlation = _standardized(seen)
    bound, means = _bound(correlation, alpha), np.sqrt(factor) * means
    return MaxCombo(
        weights=weights,
        bound=bound,
        alpha=alpha,
        power=1 - probability_below(bound - means, correlation),
        participants=factor * seen.participants,
        events=factor * seen.events,
        time=time,
        means=means,
        correlation=correlation,
    )
