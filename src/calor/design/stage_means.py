"""Stage-wise means of two arms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from calor.design.stage_statistics import Stages, checked_at_least, checked_stages


@dataclass(frozen=True, eq=False)
class Means:
    """Stage-wise sample sizes, means and standard deviations, compared by the t test with pooled variance.

    >>> data = Means(n1=[40, 38], n2=[39, 40], mean1=[1.2, 1.05], mean2=[0.9, 0.8], sd1=[1, 1.1], sd2=[1.05, 1])
    >>> data.stage_p(0.0).round(4), data.overall_p(0.0).round(4)
    (array([0.0986, 0.1483]), array([0.0986, 0.0471]))
    """

    n1: Stages
    n2: Stages
    mean1: Stages
    mean2: Stages
    sd1: Stages
    sd2: Stages
    null = 0.0
    support = (-math.inf, math.inf)

    def __post_init__(self) -> None:
        for name in ("n1", "n2", "mean1", "mean2", "sd1", "sd2"):
            object.__setattr__(self, name, checked_stages(name, getattr(self, name), len(self.n1)))
        checked_at_least("n1", self.n1, 2)
        checked_at_least("n2", self.n2, 2)
        checked_at_least("sd1", self.sd1, 1e-12)
        checked_at_least("sd2", self.sd2, 1e-12)

    @property
    def cumulative(self) -> Means:
        """The same data with every stage merged with those before."""
        n1, mean1, sd1 = _merged(self.n1, self.mean1, self.sd1)
        n2, mean2, sd2 = _merged(self.n2, self.mean2, self.sd2)
        return Means(n1, n2, mean1, mean2, sd1, sd2)

    @property
    def differences(self) -> Stages:
        """Mean difference of each stage's own data."""
        return np.asarray(self.mean1 - self.mean2)

    @property
    def degrees_of_freedom(self) -> Stages:
        """Degrees of freedom of each stage's own t test."""
        return np.asarray(self.n1 + self.n2 - 2.0)

    @property
    def standard_errors(self) -> Stages:
        """Standard error of each stage's own difference, with pooled variance."""
        n1, n2 = self.n1, self.n2
        squares = (n1 - 1) * self.sd1**2 + (n2 - 1) * self.sd2**2
        return np.asarray(np.sqrt(squares / self.degrees_of_freedom * (1 / n1 + 1 / n2)))

    @property
    def effects(self) -> Stages:
        """Mean difference from all data up to each stage."""
        return self.cumulative.differences

    @property
    def standard_error(self) -> float:
        """Standard error of the difference from all data."""
        return float(self.cumulative.standard_errors[-1])

    @property
    def stage_information(self) -> Stages:
        """Information of each stage over that of all data, for a common standard deviation."""
        each = 1 / (1 / self.n1 + 1 / self.n2)
        return np.asarray(each / (1 / (1 / np.sum(self.n1) + 1 / np.sum(self.n2))))

    @property
    def limits(self) -> tuple[float, float]:
        """Far more than any interval reaches."""
        span = 200 * float(np.max(self.standard_errors))
        return float(self.differences.min()) - span, float(self.differences.max()) + span

    def statistics(self, null: float = 0.0) -> Stages:
        """Return each stage's own t."""
        return np.asarray((self.differences - null) / self.standard_errors)

    def stage_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of each stage's own data."""
        sign = 1.0 if greater else -1.0
        return np.asarray(student.sf(sign * self.statistics(null), self.degrees_of_freedom))

    def overall_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of all data up to each stage."""
        return self.cumulative.stage_p(null, greater=greater)


def _merged(n: Stages, mean: Stages, sd: Stages) -> tuple[Stages, ...]:
    """Return sizes, means and standard deviations of all data up to each stage."""
    total = np.cumsum(n)
    centre = np.cumsum(n * mean) / total
    squares = np.cumsum((n - 1) * sd**2 + n * mean**2) - total * centre**2
    return total, centre, np.sqrt(np.maximum(squares, 0.0) / (total - 1))
