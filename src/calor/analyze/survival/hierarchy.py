"""Compare pairs of participants on endpoints in order of importance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.columns import finite_column, need_columns
from calor.analyze.survival.time_to_event import time_to_event
from calor.errors import AnalysisError


@dataclass(frozen=True)
class EventTime:
    """An event that is better late or never.

    Attributes:
        time: Column of follow-up times.
        event: Column of 1 (event) and 0 (censored).
    """

    time: str
    event: str


@dataclass(frozen=True)
class Measure:
    """A number of which more, or less, is better.

    Attributes:
        column: Its column.
        better: Which direction is better.
        margin: Difference that counts as none.
        missing: Whether a missing number is an error, or leaves the participant's pairs undecided here.
    """

    column: str
    better: Literal["lower", "higher"]
    margin: float = 0.0
    missing: Literal["refuse", "tie"] = "refuse"


Hierarchy = Sequence[EventTime | Measure]


def compare(
    table: pd.DataFrame,
    hierarchy: Hierarchy,
    first: Int[np.ndarray, " a"],
    second: Int[np.ndarray, " b"],
) -> Int[np.ndarray, "level a b"]:
    """Say at which level, if any, each participant of one set wins or loses against each of another.

    Args:
        table: One row per participant.
        hierarchy: Endpoints, most important first; the next is looked at where one does not decide.
        first: Rows of the one set.
        second: Rows of the other.

    Returns:
        1 where the first wins at that level, -1 where the second does, else 0; at most one level is not 0.

    Raises:
        AnalysisError: No endpoint, unusable values, a direction that is neither lower nor higher, a negative margin.

    Example:
        >>> table = pd.DataFrame({"days": [9, 4], "died": [0, 1]}, index=["S1", "S2"])
        >>> compare(table, [EventTime("days", "died")], np.array([0]), np.array([1])).tolist()  # S1 outlived S2
        [[[1]]]
    """
    if not hierarchy:
        raise AnalysisError.must("hierarchy", "name endpoints", "none", fix="Name the most important one first.")
    undecided = np.ones((len(first), len(second)), dtype=bool)
    levels = []
    for endpoint in hierarchy:
        if isinstance(endpoint, EventTime):
            result = _by_event(table, endpoint, first, second)
        else:
            result = _by_measure(table, endpoint, first, second)
        result = np.where(undecided, result, 0).astype(np.int8)
        undecided &= result == 0
        levels.append(result)
    return np.stack(levels)


def _by_event(
    table: pd.DataFrame, endpoint: EventTime, first: Int[np.ndarray, " a"], second: Int[np.ndarray, " b"]
) -> Int[np.ndarray, "a b"]:
    data = time_to_event(table, time=endpoint.time, event=endpoint.event)
    # Someone censored at the time of another's event was free of it then: an event comes before censoring.
    seen_free_until = np.where(data.event, data.time, np.nextafter(data.time, inf))
    event_at = np.where(data.event, data.time, inf)
    wins = event_at[second][None, :] < seen_free_until[first][:, None]
    losses = event_at[first][:, None] < seen_free_until[second][None, :]
    return np.asarray(wins.astype(np.int8) - losses.astype(np.int8))


def _by_measure(
    table: pd.DataFrame, endpoint: Measure, first: Int[np.ndarray, " a"], second: Int[np.ndarray, " b"]
) -> Int[np.ndarray, "a b"]:
    if endpoint.better not in ("lower", "higher"):
        raise AnalysisError.must("better", "be lower or higher", endpoint.better, fix="Say which direction is better.")
    if not 0 <= endpoint.margin < inf:
        raise AnalysisError.must("margin", "be zero or above", endpoint.margin, fix="Give 0 to count any difference.")
    if endpoint.missing not in ("refuse", "tie"):
        raise AnalysisError.must("missing", "be refuse or tie", endpoint.missing, fix="Say what a gap means.")
    need_columns(table, [endpoint.column])
    gaps = table[endpoint.column].isna().to_numpy() & (endpoint.missing == "tie")
    value: Float[np.ndarray, " n"] = np.full(len(table), np.nan)
    value[~gaps] = finite_column(table[~gaps], endpoint.column)
    gain = value[first][:, None] - value[second][None, :]
    if endpoint.better == "lower":
        gain = -gain
    return np.asarray((gain > endpoint.margin).astype(np.int8) - (gain < -endpoint.margin).astype(np.int8))
