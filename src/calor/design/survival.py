"""Hazard ratio by the log-rank test under proportional hazards: events, participants, calendar times, power."""

from __future__ import annotations

from math import inf, log

import numpy as np
from jaxtyping import Float

from calor.design.accrual import Accrual
from calor.design.comparison import SUPERIORITY, Comparison
from calor.design.expected_events import Stratum, expected_events, time_of_events
from calor.design.group_sequential import GroupSequential
from calor.design.hazard import Dropout, Hazard, HazardRatio
from calor.design.size_table import SizeTable, crossings
from calor.errors import DesignError


def events(
    design: GroupSequential, *, hazard_ratio: float, power: float, comparison: Comparison = SUPERIORITY
) -> float:
    """Return the events needed at the last look, not rounded.

    Args:
        design: Looks and bounds.
        hazard_ratio: Treatment over control, as assumed.
        power: Probability of rejecting at any look.
        comparison: Allocation ratio, null ratio (a margin), direction.

    Raises:
        DesignError: A ratio that is not positive, or not on the side of benefit.

    Reference:
        Schoenfeld D. The asymptotic properties of nonparametric tests for comparing survival distributions. Biometrika
        1981.

    >>> from calor.design import GroupSequential, spending
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.05), sides=2)
    >>> round(events(fixed, hazard_ratio=0.8, power=0.95))
    1044
    """
    null = _null(hazard_ratio, comparison)
    comparison.directed(hazard_ratio - null)
    information = float(np.prod(comparison.shares))  # per event
    return design.drift(power) ** 2 / (information * log(hazard_ratio / null) ** 2)


