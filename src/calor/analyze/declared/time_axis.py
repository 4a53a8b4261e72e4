"""Numbers at risk at times that people expect beneath a curve: whole weeks when short, quarters of a year when long."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.survival.kaplan_meier import KaplanMeier

TICKS = 8


def numbers_at_risk(curves: KaplanMeier, horizon_days: float) -> pd.DataFrame:
    """Return numbers at risk at evenly spaced whole days up to a horizon, one row per arm and time.

    >>> from calor.analyze.survival.kaplan_meier import kaplan_meier
    >>> table = pd.DataFrame({"days": [5, 8, 3, 9], "event": [1, 0, 1, 0], "arm": list("ppaa")})
    >>> curves = kaplan_meier(table, time="days", event="event", arm="arm", arms=("p", "a"))
    >>> numbers_at_risk(curves, 9)["at_risk"].tolist()
    [2, 2, 1, 1]
    """
    times = evenly_spaced(min(float(curves.curves["time"].max()), horizon_days))
    wide = curves.at_risk(times).reset_index()
    return wide.melt(id_vars="arm", var_name="time", value_name="at_risk").astype({"time": float})


def evenly_spaced(last: float) -> list[float]:
    """Return about eight evenly spaced whole days from 0 to a last one.

    >>> evenly_spaced(60.0)
    [0.0, 14.0, 28.0, 42.0, 56.0]
    """
    step = _round_step(last / TICKS)
    return [float(time) for time in np.arange(0, last + 1e-9, step)]


def _round_step(days: float) -> float:
    for step in (1, 7, 14, 28, 56, 91, 182, 365):
        if days <= step:
            return float(step)
    return 730.0
