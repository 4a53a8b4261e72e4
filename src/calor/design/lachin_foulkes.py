"""Lachin and Foulkes' sample size for a hazard ratio: variances under null and effect, strata, nonuniform accrual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log, sqrt

import numpy as np
from jaxtyping import Float
from scipy.special import ndtri

from calor.design.comparison import SUPERIORITY, Comparison
from calor.design.expected_events import Stratum, expected_events, time_of_events
from calor.design.group_sequential import GroupSequential
from calor.design.hazard import HazardRatio
from calor.design.size_table import SizeTable, crossings
from calor.errors import DesignError


def sample_size(
    design: GroupSequential,
    strata: Sequence[Stratum],
    *,
    time: float,
    power: float,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the participants needed to show a hazard ratio that is the same in every stratum.

    Schoenfeld's formula takes the events to split as participants do; this one takes the split that the hazards imply,
    under the null and under the effect, which matters for small ratios and unequal allocation.

    Args:
        design: Looks and bounds; a look comes when its share of the events has happened.
        strata: Assumptions; accrual rates count by their proportions and are scaled alike.
        time: Calendar time of the last look.
        power: Probability of rejecting at any look.
        comparison: Allocation ratio, null ratio (a margin), direction.

    Raises:
        DesignError: Ratios that change over time or between strata, or are not on the side of benefit.

    Reference:
        Lachin JM, Foulkes MA. Evaluation of sample size and power for analyses of survival with allowance for
        nonuniform patient entry, losses to follow-up, noncompliance, and stratification. Biometrics 1986.

    >>> from calor.design import spending
    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, PiecewiseHazard
    >>> lost = Dropout(PiecewiseHazard.constant(0.01), PiecewiseHazard.constant(0.01))
    >>> ratio, hazard = HazardRatio.constant(0.7), PiecewiseHazard.from_median(12)
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.025))
    >>> round(sample_size(fixed, [Stratum(Accrual((3, 9), (10, 20)), hazard, ratio, lost)], time=30, power=0.9).total)
    539
    """
    ratio = _common_ratio(strata)
    null = 1.0 if comparison.null is None else comparison.null
    if not null > 0:
        raise DesignError.must("null", "be positive", null, fix="Give a hazard ratio; 1 is no effect.")
    direction = comparison.directed(ratio - null)
    events = expected_events(strata, time, comparison.allocation_ratio)
    null_events = expected_events(_on_null(strata, ratio, null, comparison), time, comparison.allocation_ratio)
    drift = design.drift(power)
    z_level, z_power = -float(ndtri(design.alpha / design.sides)), float(ndtri(power))
    root = z_level * _se(null_events) + z_power * _se(events)
    fixed = (root / log(ratio / null)) ** 2
    factor = fixed * (drift / (z_level + z_power)) ** 2
    larger = [replace(s, accrual=s.accrual.scaled(factor)) for s in strata]
    at_looks = factor * float(events.sum()) * design.information_fractions
    times = np.array([time_of_events(larger, e, comparison.allocation_ratio) for e in at_looks])
    enrolled = np.array([sum(float(s.accrual.enrolled(t)) for s in larger) for t in times])
    se = np.array([_se(expected_events(larger, t, comparison.allocation_ratio)) for t in times])
    return SizeTable(
        title="Survival, log-rank test (Lachin-Foulkes)",
        measure="hazard ratio",
        null=null,
        effect=ratio,
        design=design,
        crossings=crossings(design, drift),
        participants=enrolled[:, None] * comparison.shares,
        efficacy_effect=null * np.exp(direction * design.efficacy_bounds * se),
        futility_effect=null * np.exp(direction * design.futility_bounds * se),
        events=at_looks,
        times=times,
        fixed_participants=fixed * sum(s.n for s in strata),
        fixed_events=fixed * float(events.sum()),
    )


def _se(events: Float[np.ndarray, " arm"]) -> float:
    """Return the standard error of the log hazard ratio."""
    if not events.min() > 0:
        raise DesignError.must("strata", "expect events in both arms", events.tolist(), fix="Raise hazard or time.")
    return sqrt(float((1 / events).sum()))


def _on_null(strata: Sequence[Stratum], ratio: float, null: float, comparison: Comparison) -> list[Stratum]:
    """Return the strata with the null ratio and the hazard that arms of mixed hazard would share."""
    r = comparison.allocation_ratio
    mixed = HazardRatio.constant((1 + ratio * r) / (1 + null * r))
    return [replace(s, control=mixed.treated(s.control), hazard_ratio=HazardRatio.constant(null)) for s in strata]


def _common_ratio(strata: Sequence[Stratum]) -> float:
    ratios = {r for s in strata for r in s.hazard_ratio.ratios}
    if len(ratios) != 1:
        fix = "Use the average hazard ratio."
        raise DesignError.must("strata", "share one constant hazard ratio", sorted(ratios), fix=fix)
    return ratios.pop()
