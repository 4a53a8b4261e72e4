"""Recurrent events as intervals of participants, checked once at the door."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.columns import refuse_rows
from calor.analyze.survival.time_to_event import TimeToEvent, time_to_event
from calor.errors import AnalysisError


def recurrent(
    table: pd.DataFrame,
    *,
    start: str,
    stop: str,
    event: str,
    arm: str | None = None,
    arms: tuple[str | int, ...] | None = None,
) -> TimeToEvent:
    """Read intervals at risk and refuse those that overlap.

    Args:
        table: One row per interval; the index is the participant.
        start: Column of interval starts; 0 is randomization.
        stop: Column of interval ends.
        event: Column of 1 (the interval ends with an event) and 0.
        arm: Column of the arms; None takes everyone as one arm.
        arms: Arms, control first; None takes the values in sorted order.

    Returns:
        The checked intervals, rows in the order of the table.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), a participant's intervals overlap, a participant has two
            arms.

    Example:
        >>> table = pd.DataFrame({"from": [0, 4], "to": [4, 9], "mi": [1, 0]}, index=["S1", "S1"])
        >>> recurrent(table, start="from", stop="to", event="mi").event.tolist()
        [True, False]
    """
    data = time_to_event(table, time=stop, event=event, start=start, arm=arm, arms=arms)
    if table.index.isna().any():
        fix = "Set the participants' column as index."
        raise AnalysisError.must("table", "be indexed by participant", "missing identifiers", fix=fix)
    who, _ = pd.factorize(table.index)
    order = np.lexsort((data.start, who))
    overlap = np.zeros(len(who), dtype=bool)
    same = who[order][1:] == who[order][:-1]
    overlap[order[1:]] = same & (data.start[order][1:] < data.time[order][:-1])
    refuse_rows(table, overlap, start, "not lie within another interval of the participant", "Cut the intervals apart.")
    several = np.zeros(len(who), dtype=bool)
    several[order[1:]] = same & (data.arm[order][1:] != data.arm[order][:-1])
    refuse_rows(
        table, several, "arm", "be one per participant", "Analyze participants in the arm they were allocated to."
    )
    return data
