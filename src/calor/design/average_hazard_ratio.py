"""Average hazard ratio: log-rank designs when the hazard ratio changes over time or differs between strata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.design.comparison import SUPERIORITY, Comparison
from calor.design.effect_by_look import EffectByLook
from calor.design.expected_events import Stratum, allocation_shares, follow_up
from calor.design.group_sequential import Efficacy
from calor.design.size_table import SizeTable
from calor.design.spending import SpendingFunction
from calor.errors import DesignError

Looks = Float[np.ndarray, " look"]


@dataclass(frozen=True, eq=False)
class AverageHazardRatio:
    """What a log-rank test will estimate at each calendar time.

    Attributes:
        times: Calendar time of each look.
        ratio: Geometric mean of the hazard ratio, weighted by expected events.
        participants: Randomized by then, control and treatment.
        events: Expected by then.
        information: On the log hazard ratio, from each arm's events within each span of the hazard ratio.
        null_information: The same from both arms' events together.
    """

    times: Looks
    ratio: Looks
    participants: Float[np.ndarray, "look arm"]
    events: Looks
    information: Looks
    null_information: Looks

    def __str__(self) -> str:
        said = zip(self.times, self.ratio, self.events, strict=True)
        return "; ".join(f"time {t:g}: average hazard ratio {r:.3f}, {e:.1f} events" for t, r, e in said)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per look."""
        columns = ("times", "ratio", "events", "information", "null_information")
        return pd.DataFrame({c: getattr(self, c) for c in columns} | {"participants": self.participants.sum(axis=1)})


def average_hazard_ratio(
    strata: Sequence[Stratum], times: Sequence[float], allocation_ratio: float = 1.0
) -> AverageHazardRatio:
    """Return the average hazard ratio that a log-rank test estimates at each calendar time.

    Args:
        strata: Assumptions, one per stratum.
        times: Calendar times of the looks, increasing.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: No stratum, times that do not increase from above 0, no event expected.

    Reference:
        Kalbfleisch JD, Prentice RL. Estimation of the average hazard ratio. Biometrika 1981. Mukhopadhyay P, Huang W,
        Metcalfe P, et al. Statistical and practical considerations in designing of immuno-oncology trials. Journal of
        Biopharmaceutical Statistics 2020.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> delayed = Stratum(
    ...     Accrual((2, 2, 10), (3, 6, 9)), PiecewiseHazard((0, 3), (0.0770163533955495, 0.0385081766977747)),
    ...     HazardRatio((0, 3), (0.9, 0.6)),
    ...     Dropout(PiecewiseHazard.constant(0.001), PiecewiseHazard.constant(0.001)),
    ... )
    >>> average_hazard_ratio([delayed], [15, 25, 36]).ratio.round(4)
    array([0.7857, 0.711 , 0.6833])
    """
    shares, looks = allocation_shares(allocation_ratio), check_looks(strata, times)
    rows = np.array([np.sum([_seen(s, t, shares) for s in strata], axis=0) for t in looks])
    weighted_log, events, information, null_information, participants = rows.T
    return AverageHazardRatio(
        times=looks,
        ratio=np.exp(weighted_log / events),
        participants=participants[:, None] * shares,
        events=events,
        information=information,
        null_information=null_information,
    )


