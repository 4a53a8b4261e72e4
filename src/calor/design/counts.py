"""Two rates of recurrent events, negative binomial: sample size and power, fixed or group-sequential."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np

from calor.design.comparison import SUPERIORITY, Comparison
from calor.design.group_sequential import GroupSequential
from calor.design.size_table import SizeTable, crossings
from calor.errors import DesignError


@dataclass(frozen=True)
class EventCounts:
    """What is assumed of the counts under control.

    Attributes:
        rate: Events per participant and unit of time under control.
        exposure: Time each participant is followed.
        dispersion: Variance is mean + dispersion * mean**2; 0 is Poisson.

    Raises:
        DesignError: A rate or exposure that is not positive, a negative dispersion.

    >>> EventCounts(rate=0.8, exposure=2.0, dispersion=0.5).variance_of_log(0.8)
    1.125
    """

    rate: float
    exposure: float
    dispersion: float = 0.0

    def __post_init__(self) -> None:
        for name, value in (("rate", self.rate), ("exposure", self.exposure)):
            if not 0 < value < inf:
                raise DesignError.must(name, "be positive and finite", value, fix="Give it in one unit of time.")
        if not 0 <= self.dispersion < inf:
            raise DesignError.must("dispersion", "not be negative", self.dispersion, fix="0 is Poisson.")

    def variance_of_log(self, rate: float) -> float:
        """Return the variance of the log of an arm's estimated rate, times its participants."""
        return 1 / (rate * self.exposure) + self.dispersion


def sample_size(
    design: GroupSequential,
    *,
    counts: EventCounts,
    rate_ratio: float,
    power: float,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the participants needed to show a ratio of event rates.

    Args:
        design: Looks and bounds.
        counts: Rate under control, exposure and dispersion.
        rate_ratio: Rate under treatment over that under control, as assumed.
        power: Probability of rejecting at any look.
        comparison: Allocation ratio, null ratio (a margin), direction.

    Raises:
        DesignError: A ratio that is not positive, or not on the side of benefit.

    Reference:
        Friede T, Schmidli H. Blinded sample size reestimation with negative binomial counts in superiority and
        non-inferiority trials. Methods of Information in Medicine 2010. Mütze T, Glimm E, Schmidli H, Friede T. Group
        sequential designs for negative binomial outcomes. Statistical Methods in Medical Research 2019.

    >>> from calor.design import GroupSequential, spending
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.025))
    >>> sample_size(fixed, counts=EventCounts(0.8, 1.0, 0.5), rate_ratio=0.7, power=0.9).participants.round(1)
    array([[333.3, 333.3]])
    """
    null = _null(rate_ratio, comparison)
    comparison.directed(rate_ratio - null)
    drift = design.drift(power)
    total = drift**2 * _variance(counts, rate_ratio, comparison) / log(rate_ratio / null) ** 2
    return _table(design, drift, total, (counts, rate_ratio, comparison), total / design.inflation_factor(power))


def power(
    design: GroupSequential,
    *,
    counts: EventCounts,
    rate_ratio: float,
    participants: float,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the power of a number of participants to show a ratio of event rates.

    Args:
        design: Looks and bounds.
        counts: Rate under control, exposure and dispersion.
        rate_ratio: Rate under treatment over that under control, as assumed.
        participants: Both arms together, at the last look.
        comparison: Allocation ratio, null ratio (a margin), direction.

    Raises:
        DesignError: A ratio or number that is not positive.

    Reference:
        Mütze T, Glimm E, Schmidli H, Friede T. Statistical Methods in Medical Research 2019.

    >>> from calor.design import GroupSequential, spending
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.025))
    >>> round(power(fixed, counts=EventCounts(0.8, 1.0, 0.5), rate_ratio=0.7, participants=668).power, 2)
    0.9
    """
    null = _null(rate_ratio, comparison)
    if not 0 < participants < inf:
        raise DesignError.must("participants", "be positive and finite", participants, fix="Give both arms together.")
    distance = log(rate_ratio / null)
    drift = comparison.direction(distance) * distance * sqrt(participants / _variance(counts, rate_ratio, comparison))
    return _table(design, drift, participants, (counts, rate_ratio, comparison), None)


def _variance(counts: EventCounts, rate_ratio: float, comparison: Comparison) -> float:
    control, treatment = comparison.shares
    return float(
        counts.variance_of_log(counts.rate) / control + counts.variance_of_log(rate_ratio * counts.rate) / treatment
    )


def _null(rate_ratio: float, comparison: Comparison) -> float:
    null = 1.0 if comparison.null is None else comparison.null
    for name, value in (("rate_ratio", rate_ratio), ("null", null)):
        if not 0 < value < inf:
            raise DesignError.must(name, "be positive and finite", value, fix="1 is no effect.")
    return null


def _table(
    design: GroupSequential,
    drift: float,
    total: float,
    assumed: tuple[EventCounts, float, Comparison],
    fixed: float | None,
) -> SizeTable:
    counts, rate_ratio, comparison = assumed
    null = _null(rate_ratio, comparison)
    n = total * design.information_fractions
    se = comparison.direction(rate_ratio - null) * np.sqrt(_variance(counts, rate_ratio, comparison) / n)
    shares = comparison.shares
    return SizeTable(
        title="Counts, negative binomial" if counts.dispersion else "Counts, Poisson",
        measure="rate ratio",
        null=null,
        effect=rate_ratio,
        design=design,
        crossings=crossings(design, drift),
        participants=n[:, None] * shares,
        efficacy_effect=null * np.exp(design.efficacy_bounds * se),
        futility_effect=null * np.exp(design.futility_bounds * se),
        events=n * counts.rate * counts.exposure * float(shares @ [1.0, rate_ratio]),
        fixed_participants=fixed,
    )
