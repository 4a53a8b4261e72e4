"""Read the step curves of arms at given times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from calor.analyze.survival.time_to_event import Arm
from calor.errors import AnalysisError


def read_steps(curves: pd.DataFrame, followed: Mapping[Arm, float], times: Sequence[float]) -> pd.DataFrame:
    """Return the last step at or before each time, for each arm.

    Args:
        curves: Columns arm and time, and what is to be read; starts at time 0 in each arm, times ascending.
        followed: Longest follow-up of each arm, beyond which nothing is read.
        times: When to read.

    Returns:
        One row per arm and time.

    Raises:
        AnalysisError: A time is negative or beyond an arm's follow-up.

    Example:
        >>> curves = pd.DataFrame({"arm": "a", "time": [0.0, 2.0], "survival": [1.0, 0.5]})
        >>> read_steps(curves, {"a": 3.0}, [1.0, 2.5])["survival"].tolist()
        [1.0, 0.5]
    """
    read = []
    for arm, last in followed.items():
        curve = curves[curves["arm"] == arm]
        for time in times:
            if not 0 <= time <= last:
                fix = "Nobody is followed there; ask for an earlier time."
                raise AnalysisError.must("times", f"lie between 0 and {last:g}", time, where=f"arm {arm}", fix=fix)
        step = np.searchsorted(curve["time"].to_numpy(), np.asarray(times, dtype=float), side="right") - 1
        read.append(curve.iloc[step].assign(time=list(times)))
    return pd.concat(read, ignore_index=True)
