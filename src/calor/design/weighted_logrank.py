"""Weighted log-rank test: mean, variance and covariance of Fleming-Harrington statistics, power and sample size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.design.average_hazard_ratio import check_looks
from calor.design.effect_by_look import EffectByLook
from calor.design.expected_events import FollowUp, Stratum, allocation_shares, follow_up
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.group_sequential import Efficacy
from calor.design.size_table import SizeTable
from calor.design.spending import SpendingFunction
from calor.errors import DesignError

Shares = Float[np.ndarray, " arm"]
Nodes = Float[np.ndarray, " node"]


@dataclass(frozen=True, eq=False)
class Scores:
    """Moments of weighted log-rank scores at one calendar time; positive scores favor treatment.

    Attributes:
        mean: Expected score of each weight.
        covariance: Covariance of the scores under the effect.
        null_covariance: The same were every participant to have the arms' mean hazard.
        per_log_ratio: Score per unit of log hazard ratio, so that mean / per_log_ratio is a weighted mean of it.
        participants: Randomized by then.
        events: Expected by then.
    """

    mean: Float[np.ndarray, " weight"]
    covariance: Float[np.ndarray, "weight weight"]
    null_covariance: Float[np.ndarray, "weight weight"]
    per_log_ratio: Float[np.ndarray, " weight"]
    participants: float
    events: float

    def scaled(self, factor: float) -> Scores:
        """Return the moments of a trial `factor` times as large."""
        return Scores(
            factor * self.mean,
            factor * self.covariance,
            factor * self.null_covariance,
            factor * self.per_log_ratio,
            factor * self.participants,
            factor * self.events,
        )


def scores(
    strata: Sequence[Stratum], weights: Sequence[FlemingHarrington], time: float, allocation_ratio: float = 1.0
) -> Scores:
    """Return mean and covariance of weighted log-rank scores at a calendar time, summed over strata.

    Args:
        strata: Assumptions, one per stratum.
        weights: One or more Fleming-Harrington weights.
        time: Calendar time.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: No stratum, no weight, a time at which no event is expected.

    Reference:
        Yung G, Liu Y. Sample size and power for the weighted log-rank test and Kaplan-Meier based tests with allowance
        for nonproportional hazards. Biometrics 2020.

    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> hazard, ratio = PiecewiseHazard.from_median(9), HazardRatio.constant(0.7)
    >>> trial = Stratum(Accrual.uniform(12, 300), hazard, ratio, Dropout.none())
    >>> late = scores([trial], [FlemingHarrington(0, 0), FlemingHarrington(0, 0.5)], time=36)
    >>> (late.mean / np.sqrt(late.covariance.diagonal())).round(3)
    array([2.842, 2.691])
    """
    check_looks(strata, [time])
    if not weights:
        raise DesignError.must("weights", "hold at least one weight", 0, fix="FlemingHarrington(0, 0) is log-rank.")
    shares = allocation_shares(allocation_ratio)
    seen = [follow_up(s, time) for s in strata]
    events = sum(float(grid.events(shares).sum()) for grid in seen)
    if not events > 0:
        raise DesignError.must("time", "come after an event is expected", time, fix="Look later.")
    parts = [_moments(grid, weights, shares) for grid in seen]
    mean, per_log_ratio, covariance, null_covariance = (sum(p[i] for p in parts) for i in range(4))
    participants = sum(float(s.accrual.enrolled(time)) for s in strata)
    return Scores(
        np.asarray(mean),
        np.asarray(covariance),
        np.asarray(null_covariance),
        np.asarray(per_log_ratio),
        participants,
        events,
    )


def power(
    strata: Sequence[Stratum],
    *,
    times: Sequence[float],
    weight: FlemingHarrington,
    efficacy: Efficacy,
    futility: SpendingFunction | None = None,
    allocation_ratio: float = 1.0,
) -> SizeTable:
    """Return the power of a one-sided weighted log-rank design with looks at calendar times.

    Args:
        strata: Assumptions, one per stratum, with the trial's own accrual rates.
        times: Calendar times of the looks, increasing.
        weight: Weight of the test.
        efficacy: Boundary or spending function, spent by null information.
        futility: Spending function of the type II error, spent under the effect; None never stops for futility.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: No stratum, times that do not increase from above 0, less than one event at the first look.

    Reference:
        Yung G, Liu Y. Biometrics 2020. Zhao Y, Zhang Y, Anderson KM. arXiv:2312.01723, 2023.

    >>> from calor.design import spending
    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> late = HazardRatio((0, 3), (1.0, 0.6))
    >>> trial = Stratum(Accrual.uniform(12, 400), PiecewiseHazard.from_median(12), late, Dropout.none())
    >>> efficacy = spending.obrien_fleming(0.025)
    >>> round(power([trial], times=[24, 36], weight=FlemingHarrington(0, 0.5), efficacy=efficacy).power, 3)
    0.967
    """
    looks = check_looks(strata, times)
    at_looks = [scores(strata, [weight], t, allocation_ratio) for t in looks]
    return _table(at_looks, looks, weight, efficacy, futility, allocation_ratio)


def sample_size(
    strata: Sequence[Stratum],
    *,
    times: Sequence[float],
    weight: FlemingHarrington,
    power: float,
    efficacy: Efficacy,
    futility: SpendingFunction | None = None,
    allocation_ratio: float = 1.0,
) -> SizeTable:
    """Return the participants that give a one-sided weighted log-rank design its power.

    Args:
        strata: Assumptions, one per stratum; accrual rates count by their proportions.
        times: Calendar times of the looks, increasing.
        weight: Weight of the test.
        power: Probability of rejecting at any look.
        efficacy: Boundary or spending function, spent by null information.
        futility: Spending function of the type II error, spent under the effect; None never stops for futility.
        allocation_ratio: Treatment to control.

    Raises:
        DesignError: An effect that does not favor treatment, a power out of range, bad times.

    Reference:
        Yung G, Liu Y. Biometrics 2020. Zhao Y, Zhang Y, Anderson KM. arXiv:2312.01723, 2023.

    >>> from calor.design import spending
    >>> from calor.design.accrual import Accrual
    >>> from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
    >>> late = HazardRatio((0, 3), (1.0, 0.6))
    >>> trial = Stratum(Accrual.uniform(12), PiecewiseHazard.from_median(12), late, Dropout.none())
    >>> weight, efficacy = FlemingHarrington(0, 0.5), spending.obrien_fleming(0.025)
    >>> round(sample_size([trial], times=[24, 36], weight=weight, power=0.9, efficacy=efficacy).total)
    289
    """
    looks = check_looks(strata, times)
    at_looks = [scores(strata, [weight], t, allocation_ratio) for t in looks]
    factor = effect_by_look(at_looks).factor_for(power, efficacy, futility)
    larger = [s.scaled(factor) for s in at_looks]
    return _table(larger, looks, weight, efficacy, futility, allocation_ratio)


def effect_by_look(at_looks: Sequence[Scores]) -> EffectByLook:
    """Return the effect that the first weight's test sees at each look, and its information."""
    mean, variance, null_variance = np.array(
        [(s.mean[0], s.covariance[0, 0], s.null_covariance[0, 0]) for s in at_looks]
    ).T
    return EffectByLook(mean / variance, variance, null_variance)


