"""Cumulative incidence of one cause when others compete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level
from calor.analyze.survival.competing_risks import CauseCounts, cause_counts, check_cause, competing_risks
from calor.analyze.survival.step_curve import read_steps
from calor.analyze.survival.time_to_event import Arm
from calor.errors import AnalysisError

Variance = Literal["aalen", "jackknife"]


@dataclass(frozen=True)
class AalenJohansen(Drawable):
    """Cumulative incidence curves of the arms.

    Attributes:
        arms: Arms, control first.
        curves: One row per arm and event time, starting at time 0: arm, time, at_risk, incidence, se, lower, upper.
        followed: Longest follow-up in each arm.
        cause: The cause; 0 is freedom from any event.
        level: Confidence level of the pointwise limits.
    """

    arms: tuple[Arm, ...]
    curves: pd.DataFrame
    followed: tuple[float, ...]
    cause: int
    level: float

    def __str__(self) -> str:
        last = self.curves.groupby("arm", sort=False).last()
        ends = [
            f"{arm}: {row.incidence:.3f} by {row.time:.4g} "
            f"({self.level * 100:g} % CI {row.lower:.3f} to {row.upper:.3f})"
            for arm, row in zip(last.index, last.itertuples(), strict=True)
        ]
        return "\n".join([f"Aalen-Johansen cumulative incidence, cause {self.cause}", *ends])

    def to_frame(self) -> pd.DataFrame:
        """Return the step curves."""
        return self.curves.copy()

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Read the curves at given times, each within the arm's follow-up: one row per arm and time."""
        return read_steps(self.curves, dict(zip(self.arms, self.followed, strict=True)), times)


def aalen_johansen(
    table: pd.DataFrame,
    *,
    time: str,
    status: str,
    cause: int = 1,
    arm: str | None = None,
    arms: Sequence[Arm] | None = None,
    variance: Variance = "aalen",
    level: float = 0.95,
) -> AalenJohansen:
    """Estimate the probability over time of having had the event from one cause, by arm.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        status: Column of 0 (censored) and 1, 2, ... (cause of the event that came first).
        cause: The cause; 0 estimates freedom from any event.
        arm: Column of the arms; None draws one curve.
        arms: Arms, control first; None takes the values in sorted order.
        variance: "aalen" (delta method with the binomial correction for ties, as cmprsk) or "jackknife"
            (infinitesimal jackknife, as survival's survfit).
        level: Confidence level of the pointwise limits, symmetric on the log-log scale.

    Returns:
        The step curves.

    Raises:
        AnalysisError: Unusable rows (see `competing_risks`), a cause that did not happen, an unknown variance, freedom
            from any event with Aalen's variance (use `kaplan_meier`).

    Reference:
        Aalen and Johansen, Scandinavian Journal of Statistics 1978; Gray, Annals of Statistics 1988 (variance).

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 4], "status": [1, 0, 2, 1, 0]})
        >>> aalen_johansen(table, time="days", status="status").at([6])["incidence"].round(4).tolist()
        [0.2667]
    """
    check_level(level)
    if variance not in ("aalen", "jackknife"):
        raise AnalysisError.must("variance", "be aalen or jackknife", variance, fix="Aalen's is the default.")
    data = competing_risks(table, time=time, status=status, arm=arm, arms=arms)
    if cause != 0:
        check_cause(data, cause)
    elif variance == "aalen":
        fix = "Use kaplan_meier, or the jackknife variance."
        raise AnalysisError.must("cause", "be a cause with Aalen's variance", cause, fix=fix)
    z = float(norm.ppf((1 + level) / 2))
    curves, followed = [], []
    for code, name in enumerate(data.any_cause.arms):
        inside = data.any_cause.arm == code
        times, status_of = data.any_cause.time[inside], data.cause[inside]
        counts = cause_counts(times, status_of, cause or data.causes[0])
        estimate = counts.survival if cause == 0 else counts.incidence
        se = _aalen_se(counts) if variance == "aalen" else _jackknife_se(counts, times, status_of, cause)
        lower, upper = _log_log_limits(estimate, se, z)
        origin = 1.0 if cause == 0 else 0.0
        curve = {
            "arm": name,
            "time": np.r_[0.0, counts.time],
            "at_risk": np.r_[len(times), counts.at_risk].astype(int),
            "incidence": np.r_[origin, estimate],
            "se": np.r_[0.0, se],
            "lower": np.r_[origin, lower],
            "upper": np.r_[origin, upper],
        }
        curves.append(pd.DataFrame(curve))
        followed.append(float(times.max()))
    return AalenJohansen(data.any_cause.arms, pd.concat(curves, ignore_index=True), tuple(followed), cause, level)


