"""Mean cumulative number of recurrent events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level
from calor.analyze.survival.recurrent import recurrent
from calor.analyze.survival.step_curve import read_steps
from calor.analyze.survival.time_to_event import Arm, TimeToEvent


@dataclass(frozen=True)
class MeanCumulative(Drawable):
    """Mean number of events per participant over time, by arm.

    Attributes:
        arms: Arms, control first.
        curves: One row per arm and event time, starting at time 0: arm, time, mean, se, lower, upper.
        followed: Longest follow-up in each arm.
        level: Confidence level of the pointwise limits.
    """

    arms: tuple[Arm, ...]
    curves: pd.DataFrame
    followed: tuple[float, ...]
    level: float

    def __str__(self) -> str:
        last = self.curves.groupby("arm", sort=False).last()
        ends = [
            f"{arm}: {row.mean:.3f} events per participant by {row.time:.4g} "
            f"({self.level * 100:g} % CI {row.lower:.3f} to {row.upper:.3f})"
            for arm, row in zip(last.index, last.itertuples(), strict=True)
        ]
        return "\n".join(["Mean cumulative function", *ends])

    def to_frame(self) -> pd.DataFrame:
        """Return the step curves."""
        return self.curves.copy()

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Read the curves at given times, each within the arm's follow-up: one row per arm and time."""
        return read_steps(self.curves, dict(zip(self.arms, self.followed, strict=True)), times)


def mean_cumulative(
    table: pd.DataFrame,
    *,
    start: str,
    stop: str,
    event: str,
    arm: str | None = None,
    arms: Sequence[Arm] | None = None,
    level: float = 0.95,
) -> MeanCumulative:
    """Estimate the mean number of events per participant over time, by arm.

    Args:
        table: One row per interval at risk; the index is the participant.
        start: Column of interval starts; 0 is randomization.
        stop: Column of interval ends.
        event: Column of 1 (the interval ends with an event) and 0.
        arm: Column of the arms; None draws one curve.
        arms: Arms, control first; None takes the values in sorted order.
        level: Confidence level of the pointwise limits, symmetric on the log scale.

    Returns:
        The step curves, with a variance robust to events that cluster in participants.

    Raises:
        AnalysisError: Unusable rows (see `recurrent`), a level outside 0 to 1.

    Reference:
        Lawless and Nadeau, Technometrics 1995.

    Example:
        >>> table = pd.DataFrame({"from": [0, 4, 0], "to": [4, 9, 8], "mi": [1, 1, 0]}, index=["S1", "S1", "S2"])
        >>> mean_cumulative(table, start="from", stop="to", event="mi").at([5, 9])["mean"].tolist()
        [0.5, 1.5]
    """
    check_level(level)
    data = recurrent(table, start=start, stop=stop, event=event, arm=arm, arms=None if arms is None else tuple(arms))
    who, _ = pd.factorize(table.index)
    z = float(norm.ppf((1 + level) / 2))
    curves, followed = [], []
    for code, name in enumerate(data.arms):
        inside = np.flatnonzero(data.arm == code)
        times, mean, se = _curve(data, inside, who[inside])
        width = np.exp(z * np.divide(se, mean, out=np.zeros_like(se), where=mean > 0))
        curves.append(
            pd.DataFrame(
                {
                    "arm": name,
                    "time": np.r_[0.0, times],
                    "mean": np.r_[0.0, mean],
                    "se": np.r_[0.0, se],
                    "lower": np.r_[0.0, mean / width],
                    "upper": np.r_[0.0, mean * width],
                }
            )
        )
        followed.append(float(data.time[inside].max()))
    return MeanCumulative(data.arms, pd.concat(curves, ignore_index=True), tuple(followed), level)


def _curve(
    data: TimeToEvent, inside: Int[np.ndarray, " row"], who: Int[np.ndarray, " row"]
) -> tuple[Float[np.ndarray, " time"], Float[np.ndarray, " time"], Float[np.ndarray, " time"]]:
    """Sum events over numbers at risk; the variance sums each participant's squared residual."""
    start, stop, event = data.start[inside], data.time[inside], data.event[inside]
    times = np.unique(stop[event])
    _, row = np.unique(who, return_inverse=True)
    followed = (start[:, None] < times) & (times <= stop[:, None])
    ends = (stop[:, None] == times) & event[:, None]
    at_risk = followed.sum(axis=0)
    rate = ends.sum(axis=0) / at_risk
    residual = np.zeros((row.max() + 1, len(times)))
    np.add.at(residual, row, (ends - followed * rate) / at_risk)
    return times, np.cumsum(rate), np.sqrt((np.cumsum(residual, axis=1) ** 2).sum(axis=0))
