"""Kaplan-Meier estimate of survival."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level
from calor.analyze.survival.at_risk import at_risk
from calor.analyze.survival.step_curve import read_steps
from calor.analyze.survival.time_to_event import Arm, time_to_event
from calor.errors import AnalysisError

Interval = Literal["plain", "log", "log-log", "logit", "arcsin"]

# Two survival probabilities that differ by less are one step, as rounding splits exact halves.
_SAME = 1.5e-8


@dataclass(frozen=True)
class Quantile:
    """Time by which a share of an arm has had the event.

    Attributes:
        arm: The arm.
        share: The share, 0.5 for the median.
        time: The quantile; None where the curve does not get there ("not reached").
        lower: Its lower confidence limit, or None.
        upper: Its upper confidence limit, or None.
    """

    arm: Arm
    share: float
    time: float | None
    lower: float | None
    upper: float | None

    def __str__(self) -> str:
        time, lower, upper = (_reached(t) for t in (self.time, self.lower, self.upper))
        name = "median" if self.share == 0.5 else f"{100 * self.share:.0f} % quantile"
        interval = "" if self.lower is None else f" (CI {lower} to {upper})"
        return f"{self.arm}: {name} {time}{interval}"


@dataclass(frozen=True)
class KaplanMeier(Drawable):
    """Step curves of the arms.

    Attributes:
        arms: Arms, control first.
        curves: One row per arm and distinct time, starting at time 0: arm, time, at_risk, events, censored, survival,
            se, lower, upper. Standard error and limits are missing where survival is 0: there they do not exist.
        level: Confidence level of the pointwise limits.
        interval: Scale on which they are symmetric.
    """

    arms: tuple[Arm, ...]
    curves: pd.DataFrame
    level: float
    interval: Interval

    def __str__(self) -> str:
        lines = []
        for arm in self.arms:
            curve = self.curves[self.curves["arm"] == arm]
            n, d = int(curve["at_risk"].iloc[0]), int(curve["events"].sum())
            lines.append(f"{self.median(arm)}; {d} of {n} with the event")
        return "\n".join([f"Kaplan-Meier, {self.level * 100:g} % CI ({self.interval})", *lines])

    def to_frame(self) -> pd.DataFrame:
        """Return the step curves."""
        return self.curves.copy()

    def at_risk(self, times: Sequence[float]) -> pd.DataFrame:
        """Count the participants still followed at each time: one row per arm, one column per time."""
        rows = {}
        for arm in self.arms:
            curve = self._curve(arm)
            gone = np.searchsorted(curve["time"].to_numpy(), np.asarray(times, dtype=float), side="left")
            counts = np.append(curve["at_risk"].to_numpy(), 0)
            rows[arm] = counts[gone]
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(times)).rename_axis("arm")

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Read the curves at given times, each within the arm's follow-up: one row per arm and time."""
        followed = {arm: float(self.curves.loc[self.curves["arm"] == arm, "time"].iloc[-1]) for arm in self.arms}
        return read_steps(self.curves, followed, times)

    def median(self, arm: Arm) -> Quantile:
        """Return the median time to the event in an arm, with its interval (Brookmeyer and Crowley 1982)."""
        return self.quantile(arm, 0.5)

    def quantile(self, arm: Arm, share: float) -> Quantile:
        """Return the time by which a share of the arm has had the event, with its interval."""
        if not 0 < share < 1:
            raise AnalysisError.must("share", "lie between 0 and 1", share, fix="Give 0.5 for the median.")
        curve = self._curve(arm)
        times = curve["time"].to_numpy(dtype=float)
        crossing = [_crossing(times, curve[c].to_numpy(dtype=float), 1 - share) for c in ("survival", "lower", "upper")]
        return Quantile(arm, share, *crossing)

    def _curve(self, arm: Arm) -> pd.DataFrame:
        if arm not in self.arms:
            raise AnalysisError.must("arm", f"be one of {', '.join(map(str, self.arms))}", arm, fix="Name a known arm.")
        return self.curves[self.curves["arm"] == arm]