def sample_size(
    design: GroupSequential,
    *,
    hazard_ratio: float,
    power: float,
    control: Hazard,
    accrual: Accrual,
    follow_up: float,
    dropout: Dropout | None = None,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the participants needed when accrual and follow-up last a given time.

    Args:
        design: Looks and bounds; a look comes when its share of the events has happened.
        hazard_ratio: Treatment over control, as assumed.
        power: Probability of rejecting at any look.
        control: Hazard of the event under control.
        accrual: Durations and proportions of the rates; the rates themselves follow.
        follow_up: Time from the last randomization to the last look.
        dropout: Hazards of being lost; None is nobody.
        comparison: Allocation ratio, null ratio (a margin), direction.

    Raises:
        DesignError: A ratio not on the side of benefit, fewer than one event at a look, negative follow-up.

    Reference:
        Schoenfeld DA. Sample-size formula for the proportional-hazards regression model. Biometrics 1983. Kim K,
        Tsiatis AA. Study duration for clinical trials with survival response and early stopping rule. Biometrics 1990.

    >>> from calor.design import GroupSequential, spending
    >>> from calor.design.hazard import PiecewiseHazard
    >>> design = GroupSequential([1 / 3, 2 / 3, 1], efficacy=spending.obrien_fleming(alpha=0.025))
    >>> table = sample_size(
    ...     design, hazard_ratio=0.7, power=0.9, control=PiecewiseHazard.from_median(12),
    ...     accrual=Accrual.uniform(12), follow_up=18,
    ... )
    >>> round(table.total), table.times.round(1).tolist()
    (491, [11.6, 18.7, 30.0])
    """
    if not 0 <= follow_up < inf:
        raise DesignError.must("follow_up", "be finite and not negative", follow_up, fix="0 stops with accrual.")
    needed = events(design, hazard_ratio=hazard_ratio, power=power, comparison=comparison)
    end = accrual.duration + follow_up
    one = _stratum(accrual.scaled(1 / accrual.total), control, hazard_ratio, dropout)
    probability = float(expected_events([one], end, comparison.allocation_ratio).sum())
    if not probability > 0:
        raise DesignError.must("control", "let some have the event", "none expected", fix="Raise hazard or follow-up.")
    fixed = needed / design.inflation_factor(power)
    whole = _stratum(accrual.scaled(needed / probability / accrual.total), control, hazard_ratio, dropout)
    return _table(design, whole, needed, hazard_ratio, comparison, (fixed / probability, fixed))


def duration(
    design: GroupSequential,
    *,
    hazard_ratio: float,
    power: float,
    control: Hazard,
    accrual: Accrual,
    dropout: Dropout | None = None,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return how long the participants that accrual brings must be followed for a given power.

    Args:
        design: Looks and bounds.
        hazard_ratio: Treatment over control, as assumed.
        power: Probability of rejecting at any look.
        control: Hazard of the event under control.
        accrual: Durations and rates.
        dropout: Hazards of being lost; None is nobody.
        comparison: Allocation ratio, null ratio (a margin), direction.

    Raises:
        DesignError: Hazards and accrual never yield the events needed, or a ratio not on the side of benefit.

    Reference:
        Kim K, Tsiatis AA. Biometrics 1990.

    >>> from calor.design import GroupSequential, spending
    >>> from calor.design.hazard import PiecewiseHazard
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.025))
    >>> hazard, accrual = PiecewiseHazard.from_median(12), Accrual.uniform(12, 362.307347)
    >>> duration(fixed, hazard_ratio=0.7, power=0.8, control=hazard, accrual=accrual).times.round(3)
    array([30.])
    """
    needed = events(design, hazard_ratio=hazard_ratio, power=power, comparison=comparison)
    stratum = _stratum(accrual, control, hazard_ratio, dropout)
    return _table(design, stratum, needed, hazard_ratio, comparison, (None, needed / design.inflation_factor(power)))


def power(
    design: GroupSequential,
    *,
    hazard_ratio: float,
    events: float,
    control: Hazard,
    accrual: Accrual,
    dropout: Dropout | None = None,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the power of a number of events, and when they are expected.

    Args:
        design: Looks and bounds.
        hazard_ratio: Treatment over control, as assumed.
        events: Both arms together, at the last look.
        control: Hazard of the event under control.
        accrual: Durations and rates.
        dropout: Hazards of being lost; None is nobody.
        comparison: Allocation ratio, null ratio (a margin), direction.

    Raises:
        DesignError: Hazards and accrual never yield the events, fewer than one event at a look.

    Reference:
        Schoenfeld DA. Biometrics 1983. Kim K, Tsiatis AA. Biometrics 1990.

    >>> from calor.design import GroupSequential, spending
    >>> from calor.design.hazard import PiecewiseHazard
    >>> fixed = GroupSequential([1.0], efficacy=spending.at_the_end(0.025))
    >>> hazard, accrual = PiecewiseHazard.from_median(12), Accrual.uniform(12, 500)
    >>> round(power(fixed, hazard_ratio=0.7, events=331, control=hazard, accrual=accrual).power, 3)
    0.901
    """
    _null(hazard_ratio, comparison)
    if not 0 < events < inf:
        raise DesignError.must("events", "be positive and finite", events, fix="Give both arms together.")
    stratum = _stratum(accrual, control, hazard_ratio, dropout)
    return _table(design, stratum, events, hazard_ratio, comparison, (None, None))


def _stratum(accrual: Accrual, control: Hazard, hazard_ratio: float, dropout: Dropout | None) -> Stratum:
    return Stratum(accrual, control, HazardRatio.constant(hazard_ratio), dropout or Dropout.none())


def _table(
    design: GroupSequential,
    stratum: Stratum,
    needed: float,
    hazard_ratio: float,
    comparison: Comparison,
    fixed: tuple[float | None, float | None],
) -> SizeTable:
    """Lay out the table of a trial that ends with its `needed`-th event; `fixed` is participants, events."""
    null = _null(hazard_ratio, comparison)
    at_looks = needed * design.information_fractions
    if not at_looks[0] >= 1:
        rule = "expect at least one event at each look"
        raise DesignError.must("events", rule, at_looks.round(3).tolist(), fix="Use fewer looks, or more events.")
    times = np.array([time_of_events([stratum], e, comparison.allocation_ratio) for e in at_looks])
    root_information: Float[np.ndarray, " look"] = np.sqrt(at_looks * np.prod(comparison.shares))
    direction = comparison.direction(hazard_ratio - null)
    return SizeTable(
        title="Survival, log-rank test",
        measure="hazard ratio",
        null=null,
        effect=hazard_ratio,
        design=design,
        crossings=crossings(design, direction * log(hazard_ratio / null) * float(root_information[-1])),
        participants=stratum.accrual.enrolled(times)[:, None] * comparison.shares,
        efficacy_effect=null * np.exp(direction * design.efficacy_bounds / root_information),
        futility_effect=null * np.exp(direction * design.futility_bounds / root_information),
        events=at_looks,
        times=times,
        fixed_participants=fixed[0],
        fixed_events=fixed[1],
    )


def _null(hazard_ratio: float, comparison: Comparison) -> float:
    null = 1.0 if comparison.null is None else comparison.null
    for name, value in (("hazard_ratio", hazard_ratio), ("null", null)):
        if not 0 < value < inf:
            raise DesignError.must(name, "be positive and finite", value, fix="1 is no effect.")
    return null
