"""Restricted mean survival time: the mean time free of the event up to a horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy.stats import norm

from calor.analyze.counts.wald_ratio import wald_ratio
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.survival.at_risk import at_risk
from calor.analyze.survival.time_to_event import Arm, TimeToEvent, need_two_arms, time_to_event
from calor.errors import AnalysisError

Contrast = Literal["difference", "ratio", "lost_ratio"]

LABELS: dict[Contrast, str] = {
    "difference": "difference in restricted mean survival time",
    "ratio": "ratio of restricted mean survival times",
    "lost_ratio": "ratio of restricted mean times lost",
}


@dataclass(frozen=True)
class Rmst(Drawable):
    """Restricted mean survival times of two arms.

    Attributes:
        by_arm: Restricted mean survival time of each arm, control first.
        lost_by_arm: Restricted mean time lost, horizon minus that.
        difference: Active minus control.
        ratio: Active over control.
        lost_ratio: Ratio of the times lost, active over control; None where an arm loses none, having no event.
        horizon: Time up to which the mean is taken.
    """

    by_arm: tuple[Estimate, Estimate]
    lost_by_arm: tuple[Estimate, Estimate]
    difference: Estimate
    ratio: Estimate
    lost_ratio: Estimate | None
    horizon: float

    def __str__(self) -> str:
        return "\n".join(map(str, (*self.by_arm, *self._contrasts)))

    @property
    def _contrasts(self) -> tuple[Estimate, ...]:
        return tuple(e for e in (self.difference, self.ratio, self.lost_ratio) if e is not None)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per arm and contrast."""
        every = (*self.by_arm, *self.lost_by_arm, *self._contrasts)
        return pd.concat([e.to_frame() for e in every], ignore_index=True)


def rmst(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str,
    arms: Sequence[Arm],
    horizon: float,
    level: float = 0.95,
) -> Rmst:
    """Compare the areas under two Kaplan-Meier curves up to a horizon.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms.
        arms: The two arms, control first.
        horizon: Time up to which the mean is taken, in the unit of `time`.
        level: Confidence level.

    Returns:
        The means, their difference and their ratios; intervals of ratios are symmetric on the log scale.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), not two arms, a horizon beyond the follow-up of an arm, no
            event before the horizon.

    Reference:
        Royston and Parmar, BMC Medical Research Methodology 2013; Uno et al., Journal of Clinical Oncology 2014.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 1, 0, 1], "arm": list("papapa")})
        >>> result = rmst(table, time="days", event="mi", arm="arm", arms=("p", "a"), horizon=6)
        >>> print(result.by_arm[0])
        p: restricted mean survival time to 6: 4.667 (95 % CI 3.255 to 6.078; Kaplan-Meier area, n = 3)
    """
    check_level(level)
    data = time_to_event(table, time=time, event=event, arm=arm, arms=arms)
    check_horizon(data, horizon)
    kept: list[Estimate] = []
    lost: list[Estimate] = []
    for code, name in enumerate(data.arms):
        inside = data.arm == code
        mean, se = area(data.time[inside], data.event[inside], horizon)
        n = int(inside.sum())
        half = float(norm.ppf((1 + level) / 2)) * se
        for into, value, what in ((kept, mean, "survival time"), (lost, horizon - mean, "time lost")):
            into.append(
                Estimate(
                    label=f"{name}: restricted mean {what} to {horizon:g}",
                    estimate=value,
                    se=se,
                    lower=value - half,
                    upper=value + half,
                    level=level,
                    scale="time",
                    method="Kaplan-Meier area",
                    n=n,
                )
            )
    both_lose = min(one.estimate for one in lost) > 1e-12 * horizon  # the sum of an area may round
    return Rmst(
        by_arm=(kept[0], kept[1]),
        lost_by_arm=(lost[0], lost[1]),
        difference=_difference(kept[1], kept[0]),
        ratio=_ratio(kept[1], kept[0], "ratio"),
        lost_ratio=_ratio(lost[1], lost[0], "lost_ratio") if both_lose else None,
        horizon=horizon,
    )