def kaplan_meier(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str | None = None,
    arms: Sequence[Arm] | None = None,
    level: float = 0.95,
    interval: Interval = "log-log",
) -> KaplanMeier:
    """Estimate the probability of staying free of the event over time, by arm.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms; None draws one curve.
        arms: Arms, control first; None takes the values in sorted order.
        level: Confidence level of the pointwise limits.
        interval: Scale of the limits: "plain", "log", "log-log", "logit" or "arcsin".

    Returns:
        The step curves, with Greenwood's standard error.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), an unknown interval, a level outside 0 to 1.

    Reference:
        Kaplan and Meier, JASA 1958; Greenwood 1926 (variance); Borgan and Liestol, Scandinavian Journal of Statistics
        1990 (transformed intervals).

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9], "mi": [1, 0, 1, 0], "arm": ["a", "a", "b", "b"]})
        >>> print(kaplan_meier(table, time="days", event="mi", arm="arm"))
        Kaplan-Meier, 95 % CI (log-log)
        a: median 6.5 (CI 5 to not reached); 1 of 2 with the event
        b: median 6 (CI 3 to not reached); 1 of 2 with the event
    """
    if interval not in get_args(Interval):
        fix = "The log-log interval is the default."
        raise AnalysisError.must("interval", f"be one of {', '.join(get_args(Interval))}", interval, fix=fix)
    check_level(level)
    data = time_to_event(table, time=time, event=event, arm=arm, arms=arms)
    curves = []
    for code, name in enumerate(data.arms):
        inside = data.arm == code
        curve = _step_curve(data.time[inside], data.event[inside], level, interval)
        curve.insert(0, "arm", name)
        curves.append(curve)
    return KaplanMeier(data.arms, pd.concat(curves, ignore_index=True), level, interval)


def _step_curve(
    time: Float[np.ndarray, " participant"], event: np.ndarray, level: float, interval: Interval
) -> pd.DataFrame:
    counts = at_risk(time, event)
    n, d = counts.at_risk, counts.events
    survival = np.cumprod(1 - d / n)
    alive = survival > 0
    hazard_variance = np.zeros(len(n))
    hazard_variance[alive] = np.cumsum(d[alive] / (n[alive] * (n[alive] - d[alive])))
    lower, upper = _limits(survival[alive], np.sqrt(hazard_variance[alive]), float(norm.ppf((1 + level) / 2)), interval)
    frame = pd.DataFrame({"time": counts.time, "at_risk": n, "events": d, "censored": counts.censored})
    frame["survival"] = survival
    frame[["se", "lower", "upper"]] = np.nan
    frame.loc[alive, "se"] = survival[alive] * np.sqrt(hazard_variance[alive])
    frame.loc[alive, "lower"] = lower
    frame.loc[alive, "upper"] = upper
    origin = pd.DataFrame(
        [{"time": 0.0, "at_risk": n[0], "events": 0.0, "censored": 0.0, "survival": 1.0, "se": 0.0}]
    ).assign(lower=1.0, upper=1.0)
    frame = pd.concat([origin, frame], ignore_index=True)
    return frame.astype({"at_risk": int, "events": int, "censored": int})


def _limits(
    survival: Float[np.ndarray, " time"], se_log: Float[np.ndarray, " time"], z: float, interval: Interval
) -> tuple[Float[np.ndarray, " time"], Float[np.ndarray, " time"]]:
    """Transform survival, step z standard errors each way (delta method), transform back; sure survival stays sure."""
    transforms: dict[Interval, tuple[Callable[..., np.ndarray], Callable[..., np.ndarray], Callable[..., np.ndarray]]]
    transforms = {  # transform, its derivative times survival, inverse
        "plain": (lambda s: s, lambda s: s, lambda x: x),
        "log": (np.log, np.ones_like, np.exp),
        "log-log": (lambda s: -np.log(-np.log(s)), lambda s: -1 / np.log(s), lambda x: np.exp(-np.exp(-x))),
        "logit": (lambda s: np.log(s / (1 - s)), lambda s: 1 / (1 - s), lambda x: 1 / (1 + np.exp(-x))),
        "arcsin": (
            lambda s: np.arcsin(np.sqrt(s)),
            lambda s: 0.5 * np.sqrt(s / (1 - s)),
            lambda x: np.sin(np.clip(x, 0, np.pi / 2)) ** 2,
        ),
    }
    forward, slope, back = transforms[interval]
    lower, upper = np.ones_like(survival), np.ones_like(survival)
    unsure = survival < 1
    s = survival[unsure]
    step = z * slope(s) * se_log[unsure]
    lower[unsure], upper[unsure] = back(forward(s) - step), back(forward(s) + step)
    return np.clip(lower, 0, 1), np.clip(upper, 0, 1)


def _crossing(time: Float[np.ndarray, " time"], curve: Float[np.ndarray, " time"], height: float) -> float | None:
    """Return when the curve falls to `height`; where it lies level at that height, the middle of the level stretch."""
    known = ~np.isnan(curve)
    time, curve = time[known], curve[known]
    reached = time[curve <= height + _SAME]
    if len(reached) == 0:
        return None
    below = time[curve < height - _SAME]
    return float((reached[0] + (below[0] if len(below) else time[-1])) / 2)


def _reached(time: float | None) -> str:
    return "not reached" if time is None else f"{time:.4g}"
