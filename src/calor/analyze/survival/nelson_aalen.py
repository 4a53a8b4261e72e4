"""Nelson-Aalen estimate of the cumulative hazard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level
from calor.analyze.survival.at_risk import at_risk
from calor.analyze.survival.step_curve import read_steps
from calor.analyze.survival.time_to_event import Arm, time_to_event


@dataclass(frozen=True)
class NelsonAalen(Drawable):
    """Cumulative hazards of the arms.

    Attributes:
        arms: Arms, control first.
        curves: One row per arm and distinct time, starting at time 0: arm, time, at_risk, events, hazard, se, lower,
            upper, and survival, which is exp(-hazard).
        level: Confidence level of the pointwise limits.
    """

    arms: tuple[Arm, ...]
    curves: pd.DataFrame
    level: float

    def __str__(self) -> str:
        last = self.curves.groupby("arm", sort=False).last()
        ends = [
            f"{arm}: {row.hazard:.3f} at {row.time:.4g} ({self.level * 100:g} % CI {row.lower:.3f} to {row.upper:.3f})"
            for arm, row in zip(last.index, last.itertuples(), strict=True)
        ]
        return "\n".join(["Nelson-Aalen cumulative hazard", *ends])

    def to_frame(self) -> pd.DataFrame:
        """Return the step curves."""
        return self.curves.copy()

    def at(self, times: Sequence[float]) -> pd.DataFrame:
        """Read the curves at given times, each within the arm's follow-up: one row per arm and time."""
        followed = {arm: float(self.curves.loc[self.curves["arm"] == arm, "time"].iloc[-1]) for arm in self.arms}
        return read_steps(self.curves, followed, times)


def nelson_aalen(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str | None = None,
    arms: Sequence[Arm] | None = None,
    start: str | None = None,
    level: float = 0.95,
) -> NelsonAalen:
    """Estimate the cumulative hazard over time, by arm.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms; None draws one curve.
        arms: Arms, control first; None takes the values in sorted order.
        start: Column of entry times; None starts everyone at randomization.
        level: Confidence level of the pointwise limits, symmetric on the log scale.

    Returns:
        The step curves; the variance is the sum of events over the squared number at risk.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), a level outside 0 to 1.

    Reference:
        Nelson, Technometrics 1972; Aalen, Annals of Statistics 1978.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9], "mi": [1, 0, 1, 0]})
        >>> nelson_aalen(table, time="days", event="mi").at([6])["hazard"].round(4).tolist()  # 1/4 + 1/3
        [0.5833]
    """
    check_level(level)
    data = time_to_event(table, time=time, event=event, arm=arm, arms=arms, start=start)
    z = float(norm.ppf((1 + level) / 2))
    curves = []
    for code, name in enumerate(data.arms):
        inside = data.arm == code
        counts = at_risk(data.time[inside], data.event[inside], data.start[inside] if start else None)
        hazard = np.r_[0.0, np.cumsum(counts.events / counts.at_risk)]
        se = np.r_[0.0, np.sqrt(np.cumsum(counts.events / counts.at_risk**2))]
        width = np.exp(z * np.divide(se, hazard, out=np.zeros_like(se), where=hazard > 0))
        curve = {
            "arm": name,
            "time": np.r_[0.0, counts.time],
            "at_risk": np.r_[counts.at_risk[0], counts.at_risk].astype(int),
            "events": np.r_[0, counts.events].astype(int),
            "hazard": hazard,
            "se": se,
            "lower": hazard / width,
            "upper": hazard * width,
            "survival": np.exp(-hazard),
        }
        curves.append(pd.DataFrame(curve))
    return NelsonAalen(data.arms, pd.concat(curves, ignore_index=True), level)
