"""Repeated confidence intervals and p-values: valid at every look, whether or not the trial stops there."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from calor.design.fisher_combination import FisherCombination
from calor.design.group_sequential import GroupSequential
from calor.design.inverse_normal import InverseNormal
from calor.design.looks import Looks
from calor.design.stage_statistics import StageData
from calor.errors import DesignError
from calor.kernels.normal import upper_quantile

Test = GroupSequential | InverseNormal | FisherCombination


@dataclass(frozen=True)
class RepeatedInterval:
    """An interval that holds jointly over all looks.

    Attributes:
        look: Look, from 1.
        estimate: Usual estimate from all data so far.
        lower: Lower limit.
        upper: Upper limit.
        level: Confidence level, jointly over the looks.
    """

    look: int
    estimate: float
    lower: float
    upper: float
    level: float

    def __str__(self) -> str:
        return (
            f"look {self.look}: {self.estimate:.3f} "
            f"(repeated {100 * self.level:.3g} % CI {self.lower:.3f} to {self.upper:.3f})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row."""
        return pd.DataFrame([dataclasses.asdict(self)])


def repeated_interval(test: Test, data: StageData, look: int) -> RepeatedInterval:
    """Return the repeated confidence interval at a look: the effects that the look's bound does not reject.

    Args:
        test: A group-sequential design (judges all data so far) or a combination test (judges the stages' p-values).
        data: The data of the stages done.
        look: Look, from 1.

    Raises:
        DesignError: `look` lies beyond the data or the design.

    >>> from calor.design import GroupSequential, spending
    >>> from calor.design.stage_log_ranks import LogRanks
    >>> design = GroupSequential([1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(0.025))
    >>> print(repeated_interval(design, LogRanks([60], [1.3], [1]), 1))
    look 1: 1.399 (repeated 95 % CI 0.537 to 3.646)

    Reference: Jennison C, Turnbull BW. Group Sequential Methods. Chapman & Hall 2000, ch. 9.
    """
    critical = critical_at(test, look)
    if look > data.effects.size:
        raise DesignError.must("look", f"be one of the {data.effects.size} stages with data", look, fix="Add the data.")

    def limit(*, greater: bool) -> float:
        def margin(null: float) -> float:
            p = (
                data.overall_p(null, greater=greater)
                if isinstance(test, GroupSequential)
                else data.stage_p(null, greater=greater)
            )
            return evidence(test, p, look) - critical

        return limit_of(data, margin, greater=greater)

    one_sided = isinstance(test, FisherCombination | InverseNormal) or test.sides == 1
    alpha = test.design.alpha if isinstance(test, InverseNormal) else test.alpha
    level = 1 - 2 * alpha if one_sided else 1 - alpha
    return RepeatedInterval(look, float(data.effects[look - 1]), limit(greater=True), limit(greater=False), level)


def evidence(test: Test, p_values: np.ndarray, look: int) -> float:
    """Return how far the p-values speak against the null: z, or minus the logarithm of Fisher's product.

    >>> from calor.design import GroupSequential, spending
    >>> round(evidence(GroupSequential([1.0], efficacy=spending.pocock(0.025)), np.array([0.025]), 1), 4)
    1.96
    """
    if isinstance(test, GroupSequential):
        return float(upper_quantile(min(max(float(p_values[look - 1]), 1e-300), 1.0 - 1e-16)))
    if isinstance(test, InverseNormal):
        return float(test.statistics(p_values[:look])[-1])
    return -float(test.log_products(p_values[:look])[-1])


def critical_at(test: Test, look: int) -> float:
    """Return the bound of a look on the scale of `evidence`.

    Raises:
        DesignError: `look` is none of the design's.

    >>> from calor.design import GroupSequential, spending
    >>> round(critical_at(GroupSequential([1.0], efficacy=spending.pocock(0.025)), 1), 4)
    1.96
    """
    if isinstance(test, FisherCombination):
        bounds = -np.log(test.critical_values)
    else:
        bounds = (test.design if isinstance(test, InverseNormal) else test).efficacy_bounds
    if look not in range(1, bounds.size + 1):
        raise DesignError.must("look", f"be one of the {bounds.size} looks", look, fix="Count from 1.")
    return float(bounds[look - 1])


