"""Repeated confidence intervals for several populations at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calor.design.closed_testing import Combination, IntersectionTest, adjust
from calor.design.inverse_normal import InverseNormal
from calor.design.repeated import RepeatedInterval, critical_at, evidence, limit_of
from calor.design.stage_statistics import StageData
from calor.errors import DesignError


def simultaneous_interval(
    test: Combination,
    data: Sequence[StageData],
    population: int,
    look: int,
    *,
    intersection_test: IntersectionTest = "bonferroni",
) -> RepeatedInterval:
    """Return a population's repeated interval, jointly with those of all populations and looks.

    It holds the effects that the single-step test of the intersection of all populations followed does not reject,
    when this population has the smallest p-value. Simes's test allows no such interval; Bonferroni's is used for it.

    Args:
        test: The combination test.
        data: Data of each population, for the stages at which it was followed.
        population: Row of `data`, from 0.
        look: Stage, from 1.
        intersection_test: Test of an intersection within a stage, by its smallest p-value.

    Raises:
        DesignError: The population was not followed at that stage.

    >>> from calor.design import GroupSequential, spending
    >>> from calor.design.stage_log_ranks import LogRanks
    >>> test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.pocock(0.025)))
    >>> data = [LogRanks([18], [1.7905475715715], [1]), LogRanks([44], [1.76776695296637], [1])]
    >>> print(simultaneous_interval(test, data, 0, 1))
    look 1: 2.326 (repeated 95 % CI 0.743 to 7.280)

    Reference: Wassmer G, Brannath W. Group Sequential and Confirmatory Adaptive Designs in Clinical Trials. Springer
        2016.
    """
    own = data[population]
    if not 1 <= look <= own.effects.size:
        raise DesignError.must("look", f"be one of the {own.effects.size} stages followed", look, fix="Count from 1.")
    critical = critical_at(test, look)
    single_step = "bonferroni" if intersection_test == "simes" else intersection_test
    followed = np.array([[k < other.effects.size for other in data] for k in range(look)])

    def limit(*, greater: bool) -> float:
        def margin(null: float) -> float:
            p = own.stage_p(null, greater=greater)
            others = np.where(followed, 1.0, np.nan)
            others[:, population] = p[:look]
            adjusted = np.array([adjust(row, single_step, stage) for stage, row in enumerate(others)])
            return evidence(test, adjusted, look) - critical

        return limit_of(own, margin, greater=greater)

    alpha = test.design.alpha if isinstance(test, InverseNormal) else test.alpha
    return RepeatedInterval(
        look, float(own.effects[look - 1]), limit(greater=True), limit(greater=False), 1 - 2 * alpha
    )
