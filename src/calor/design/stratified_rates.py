"""Rates of two arms over disjoint strata, for a population made up of several parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from calor.design.stage_rates import Rates, restricted_rates
from calor.design.stage_statistics import Stages, check_strata


@dataclass(frozen=True, eq=False)
class StratifiedRates:
    """The stratified score test of a common rate difference, strata weighted by n1 n2 / (n1 + n2).

    Attributes:
        strata: Data of each stratum, all with the same stages.

    >>> StratifiedRates((Rates([42], [40], [22], [12]), Rates([60], [62], [25], [22]))).statistics().round(4)
    array([1.853])

    Reference: Mantel N, Haenszel W. Journal of the National Cancer Institute 1959;22:719-748 (null difference 0,
        without their n / (n - 1)). Farrington CP, Manning G. Statistics in Medicine 1990;9:1447-1454 (other values).
    """

    strata: Sequence[Rates]
    null = 0.0
    support = limits = (-1.0, 1.0)

    def __post_init__(self) -> None:
        check_strata([part.n1.size for part in self.strata])

    @property
    def crude(self) -> Rates:
        """All strata thrown together, for the estimate without strata."""
        names = ("n1", "n2", "events1", "events2")
        return Rates(*(np.sum([getattr(part, name) for part in self.strata], axis=0) for name in names))

    @property
    def effects(self) -> Stages:
        """Crude difference in rates from all data up to each stage."""
        return self.crude.effects

    @property
    def standard_error(self) -> float:
        """Standard error of the crude difference from all data."""
        return self.crude.standard_error

    @property
    def stage_information(self) -> Stages:
        """Information of each stage over that of all data."""
        return self.crude.stage_information

    def statistics(self, null: float = 0.0) -> Stages:
        """Return each stage's own z."""
        stages = self.strata[0].n1.size
        return np.array([self._statistic(stage, null) for stage in range(stages)])

    def _statistic(self, stage: int, null: float) -> float:
        weighted = variance = 0.0
        for part in self.strata:
            n1, n2 = float(part.n1[stage]), float(part.n2[stage])
            p1, p2 = float(part.events1[stage]) / n1, float(part.events2[stage]) / n2
            weight = n1 * n2 / (n1 + n2)
            q1, q2 = restricted_rates(n1, n2, p1, p2, null)
            weighted += weight * (p1 - p2 - null)
            variance += weight**2 * (q1 * (1 - q1) / n1 + q2 * (1 - q2) / n2)
        if variance <= 1e-300:
            return 1e3 * float(np.sign(weighted))
        return weighted / float(np.sqrt(variance))

    def stage_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of each stage's own data."""
        return np.asarray(ndtr(-self.statistics(null) if greater else self.statistics(null)))

    def overall_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of all data up to each stage."""
        return StratifiedRates([part.cumulative for part in self.strata]).stage_p(null, greater=greater)