def repeated_p(test: GroupSequential | InverseNormal, look: int, z: float) -> float:
    """Return the smallest level at which a design of this kind would reject at this look; at most 0.5 per side.

    Args:
        test: The design, or the combination test built on it.
        look: Look, from 1.
        z: Statistic at that look (combined, for a combination test).

    Raises:
        DesignError: `look` is none of the design's, or the critical values were given and have no level to vary.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(0.025))
    >>> round(repeated_p(design, 3, 2.5085356), 4)
    0.0063

    Reference: Jennison C, Turnbull BW. Group Sequential Methods. Chapman & Hall 2000, ch. 9.
    """
    design = test.design if isinstance(test, InverseNormal) else test
    critical_at(design, look)
    if not math.isfinite(z):
        raise DesignError.must("z", "be finite", z, fix="Give the statistic at the look.")
    if design.efficacy.alpha is None:
        raise DesignError.must("efficacy", "have a level", "given critical values", fix="Use a family or a spending.")
    z = abs(z) if design.sides == 2 else z

    def short(level: float) -> float:
        return float(np.nan_to_num(bounds_at_level(design, level)[look - 1], posinf=1e3)) - z

    highest = 0.5 * design.sides * (1 - 1e-9)
    if short(highest) >= 0:
        return 0.5 * design.sides
    lowest = 1e-15
    return (
        lowest
        if short(lowest) <= 0
        else math.exp(
            brentq(lambda log_level: short(math.exp(log_level)), math.log(lowest), math.log(highest), xtol=1e-11)
        )
    )


def bounds_at_level(design: GroupSequential, level: float) -> np.ndarray:
    """Return the efficacy bounds of the same family at another level, with the design's binding futility bounds.

    >>> from calor.design import GroupSequential, spending
    >>> design = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
    >>> bounds_at_level(design, 0.05).round(3)
    array([2.538, 1.662])
    """
    efficacy = design.efficacy.at_level(level)
    times = design.information_fractions if design.spending_times is None else np.asarray(design.spending_times)
    lower, inner = design.regions(heed_futility=design.binding)
    if design.sides == 2:
        lower = np.full_like(lower, -math.inf)
    return efficacy.efficacy_bounds(Looks(design.information_fractions, times, lower, inner, design.sides))


def limit_of(data: StageData, margin: Callable[[float], float], *, greater: bool) -> float:
    """Return the null value where a monotone margin is zero; an end of the effect's support where it never is.

    Args:
        data: The data, which know the effect's scale.
        margin: How far a null value is beyond rejection: falls with the null for a lower limit, rises for an upper.
        greater: Seek the lower limit, by tests against greater effects; else the upper.

    >>> from calor.design.stage_log_ranks import LogRanks
    >>> data = LogRanks([60], [1.3], [1])
    >>> limit_of(data, lambda null: 2.0 - null, greater=True), limit_of(data, lambda null: -1.0, greater=True)
    (2.0, 0.0)
    """
    logarithmic = data.null == 1.0
    low, high = (math.log(limit) for limit in data.limits) if logarithmic else data.limits

    def value(x: float) -> float:
        return float(margin(math.exp(x) if logarithmic else x))

    inset = 1e-12 * (high - low)
    at_low, at_high = value(low + inset), value(high - inset)
    if (at_low > 0) is (at_high > 0):
        never_rejected = at_low <= 0
        return data.support[0] if greater is never_rejected else data.support[1]
    root = float(brentq(value, low + inset, high - inset, xtol=1e-12, rtol=1e-12))
    return math.exp(root) if logarithmic else root