def power(
    strata: Sequence[Stratum],
    *,
    times: Sequence[float],
    efficacy: Efficacy,
    futility: SpendingFunction | None = None,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the power of a one-sided log-rank design with looks at calendar times.

    Args:
        strata: Assumptions, one per stratum, with the trial's own accrual rates.
        times: Calendar times of the looks, increasing.
        efficacy: Boundary or spending function, spent by null information.
        futility: Spending function of the type II error, spent under the effect; None never stops for futility.
        comparison: Allocation ratio, null ratio (a margin), direction of benefit (None is a lower hazard).

    Raises:
        DesignError: No stratum, times that do not increase from above 0, less than one event at the first look.

    Reference:
        Zhao Y, Zhang Y, Anderson KM. Group sequential design under non-proportional hazards. arXiv:2312.01723, 2023.

    >>> from calor.design import spending
    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> late = HazardRatio((0, 3), (1.0, 0.6))
    >>> trial = Stratum(Accrual.uniform(12, 400), PiecewiseHazard.from_median(12), late, Dropout.none())
    >>> round(power([trial], times=[24, 36], efficacy=spending.obrien_fleming(0.025)).power, 3)
    0.926
    """
    seen = average_hazard_ratio(strata, times, comparison.allocation_ratio)
    return _table(seen, efficacy, futility, comparison)


def sample_size(
    strata: Sequence[Stratum],
    *,
    times: Sequence[float],
    power: float,
    efficacy: Efficacy,
    futility: SpendingFunction | None = None,
    comparison: Comparison = SUPERIORITY,
) -> SizeTable:
    """Return the participants that give a one-sided log-rank design its power; every accrual rate is scaled alike.

    Args:
        strata: Assumptions, one per stratum; accrual rates count by their proportions.
        times: Calendar times of the looks, increasing.
        power: Probability of rejecting at any look.
        efficacy: Boundary or spending function, spent by null information.
        futility: Spending function of the type II error, spent under the effect; None never stops for futility.
        comparison: Allocation ratio, null ratio (a margin), direction of benefit (None is a lower hazard).

    Raises:
        DesignError: An effect that does not favor treatment, a power out of range, bad times.

    Reference:
        Zhao Y, Zhang Y, Anderson KM. arXiv:2312.01723, 2023.

    >>> from calor.design import spending
    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> late = HazardRatio((0, 3), (1.0, 0.6))
    >>> trial = Stratum(Accrual.uniform(12), PiecewiseHazard.from_median(12), late, Dropout.none())
    >>> round(sample_size([trial], times=[24, 36], power=0.9, efficacy=spending.obrien_fleming(0.025)).total)
    362
    """
    one = average_hazard_ratio(strata, times, comparison.allocation_ratio)
    factor = effect_by_look(one, comparison).factor_for(power, efficacy, futility)
    seen = replace(
        one,
        participants=factor * one.participants,
        events=factor * one.events,
        information=factor * one.information,
        null_information=factor * one.null_information,
    )
    return _table(seen, efficacy, futility, comparison)


def check_looks(strata: Sequence[Stratum], times: Sequence[float]) -> Looks:
    """Return the looks' calendar times as an array, refusing looks that no trial has."""
    if not strata:
        raise DesignError.must("strata", "hold at least one stratum", 0, fix="Give one for an unstratified trial.")
    looks = np.asarray(times, dtype=float)
    if looks.ndim != 1 or looks.size == 0 or not (looks[0] > 0 and looks[-1] < inf and np.all(np.diff(looks) > 0)):
        raise DesignError.must("times", "be positive and increase", times, fix="Give each look its calendar time.")
    return looks


def effect_by_look(seen: AverageHazardRatio, comparison: Comparison = SUPERIORITY) -> EffectByLook:
    """Return the log of the average hazard ratio over the null's, positive where treatment is better."""
    effect = _direction(comparison) * np.log(seen.ratio / _null(comparison))
    return EffectByLook(effect, seen.information, seen.null_information)


def _direction(comparison: Comparison) -> float:
    return 1.0 if comparison.benefit == "higher" else -1.0


def _null(comparison: Comparison) -> float:
    null = 1.0 if comparison.null is None else comparison.null
    if not null > 0:
        raise DesignError.must("null", "be positive", null, fix="Give a hazard ratio; 1 is no effect.")
    return null


def _seen(stratum: Stratum, time: float, shares: Float[np.ndarray, " arm"]) -> Float[np.ndarray, " sum"]:
    """Return one stratum's sum of log hazard ratios, events, information, null information and participants."""
    grid = follow_up(stratum, time)
    at_node = grid.events(shares)
    span = np.searchsorted(stratum.hazard_ratio.starts, grid.time, side="right") - 1
    by_span = np.array([np.bincount(span, arm) for arm in at_node])
    happened = by_span[:, by_span.min(axis=0) > 0]
    total = float(at_node.sum())
    if not total > 0:
        raise DesignError.must("times", "come after an event is expected", time, fix="Look later.")
    return np.array(
        [
            float(np.log(grid.ratio) @ at_node.sum(axis=0)),
            total,
            float((happened.prod(axis=0) / happened.sum(axis=0)).sum()),
            total * float(np.prod(shares)),
            float(stratum.accrual.enrolled(time)),
        ]
    )


def _table(
    seen: AverageHazardRatio, efficacy: Efficacy, futility: SpendingFunction | None, comparison: Comparison
) -> SizeTable:
    trial, null = effect_by_look(seen, comparison), _null(comparison)
    design = trial.design(efficacy, futility)
    se = _direction(comparison) / np.sqrt(seen.null_information)
    return SizeTable(
        title="Survival, log-rank test",
        measure="average hazard ratio",
        null=null,
        effect=float(seen.ratio[-1]),
        design=design,
        crossings=trial.crossings(design),
        participants=seen.participants,
        efficacy_effect=null * np.exp(design.efficacy_bounds * se),
        futility_effect=null * np.exp(design.futility_bounds * se),
        events=seen.events,
        times=seen.times,
    )