def _aalen_se(counts: CauseCounts) -> Float[np.ndarray, " time"]:
    """Add, for each event time up to t, the variance of its jumps times their effect on the incidence at t."""
    n, before, after = counts.at_risk, counts.survival_before, counts.survival
    spread = np.where(n > 1, before**2 / (n**2 * np.maximum(n - 1, 1)), before**2 / n**2)
    own = spread * counts.of_cause * np.where(n > 1, n - counts.of_cause, 1)
    other = spread * counts.of_others * np.where(n > 1, n - counts.of_others, 1)
    # A jump at s moves the incidence at t by (F(t) - F(s)) / S(s), less 1 for the cause's own; squares sum over s.
    f = counts.incidence
    per_survivor = np.divide(1.0, after, out=np.zeros_like(after), where=after > 0)
    weight = (own + np.where(after > 0, other, 0.0)) * per_survivor**2
    own_reach = own * per_survivor
    squares = f**2 * np.cumsum(weight) - 2 * f * np.cumsum(weight * f) + np.cumsum(weight * f**2)
    products = f * np.cumsum(own_reach) - np.cumsum(own_reach * f)
    return np.asarray(np.sqrt(np.maximum(squares - 2 * products + np.cumsum(own), 0.0)))


def _jackknife_se(
    counts: CauseCounts,
    time: Float[np.ndarray, " participant"],
    status: Int[np.ndarray, " participant"],
    cause: int,
) -> Float[np.ndarray, " time"]:
    """Sum each participant's squared influence, the derivative of the estimate by the participant's weight."""
    at = counts.time
    still = time[:, None] >= at
    ends = (time[:, None] == at) & (status[:, None] > 0)
    change_all = (ends - still * ((counts.of_cause + counts.of_others) / counts.at_risk)) / counts.at_risk
    with np.errstate(divide="ignore", invalid="ignore"):
        shrink = np.cumsum(
            change_all * np.where(counts.survival > 0, counts.survival_before / counts.survival, 0.0), axis=1
        )
    influence_on_survival = -counts.survival * shrink
    if cause == 0:
        return np.asarray(np.sqrt((influence_on_survival**2).sum(axis=0)))
    before = np.hstack([np.zeros((len(time), 1)), influence_on_survival[:, :-1]])
    hazard = counts.of_cause / counts.at_risk
    own = ((time[:, None] == at) & (status[:, None] == cause)) - still * hazard
    influence = np.cumsum(before * hazard + counts.survival_before * own / counts.at_risk, axis=1)
    return np.asarray(np.sqrt((influence**2).sum(axis=0)))


def _log_log_limits(
    estimate: Float[np.ndarray, " time"], se: Float[np.ndarray, " time"], z: float
) -> tuple[Float[np.ndarray, " time"], Float[np.ndarray, " time"]]:
    lower, upper = estimate.copy(), estimate.copy()
    inside = (estimate > 0) & (estimate < 1 - 1e-12)  # a sum that rounds to just below 1 is 1
    log = np.log(estimate[inside])
    step = z * se[inside] / (estimate[inside] * log)
    bounds = np.exp(log * np.exp(step)), np.exp(log * np.exp(-step))
    lower[inside], upper[inside] = np.minimum(*bounds), np.maximum(*bounds)
    return lower, upper