def area(
    time: Float[np.ndarray, " participant"], event: Bool[np.ndarray, " participant"], horizon: float
) -> tuple[float, float]:
    """Return the area under the Kaplan-Meier curve to a horizon, and its standard error.

    The variance sums, over event times, the squared area still to come times events / (at risk x survivors): that of
    the estimated mean, not of min(T, horizon).

    Args:
        time: End of follow-up.
        event: Whether it ends with the event.
        horizon: Where the area ends.

    Returns:
        The area and its standard error.

    Example:
        >>> area(np.array([1.0, 2.0]), np.array([True, True]), 2.0)[0]
        1.5
    """
    counts = at_risk(time, event)
    before = counts.time <= horizon
    n, d = counts.at_risk[before], counts.events[before]
    survival = np.r_[1.0, np.cumprod(1 - d / n)]
    pieces = np.diff(np.r_[0.0, counts.time[before], horizon]) * survival
    to_come = pieces[::-1].cumsum()[::-1][1:]
    alive = n > d
    variance = float((to_come[alive] ** 2 * d[alive] / (n[alive] * (n[alive] - d[alive]))).sum())
    return float(pieces.sum()), sqrt(variance)


def check_horizon(data: TimeToEvent, horizon: float) -> None:
    """Refuse more or fewer than two arms, and a horizon that an arm's follow-up does not reach.

    >>> table = pd.DataFrame({"t": [4, 2, 5, 3], "e": [1, 0, 0, 1], "arm": list("ppaa")})
    >>> check_horizon(time_to_event(table, time="t", event="e", arm="arm"), 4.0)
    """
    need_two_arms(data.arms)
    longest = min(_known_until(data.time[data.arm == a], data.event[data.arm == a]) for a in (0, 1))
    if not 0 < horizon <= longest or horizon == inf:
        fix = "Take a horizon that participants of both arms are followed to."
        raise AnalysisError.must("horizon", f"lie between 0 and {longest:g}", horizon, fix=fix)


def _known_until(time: Float[np.ndarray, " participant"], event: Bool[np.ndarray, " participant"]) -> float:
    """Return where the curve ends: nowhere, if the last followed have the event and it falls to zero."""
    last = time == time.max()
    return inf if event[last].all() else float(time.max())


def _difference(active: Estimate, control: Estimate) -> Estimate:
    value = active.estimate - control.estimate
    se = sqrt((active.se or 0) ** 2 + (control.se or 0) ** 2)
    return contrast(value, se, "difference", active.level, active.n + control.n, "Kaplan-Meier area")


def _ratio(active: Estimate, control: Estimate, kind: Contrast) -> Estimate:
    value = log(active.estimate) - log(control.estimate)
    se = sqrt(((active.se or 0) / active.estimate) ** 2 + ((control.se or 0) / control.estimate) ** 2)
    return contrast(value, se, kind, active.level, active.n + control.n, "Kaplan-Meier area")


def contrast(value: float, se: float, kind: Contrast, level: float, n: int, method: str) -> Estimate:
    """Build the estimate of a contrast from its value and standard error, logarithmic for a ratio.

    >>> print(contrast(0.0, 0.1, "ratio", 0.95, 60, "Kaplan-Meier area"))
    ratio of restricted mean survival times: 1.000 (95 % CI 0.822 to 1.217; p = 1.000; Kaplan-Meier area, n = 60)
    """
    if se == 0:
        fix = "Nothing varies before the horizon: take a later one."
        raise AnalysisError.must("event", "happen before the horizon", "no variance", fix=fix)
    if kind != "difference":
        return wald_ratio(LABELS[kind], value, se, level=level, method=method, n=n)
    half = float(norm.ppf((1 + level) / 2)) * se
    return Estimate(
        label=LABELS[kind],
        estimate=value,
        se=se,
        lower=value - half,
        upper=value + half,
        level=level,
        p_value=float(2 * norm.sf(abs(value) / se)),
        scale="time",
        method=method,
        n=n,
    )
