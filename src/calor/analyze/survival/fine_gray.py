"""Fine-Gray regression for the subdistribution hazard of one cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.continuous.terms import Categories, Terms, terms
from calor.analyze.estimate import check_level
from calor.analyze.survival.at_risk import at_risk
from calor.analyze.survival.competing_risks import CompetingRisks, check_cause, competing_risks
from calor.analyze.survival.cox import fit_cox
from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.analyze.survival.lin_wei import lin_wei
from calor.analyze.survival.time_to_event import TimeToEvent
from calor.errors import AnalysisError

Form = Literal["fine-gray", "geskus"]


@dataclass(frozen=True)
class CensoringCurve:
    """Kaplan-Meier estimate of not being censored.

    Attributes:
        time: Distinct times of follow-up.
        hazard: Hazard of censoring there.
        at_risk: Participants still followed.
        steps: Probability before the first time, then after each.
    """

    time: Float[np.ndarray, " time"]
    hazard: Float[np.ndarray, " time"]
    at_risk: Float[np.ndarray, " time"]
    steps: Float[np.ndarray, " time+1"]

    def before(self, times: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
        """Return the probability of not being censored before each time."""
        return np.asarray(self.steps[np.searchsorted(self.time, times, side="left")])


@dataclass(frozen=True)
class Weighted:
    """Rows of the weighted risk set.

    Attributes:
        data: Intervals; the event is that of the cause.
        participant: Row of the table each interval belongs to.
        weight: Probability of still being uncensored, given the time of the competing event.
    """

    data: TimeToEvent
    participant: Int[np.ndarray, " row"]
    weight: Float[np.ndarray, " row"]


def fine_gray(
    table: pd.DataFrame,
    *,
    time: str,
    status: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    cause: int = 1,
    form: Form = "fine-gray",
    level: float = 0.95,
) -> HazardRatios:
    """Estimate subdistribution hazard ratios: what covariates do to the cumulative incidence of one cause.

    Participants with a competing event stay in the risk set with the probability of not having been censored since.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        status: Column of 0 (censored) and 1, 2, ... (cause of the event that came first).
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        cause: The cause.
        form: "fine-gray" (Breslow's ties, a variance that counts the estimation of the weights, as cmprsk's crr) or
            "geskus" (Efron's ties, censoring after events at the same time, a sandwich that takes the weights as known,
            as survival's finegray).
        level: Confidence level.

    Returns:
        The subdistribution hazard ratios.

    Raises:
        AnalysisError: Unusable rows (see `competing_risks` and `terms`), an unknown form, a cause that did not happen,
            or not in each category, a likelihood without a maximum.

    Reference:
        Fine and Gray, JASA 1999; Geskus, Biometrics 2011 (weighted rows).

    Example:
        >>> table = pd.DataFrame({"days": range(1, 13), "status": [1, 2, 0] * 4, "arm": ["p", "a"] * 6})
        >>> print(fine_gray(table, time="days", status="status", covariates=["arm"], categories={"arm": ("p", "a")}))
        subdistribution hazard ratio, a v p: 0.766 (95 % CI 0.140 to 4.179; p = 0.758; Fine-Gray, n = 12)
    """
    check_level(level)
    data = competing_risks(table, time=time, status=status)
    check_cause(data, cause)
    model = terms(table, covariates, categories)
    if form not in ("fine-gray", "geskus"):
        raise AnalysisError.must("form", "be fine-gray or geskus", form, fix="Fine and Gray's own is the default.")
    rows = weighted_rows(data, cause, form)
    long = Terms(model.names, model.terms, model.against, model.values[rows.participant])
    ties: Literal["efron", "breslow"] = "breslow" if form == "fine-gray" else "efron"
    fit = fit_cox(rows.data, long, ties=ties, level=level, weight=rows.weight)
    fit = replace(fit, n=len(table), method="Fine-Gray", measure="subdistribution hazard ratio")
    if form == "geskus":
        return replace(lin_wei(fit, rows.participant.tolist()), method="Fine-Gray, robust")
    influence = _influence(data, cause, model.values - long.values.mean(axis=0), fit)
    return replace(fit, covariance=fit.covariance @ influence.T @ influence @ fit.covariance)


def weighted_rows(data: CompetingRisks, cause: int, form: Form) -> Weighted:
    """Continue participants with a competing event to the later events of the cause, with falling weight.

    Args:
        data: Checked times and causes.
        cause: The cause whose risk sets are wanted.
        form: Fine and Gray's or Geskus's order of events and censoring at the same time.

    Returns:
        One interval per participant, and more for those with a competing event: one per group of event times that share
        a weight.

    Example:
        >>> table = pd.DataFrame({"t": [1, 2, 3, 4], "s": [2, 0, 1, 1]})
        >>> weighted_rows(competing_risks(table, time="t", status="s"), 1, "geskus").weight.round(4)
        array([1.    , 0.6667, 1.    , 1.    , 1.    ])
    """
    time, status = data.any_cause.time, data.cause
    curve = _censoring_curve(time, status, form)
    events = np.unique(time[status == cause])
    share = curve.before(events)
    final = np.r_[share[1:] != share[:-1], True]
    ends, share = events[final], share[final]
    participant, start, stop, weight = [], [], [], []
    for i, (t, of) in enumerate(zip(time, status, strict=True)):
        base = float(curve.before(np.array([t]))[0])
        later = ends > t if of not in (0, cause) else np.zeros(len(ends), dtype=bool)
        until, shares = ends[later], share[later]
        if len(until) == 0 or shares[0] != base:
            until, shares = np.r_[t, until], np.r_[base, shares]
        participant += [i] * len(until)
        start += [0.0, *until[:-1]]
        stop += until.tolist()
        weight += (shares / base).tolist()
    who, stops = np.array(participant), np.array(stop)
    nothing = np.zeros(len(who), dtype=np.int64)
    intervals = TimeToEvent(
        np.array(start), stops, (status[who] == cause) & (stops == time[who]), nothing, ("all",), nothing, ("all",)
    )
    return Weighted(intervals, who, np.array(weight))


def _censoring_curve(time: Float[np.ndarray, " n"], status: Int[np.ndarray, " n"], form: Form) -> CensoringCurve:
    counts = at_risk(time, status == 0)
    ahead = counts.censored if form == "geskus" else 0.0  # "censored" of the censoring curve are the events
    hazard = counts.events / np.maximum(counts.at_risk - ahead, 1)
    return CensoringCurve(counts.time, hazard, counts.at_risk, np.r_[1.0, np.cumprod(1 - hazard)])


def _influence(
    data: CompetingRisks, cause: int, x: Float[np.ndarray, "n p"], fit: HazardRatios
) -> Float[np.ndarray, "n p"]:
    """Return each participant's influence on the score: through the events, and through the estimated weights."""
    time, competing = data.any_cause.time, ~np.isin(data.cause, (0, cause))
    curve = _censoring_curve(time, data.cause, "fine-gray")
    parts = fit.likelihood.sweep(fit.coefficients)
    times = fit.likelihood.rows.time[parts.row][::-1]
    hazard, mean = parts.hazard[::-1], parts.mean[::-1]
    risk = np.exp(x @ fit.coefficients)[:, None]
    reach = np.searchsorted(times, time, side="right")
    seen = np.r_[0.0, np.cumsum(hazard)][reach][:, None] * x - _from_zero(hazard[:, None] * mean)[reach]
    influence = -risk * seen
    share = curve.before(times) * hazard
    ahead_one, ahead_mean = _to_end(share[:, None]), _to_end(share[:, None] * mean)
    per_share = np.where(competing[:, None], risk / curve.before(time)[:, None], 0.0)
    influence -= per_share * (x * ahead_one[reach] - ahead_mean[reach])
    own = data.cause == cause
    influence[own] += x[own] - mean[np.searchsorted(times, time[own])]
    gone = np.searchsorted(np.sort(time), curve.time, side="left")  # ended before each time
    order = np.argsort(time, kind="stable")
    weight_gone = _from_zero((per_share * x)[order])[gone], _from_zero(per_share[order])[gone]
    ahead = np.searchsorted(times, curve.time, side="left")
    pull = weight_gone[0] * ahead_one[ahead] - weight_gone[1] * ahead_mean[ahead]
    at = np.searchsorted(curve.time, time)
    per_risk = pull / curve.at_risk[:, None]
    drift = np.cumsum(per_risk * curve.hazard[:, None], axis=0)
    return np.asarray(influence + per_risk[at] * (data.cause == 0)[:, None] - drift[at])


def _from_zero(increments: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "k+1 p"]:
    return np.vstack([np.zeros(increments.shape[1]), np.cumsum(increments, axis=0)])


def _to_end(increments: Float[np.ndarray, "k p"]) -> Float[np.ndarray, "k+1 p"]:
    return np.vstack([np.cumsum(increments[::-1], axis=0)[::-1], np.zeros(increments.shape[1])])