def _moments(
    grid: FollowUp, weights: Sequence[FlemingHarrington], shares: Shares
) -> tuple[Nodes, Nodes, Float[np.ndarray, "w w"], Float[np.ndarray, "w w"]]:
    """Return one stratum's mean scores, score per log ratio, covariance and null covariance."""
    at_risk, events = grid.at_risk(shares), grid.events(shares).sum(axis=0)
    balance = _balance(at_risk)
    w = np.array([weight.at(shares @ grid.survival) for weight in weights])
    mean = w @ (grid.width * balance * at_risk.sum(axis=0) * (grid.hazard[0] - grid.hazard[1]))
    covariance = (w * balance * events) @ w.T
    pooled_survival = np.exp(-shares @ grid.cumulative)  # of the arms' mean hazard
    null_at_risk = shares[:, None] * grid.enrolled * pooled_survival * grid.retained
    null_events = grid.width * (shares @ grid.hazard) * null_at_risk.sum(axis=0)
    null_w = np.array([weight.at(pooled_survival) for weight in weights])
    null_covariance = (null_w * _balance(null_at_risk) * null_events) @ null_w.T
    return mean, w @ (balance * events), covariance, null_covariance


def _balance(at_risk: Float[np.ndarray, "arm node"]) -> Nodes:
    """Return the product of the arms' shares of those at risk; 0 once nobody is."""
    both = at_risk.sum(axis=0)
    shares = np.divide(at_risk, both, out=np.zeros_like(at_risk), where=both > 0)
    return np.asarray(shares.prod(axis=0))


def _table(
    at_looks: Sequence[Scores],
    times: Float[np.ndarray, " look"],
    weight: FlemingHarrington,
    efficacy: Efficacy,
    futility: SpendingFunction | None,
    allocation_ratio: float,
) -> SizeTable:
    trial = effect_by_look(at_looks)
    design = trial.design(efficacy, futility)
    per_log_ratio = np.array([s.per_log_ratio[0] for s in at_looks])
    log_ratio_per_z = -np.sqrt(trial.null_information) / per_log_ratio
    participants = np.array([s.participants for s in at_looks])
    return SizeTable(
        title=f"Survival, weighted log-rank test {weight}",
        measure="weighted average hazard ratio",
        null=1.0,
        effect=float(np.exp(-at_looks[-1].mean[0] / per_log_ratio[-1])),
        design=design,
        crossings=trial.crossings(design),
        participants=participants[:, None] * allocation_shares(allocation_ratio),
        efficacy_effect=np.exp(log_ratio_per_z * design.efficacy_bounds),
        futility_effect=np.exp(log_ratio_per_z * design.futility_bounds),
        events=np.array([s.events for s in at_looks]),
        times=times,
    )
