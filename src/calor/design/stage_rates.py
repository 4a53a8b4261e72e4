"""Stage-wise rates of two arms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from calor.design.stage_statistics import Stages, checked_at_least, checked_stages
from calor.errors import DesignError


@dataclass(frozen=True, eq=False)
class Rates:
    """Stage-wise sample sizes and events, compared by the score test of a difference.

    >>> data = Rates(n1=[50, 48], n2=[49, 50], events1=[28, 27], events2=[19, 20])
    >>> data.stage_p(0.0).round(4), data.effects.round(4)
    (array([0.0431, 0.0537]), array([0.1722, 0.1673]))

    Reference: Farrington CP, Manning G. Statistics in Medicine 1990;9:1447-1454 (null differences other than 0).
    """

    n1: Stages
    n2: Stages
    events1: Stages
    events2: Stages
    null = 0.0
    support = limits = (-1.0, 1.0)

    def __post_init__(self) -> None:
        for name in ("n1", "n2", "events1", "events2"):
            object.__setattr__(self, name, checked_stages(name, getattr(self, name), len(self.n1)))
        for n, events in (("n1", "events1"), ("n2", "events2")):
            checked_at_least(n, getattr(self, n), 1)
            if np.any(getattr(self, events) > getattr(self, n)) or np.any(getattr(self, events) < 0):
                raise DesignError.must(
                    events, f"lie between 0 and `{n}`", getattr(self, events).tolist(), fix="Count participants once."
                )

    @property
    def cumulative(self) -> Rates:
        """The same data with every stage merged with those before."""
        return Rates(*(np.cumsum(column) for column in (self.n1, self.n2, self.events1, self.events2)))

    @property
    def effects(self) -> Stages:
        """Difference in rates from all data up to each stage."""
        total = self.cumulative
        return np.asarray(total.events1 / total.n1 - total.events2 / total.n2)

    @property
    def standard_error(self) -> float:
        """Standard error of the difference from all data, with the arms' own variances."""
        n1, n2 = float(np.sum(self.n1)), float(np.sum(self.n2))
        p1, p2 = float(np.sum(self.events1)) / n1, float(np.sum(self.events2)) / n2
        return math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)

    @property
    def stage_information(self) -> Stages:
        """Information of each stage over that of all data, for common rates."""
        each = 1 / (1 / self.n1 + 1 / self.n2)
        return np.asarray(each / (1 / (1 / np.sum(self.n1) + 1 / np.sum(self.n2))))

    def statistics(self, null: float = 0.0) -> Stages:
        """Return each stage's own score z; 0 where no event, or nothing but events, leaves nothing to compare."""
        columns = (self.n1, self.n2, self.events1, self.events2)
        return np.array([_score(n1, n2, x1 / n1, x2 / n2, null) for n1, n2, x1, x2 in zip(*columns, strict=True)])

    def stage_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of each stage's own data."""
        return np.asarray(ndtr(-self.statistics(null) if greater else self.statistics(null)))

    def overall_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of all data up to each stage."""
        return self.cumulative.stage_p(null, greater=greater)


def _score(n1: float, n2: float, p1: float, p2: float, null: float) -> float:
    """Return the score statistic of H0: p1 - p2 = null, with the rates' maximum likelihood under the null."""
    q1, q2 = restricted_rates(n1, n2, p1, p2, null)
    variance = q1 * (1 - q1) / n1 + q2 * (1 - q2) / n2
    difference = p1 - p2 - null
    if variance <= 1e-300:
        return 0.0 if abs(difference) < 1e-12 else math.copysign(1e3, difference)
    return difference / math.sqrt(variance)


def restricted_rates(n1: float, n2: float, p1: float, p2: float, null: float) -> tuple[float, float]:
    """Return the maximum-likelihood rates whose difference is `null`, from the cubic of Farrington and Manning.

    >>> q1, q2 = restricted_rates(50, 50, 0.5, 0.3, 0.1)
    >>> round(q1 - q2, 12), round(q2, 4)
    (0.1, 0.3478)

    Reference: Farrington CP, Manning G. Statistics in Medicine 1990;9:1447-1454, appendix.
    """
    if null == 0.0:
        pooled = (n1 * p1 + n2 * p2) / (n1 + n2)
        return pooled, pooled
    theta = n2 / n1
    a = 1 + theta
    b = -(1 + theta + p1 + theta * p2 + null * (theta + 2))
    c = null**2 + null * (2 * p1 + theta + 1) + p1 + theta * p2
    d = -p1 * null * (1 + null)
    v = b**3 / (3 * a) ** 3 - b * c / (6 * a**2) + d / (2 * a)
    u = math.copysign(math.sqrt(max(b**2 / (3 * a) ** 2 - c / (3 * a), 0.0)), v)
    ratio = 0.0 if u == 0.0 else max(-1.0, min(1.0, v / u**3))
    q1 = 2 * u * math.cos((math.pi + math.acos(ratio)) / 3) - b / (3 * a)
    q1 = max(0.0, null, min(1.0, 1.0 + null, q1))
    return q1, q1 - null
