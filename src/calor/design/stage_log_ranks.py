"""Log-rank statistics of two arms, look by look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr

from calor.design.stage_statistics import Stages, checked_at_least, checked_stages
from calor.errors import DesignError

Strata = Float[np.ndarray, "stratum look"]


@dataclass(frozen=True, eq=False)
class LogRanks:
    """Cumulative events and log-rank statistics at each look, for a hazard ratio (arm 1 over arm 2).

    Attributes:
        events: Cumulative events of both arms.
        log_ranks: Cumulative standardized log-rank statistic, positive when arm 1 has the higher hazard.
        allocation_ratios: Cumulative allocation ratio, arm 1 over arm 2.

    >>> data = LogRanks(events=[60, 118], log_ranks=[1.3, 1.9], allocation_ratios=[1, 1])
    >>> data.statistics().round(4), data.effects.round(4)
    (array([1.3   , 1.3878]), array([1.3989, 1.4188]))
    """

    events: Stages
    log_ranks: Stages
    allocation_ratios: Stages
    null = 1.0
    support = (0.0, math.inf)
    limits = (1e-12, 1e12)

    def __post_init__(self) -> None:
        for name in ("events", "log_ranks", "allocation_ratios"):
            object.__setattr__(self, name, checked_stages(name, getattr(self, name), len(self.events)))
        checked_at_least("allocation_ratios", self.allocation_ratios, 1e-9)
        if np.any(np.diff(self.events, prepend=0.0) <= 0):
            raise DesignError.must("events", "increase from look to look", list(self.events), fix="Give totals so far.")

    @property
    def _root_information(self) -> Stages:
        """Root of the information on the log hazard ratio from all data up to each stage."""
        ratio = self.allocation_ratios
        return np.asarray(np.sqrt(self.events * ratio) / (1 + ratio))

    @property
    def effects(self) -> Stages:
        """Hazard ratio from all data up to each stage: exp(Z over the root of the information)."""
        return np.asarray(np.exp(self.log_ranks / self._root_information))

    @property
    def standard_error(self) -> float:
        """Standard error of the log hazard ratio from all data."""
        return float(1 / self._root_information[-1])

    @property
    def stage_information(self) -> Stages:
        """Information of each stage over that of all data."""
        return np.asarray(np.diff(self._root_information**2, prepend=0.0) / self._root_information[-1] ** 2)

    def overall_statistics(self, null: float = 1.0) -> Stages:
        """Return the cumulative log-rank statistic, less what the null hazard ratio explains."""
        return np.asarray(self.log_ranks - math.log(null) * self._root_information)

    def statistics(self, null: float = 1.0) -> Stages:
        """Return the statistic of each stage's own events: independent increments."""
        events = self.events
        scores = np.sqrt(events) * self.overall_statistics(null)
        return np.asarray(np.diff(scores, prepend=0.0) / np.sqrt(np.diff(events, prepend=0.0)))

    def stage_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of each stage's own data."""
        return np.asarray(ndtr(-self.statistics(null) if greater else self.statistics(null)))

    def overall_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of all data up to each stage."""
        z = self.overall_statistics(null)
        return np.asarray(ndtr(-z if greater else z))


def stratified_log_ranks(
    events: Strata, observed: Strata, expected: Strata, variances: Strata, allocation_ratios: Stages
) -> LogRanks:
    """Return the stratified log-rank statistics of a population made up of disjoint strata.

    Args:
        events: Cumulative events of both arms, by stratum (rows) and look (columns).
        observed: Cumulative events of arm 1.
        expected: Their expectation under the null.
        variances: Their variance under the null.
        allocation_ratios: Cumulative allocation ratio at each look, arm 1 over arm 2.

    Raises:
        DesignError: Tables of different shapes, or a variance that is not positive.

    >>> data = stratified_log_ranks(
    ...     np.array([[18], [26]]), np.array([[18], [26]]), np.array([[13.4], [23.1]]), np.array([[6.6], [11.4]]), [1]
    ... )
    >>> data.log_ranks.round(4), data.effects.round(4)
    (array([1.7678]), array([1.704]))

    Reference: Mantel N. Cancer Chemotherapy Reports 1966;50:163-170.
    """
    tables = [np.array(table, dtype=float) for table in (events, observed, expected, variances)]
    if tables[0].ndim != 2 or any(table.shape != tables[0].shape for table in tables):
        shapes = [table.shape for table in tables]
        raise DesignError.must("strata", "be tables of one shape, strata by looks", shapes, fix="Fill every cell.")
    total, variance = tables[0].sum(axis=0), tables[3].sum(axis=0)
    checked_at_least("variances", variance, 1e-12)
    return LogRanks(total, (tables[1] - tables[2]).sum(axis=0) / np.sqrt(variance), allocation_ratios)
