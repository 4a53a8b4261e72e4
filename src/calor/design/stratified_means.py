"""Means of two arms over disjoint strata, for a population made up of several parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from calor.design.stage_means import Means
from calor.design.stage_statistics import Stages, check_strata


@dataclass(frozen=True, eq=False)
class StratifiedMeans:
    """The stratified t test: mean differences weighted by n1 n2 / (n1 + n2).

    Attributes:
        strata: Data of each stratum, all with the same stages.
        common_variance: Variance of each stage, estimated from a larger population (see `variance_from_full`); None to
            estimate each stratum's own.
        common_degrees_of_freedom: Of that variance; None for the strata's own, participants less two per stratum.

    >>> parts = (Means([39], [33], [131.1], [93.2], [156.5], [134]), Means([30], [47], [126.9], [74.5], [120], [140]))
    >>> StratifiedMeans(parts, variance_from_full(parts)).stage_p(0.0).round(5)
    array([0.02657])

    Reference: Wassmer G, Brannath W. Group Sequential and Confirmatory Adaptive Designs in Clinical Trials. Springer
        2016.
    """

    strata: Sequence[Means]
    common_variance: Stages | None = None
    common_degrees_of_freedom: Stages | None = None
    null = 0.0
    support = (-math.inf, math.inf)

    def __post_init__(self) -> None:
        check_strata([part.n1.size for part in self.strata])

    @property
    def _weights(self) -> list[Stages]:
        return [part.n1 * part.n2 / (part.n1 + part.n2) for part in self.strata]

    @property
    def crude(self) -> Means:
        """All strata thrown together, for the estimate without strata."""
        return merged_strata(self.strata)

    @property
    def effects(self) -> Stages:
        """Crude mean difference from all data up to each stage."""
        return self.crude.effects

    @property
    def limits(self) -> tuple[float, float]:
        """Far more than any interval reaches."""
        return self.crude.limits

    @property
    def standard_error(self) -> float:
        """Standard error of the crude difference from all data."""
        return self.crude.standard_error

    @property
    def stage_information(self) -> Stages:
        """Information of each stage over that of all data."""
        return self.crude.stage_information

    @property
    def degrees_of_freedom(self) -> Stages:
        """Degrees of freedom of each stage."""
        if self.common_degrees_of_freedom is not None:
            return self.common_degrees_of_freedom
        return np.asarray(sum(part.degrees_of_freedom for part in self.strata))

    def statistics(self, null: float = 0.0) -> Stages:
        """Return each stage's own t."""
        weighted, variance = np.zeros_like(self.strata[0].n1), np.zeros_like(self.strata[0].n1)
        for part, weight in zip(self.strata, self._weights, strict=True):
            own = part.standard_errors**2 if self.common_variance is None else self.common_variance / weight
            weighted += weight * (part.differences - null)
            variance += weight**2 * own
        return np.asarray(weighted / np.sqrt(variance))

    def stage_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of each stage's own data."""
        sign = 1.0 if greater else -1.0
        return np.asarray(student.sf(sign * self.statistics(null), self.degrees_of_freedom))

    def overall_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of all data up to each stage, each stratum with its own variance."""
        return StratifiedMeans([part.cumulative for part in self.strata]).stage_p(null, greater=greater)


def merged_strata(strata: Sequence[Means]) -> Means:
    """Return the data of disjoint strata as those of one population.

    >>> merged_strata([Means([2], [2], [1], [0], [1], [1]), Means([2], [2], [3], [0], [1], [1])]).mean1
    array([2.])
    """
    columns = []
    for n_name, mean_name, sd_name in (("n1", "mean1", "sd1"), ("n2", "mean2", "sd2")):
        n = np.array([getattr(part, n_name) for part in strata])
        mean = np.array([getattr(part, mean_name) for part in strata])
        sd = np.array([getattr(part, sd_name) for part in strata])
        total = n.sum(axis=0)
        centre = (n * mean).sum(axis=0) / total
        squares = ((n - 1) * sd**2 + n * mean**2).sum(axis=0) - total * centre**2
        columns.append((total, centre, np.sqrt(np.maximum(squares, 0.0) / (total - 1))))
    (n1, mean1, sd1), (n2, mean2, sd2) = columns
    return Means(n1, n2, mean1, mean2, sd1, sd2)


def variance_from_full(strata: Sequence[Means]) -> Stages:
    """Return each stage's variance pooled over all strata of the full population.

    Each arm's variance is pooled over the strata, then the arms' by their sizes less one.

    >>> parts = (Means([39], [33], [131.1], [93.2], [156.5], [134]), Means([30], [47], [126.9], [74.5], [120], [140]))
    >>> variance_from_full(parts).round(2)
    array([19479.91])
    """
    arms = []
    for n_name, sd_name in (("n1", "sd1"), ("n2", "sd2")):
        n = np.array([getattr(part, n_name) for part in strata])
        sd = np.array([getattr(part, sd_name) for part in strata])
        total = n.sum(axis=0)
        arms.append((total, ((n - 1) * sd**2).sum(axis=0) / (total - len(strata))))
    (total1, variance1), (total2, variance2) = arms
    return np.asarray(((total1 - 1) * variance1 + (total2 - 1) * variance2) / (total1 + total2 - 2))
