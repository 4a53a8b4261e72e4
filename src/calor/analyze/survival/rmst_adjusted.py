"""Covariate-adjusted restricted mean survival time, by inverse probability of censoring weighting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from calor.analyze.columns import need_columns
from calor.analyze.continuous.terms import terms
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate
from calor.analyze.survival.at_risk import at_risk
from calor.analyze.survival.newton import Point, newton
from calor.analyze.survival.rmst import Contrast, check_horizon, contrast
from calor.analyze.survival.time_to_event import Arm, TimeToEvent, time_to_event
from calor.errors import AnalysisError

_LEVEL = 0.95


@dataclass(frozen=True)
class AdjustedRmst(Drawable):
    """Regression of the restricted survival time (or time lost) on arm and covariates.

    Attributes:
        names: Intercept, arm, covariates.
        coefficients: Differences in time, or logarithms of ratios.
        covariance: Their covariance.
        effect: Active against control.
        kind: What the arm's coefficient contrasts.
        horizon: Time up to which the mean is taken.
    """

    names: tuple[str, ...]
    coefficients: Float[np.ndarray, " p"]
    covariance: Float[np.ndarray, "p p"]
    effect: Estimate
    kind: Contrast
    horizon: float

    def __str__(self) -> str:
        return str(self.effect)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per coefficient."""
        se = np.sqrt(np.diag(self.covariance))
        return pd.DataFrame({"name": list(self.names), "coefficient": self.coefficients, "se": se})


def rmst_adjusted(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str,
    arms: Sequence[Arm],
    covariates: Sequence[str],
    horizon: float,
    kind: Contrast = "difference",
) -> AdjustedRmst:
    """Contrast restricted mean survival times of two arms, adjusted for covariates.

    Participants whose restricted time is known are weighted by the inverse of their arm's Kaplan-Meier probability of
    not being censored by then; the variance counts the estimation of these weights.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms.
        arms: The two arms, control first.
        covariates: Baseline covariates, see `terms`.
        horizon: Time up to which the mean is taken, in the unit of `time`.
        kind: "difference" of the means, their "ratio", or the "lost_ratio" of the times lost.

    Returns:
        The arm's contrast with a 95 % interval, and all coefficients.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event` and `terms`), not two arms, a horizon beyond the follow-up of
            an arm, an unknown contrast, covariates that repeat each other.

    Reference:
        Tian, Zhao and Wei, Biostatistics 2014.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 1, 0, 1], "arm": list("papapa")})
        >>> table["age"] = [60, 55, 70, 50, 65, 62]
        >>> columns = {"time": "days", "event": "mi", "arm": "arm", "arms": ("p", "a"), "covariates": ["age"]}
        >>> rmst_adjusted(table, **columns, horizon=6).names
        ('(intercept)', 'arm', 'age')
    """
    if kind not in ("difference", "ratio", "lost_ratio"):
        raise AnalysisError.must("kind", "be difference, ratio or lost_ratio", kind, fix="Take one of them.")
    need_columns(table, [arm])
    data = time_to_event(table, time=time, event=event, arm=arm, arms=arms)
    check_horizon(data, horizon)
    model = terms(table, covariates)
    x = np.column_stack([np.ones(len(data.time)), data.arm, model.values])
    restricted = np.minimum(data.time, horizon)
    known = data.event | (restricted == horizon)
    weight = _weights(data, restricted, known)
    response = horizon - restricted if kind == "lost_ratio" else restricted
    if any((weight * response)[data.arm == code].sum() == 0 for code in (0, 1)):
        fix = "Take the difference: the ratio of times lost does not exist."
        raise AnalysisError.must("event", "happen before the horizon in both arms", "none in one", fix=fix)
    beta, mean_slope = _fit(x, response, weight, log_link=kind != "difference")
    fitted = x @ beta if kind == "difference" else np.exp(x @ beta)
    score = x * (weight * (response - fitted))[:, None]
    influence = np.zeros_like(score)
    for inside in (data.arm == 0, data.arm == 1):
        influence[inside] = _influence(score[inside], restricted[inside], known[inside])
    bread = np.linalg.inv(mean_slope)
    covariance = bread @ influence.T @ influence @ bread
    method = f"inverse probability of censoring weighting, adjusted for {', '.join(covariates)}"
    se = float(np.sqrt(covariance[1, 1]))
    effect = contrast(float(beta[1]), se, kind, _LEVEL, len(restricted), method)
    return AdjustedRmst(("(intercept)", "arm", *model.names), beta, covariance, effect, kind, horizon)


def _weights(
    data: TimeToEvent, restricted: Float[np.ndarray, " n"], known: Bool[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    weight = np.zeros(len(restricted))
    for code in (0, 1):
        inside = data.arm == code
        counts = at_risk(restricted[inside], ~known[inside])
        uncensored = np.cumprod(1 - counts.events / counts.at_risk)
        own = uncensored[np.searchsorted(counts.time, restricted[inside])]
        weight[inside] = np.divide(known[inside], own, out=np.zeros(len(own)), where=known[inside])
    return weight


def _fit(
    x: Float[np.ndarray, "n p"], y: Float[np.ndarray, " n"], weight: Float[np.ndarray, " n"], *, log_link: bool
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p p"]]:
    """Solve the weighted estimating equation; return the estimate and the mean's slope summed over everyone."""

    def linear(beta: Float[np.ndarray, " p"]) -> Point:
        error = y - x @ beta
        return Point(-float(weight @ error**2) / 2, x.T @ (weight * error), (x * weight[:, None]).T @ x)

    def quasi_poisson(beta: Float[np.ndarray, " p"]) -> Point:
        mean = np.exp(np.minimum(x @ beta, 300.0))  # a step too far is halved, not overflowed
        return Point(
            float(weight @ (y * (x @ beta) - mean)), x.T @ (weight * (y - mean)), (x * (weight * mean)[:, None]).T @ x
        )

    if not log_link:
        beta, _ = newton(linear, np.zeros(x.shape[1]))
        return beta, x.T @ x
    start = np.zeros(x.shape[1])
    start[0] = np.log(float(weight @ y) / float(weight.sum()))
    beta, _ = newton(quasi_poisson, start)
    return beta, (x * np.exp(x @ beta)[:, None]).T @ x


def _influence(
    score: Float[np.ndarray, "n p"], time: Float[np.ndarray, " n"], known: Bool[np.ndarray, " n"]
) -> Float[np.ndarray, "n p"]:
    """Add to each participant's score what the estimated censoring distribution contributes."""
    counts = at_risk(time, ~known)
    where = np.searchsorted(counts.time, time)
    by_time = np.zeros((len(counts.time), score.shape[1]))
    np.add.at(by_time, where, score)
    later = by_time[::-1].cumsum(axis=0)[::-1] / counts.at_risk[:, None]  # mean score of those still followed
    drift = np.cumsum(later * (counts.events / counts.at_risk)[:, None], axis=0)
    return np.asarray(score + later[where] * (~known)[:, None] - drift[where])
