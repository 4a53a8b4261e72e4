"""Times to an event, checked once at the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int, Shaped

from calor.analyze.columns import finite_column, named_rows, need_columns, refuse_rows
from calor.errors import AnalysisError

# How a table codes an arm.
Arm = str | int


@dataclass(frozen=True)
class TimeToEvent:
    """Checked follow-up of participants, or of their intervals where `start` is not zero.

    Attributes:
        start: When follow-up of the row starts; 0 is randomization.
        time: When it ends.
        event: Whether it ends with the event.
        arm: Code of the arm, an index into `arms`.
        arms: Arms, control first.
        stratum: Code of the stratum, an index into `strata`.
        strata: Strata, in words.
    """

    start: Float[np.ndarray, " participant"]
    time: Float[np.ndarray, " participant"]
    event: Bool[np.ndarray, " participant"]
    arm: Int[np.ndarray, " participant"]
    arms: tuple[Arm, ...]
    stratum: Int[np.ndarray, " participant"]
    strata: tuple[str, ...]


def time_to_event(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    arm: str | None = None,
    arms: Sequence[Arm] | None = None,
    strata: Sequence[str] = (),
    start: str | None = None,
) -> TimeToEvent:
    """Read times, events, arms and strata from a table and refuse what cannot be analyzed.

    Args:
        table: One row per participant (or per interval, with `start`); the index names rows in messages.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        arm: Column of the arms; None takes everyone as one arm.
        arms: Arms, control first; None takes the values in sorted order.
        strata: Columns whose combinations are the strata.
        start: Column of interval starts; None starts everyone at randomization.

    Returns:
        The checked data, rows in the order of the table.

    Raises:
        AnalysisError: A column is missing; a time is missing, infinite, zero, negative or before its start; an event
            is not 0 or 1; an arm is unknown, empty or of one participant; a stratum has no event.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9], "mi": [1, 0, 1, 0], "arm": ["a", "a", "b", "b"]})
        >>> time_to_event(table, time="days", event="mi", arm="arm").arms
        ('a', 'b')
    """
    need_columns(table, [time, event, *([arm] if arm else []), *strata, *([start] if start else [])])
    if table.empty:
        raise AnalysisError.must("table", "have rows", "none", fix="Give a table with one row per participant.")
    stop = finite_column(table, time)
    entry = finite_column(table, start) if start else np.zeros(len(table))
    refuse_rows(table, entry < 0, start or time, "not start before randomization", "Count time from randomization.")
    fix = "Correct the dates: follow-up ends after it starts, and counts from randomization."
    refuse_rows(table, stop <= entry, time, f"be above {start or 'zero'}", fix)
    happened = _events(table, event)
    codes, names = read_arms(table, arm, arms)
    layers, layer_names = read_strata(table, strata)
    _refuse_empty_strata(table, layers, layer_names, happened)
    return TimeToEvent(entry, stop, happened, codes, names, layers, layer_names)


def _events(table: pd.DataFrame, event: str) -> Bool[np.ndarray, " participant"]:
    values = pd.to_numeric(table[event], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    fix = "Code the event 1 and censoring 0 (in ADaM, 1 - CNSR)."
    refuse_rows(table, ~np.isin(values, (0.0, 1.0)), event, "be 0 or 1", fix)
    return np.asarray(values == 1.0)


def read_arms(
    table: pd.DataFrame, arm: str | None, arms: Sequence[Arm] | None
) -> tuple[Int[np.ndarray, " participant"], tuple[Arm, ...]]:
    """Return each row's arm as an index into the arms, control first, each of at least two participants.

    >>> read_arms(pd.DataFrame({"arm": ["p", "a", "p", "a"]}), "arm", ("p", "a"))
    (array([0, 1, 0, 1]), ('p', 'a'))
    """
    if arm is None:
        return np.zeros(len(table), dtype=np.int64), ("all",)
    need_columns(table, [arm])
    refuse_rows(table, table[arm].isna().to_numpy(), arm, "name an arm", "Complete or remove these rows.")
    names = tuple(arms) if arms is not None else tuple(values_in_order(table[arm]))
    if len(set(names)) < len(names):
        raise AnalysisError.must(
            "arms", "name each arm once", names, fix="Give the control arm first, then the others."
        )
    known = ", ".join(map(str, names))
    refuse_rows(table, ~table[arm].isin(names).to_numpy(), arm, f"be one of {known}", "Name every arm in `arms`.")
    codes = table[arm].map({name: i for i, name in enumerate(names)}).to_numpy(dtype=np.int64)
    for i, name in enumerate(names):
        if (codes == i).sum() < 2:
            got = f"{(codes == i).sum()} in {name}"
            raise AnalysisError.must(arm, "have at least two participants in each arm", got, fix="Leave that arm out.")
    return codes, names


def need_two_arms(arms: Sequence[Arm]) -> None:
    """Refuse more or fewer arms than two.

    >>> need_two_arms(("placebo", "active"))
    """
    if len(arms) != 2:
        raise AnalysisError.must("arms", "be two", len(arms), fix="Compare two arms at a time.")


def need_event(events: Shaped[np.ndarray, " participant"], column: str) -> None:
    """Refuse data in which nobody had the event.

    >>> need_event(np.array([True, False]), "mi")
    """
    if not events.any():
        fix = "No method compares arms then; report the exact upper bound of the event rate."
        raise AnalysisError.must(column, "hold an event", "no event", fix=fix)


def values_in_order(column: pd.Series) -> list[Arm]:
    """Return the values that occur, in a categorical column's own order, else sorted.

    >>> values_in_order(pd.Series(pd.Categorical(["low", "high"], categories=["low", "mid", "high"])))
    ['low', 'high']
    """
    values = column.dropna().unique().tolist()
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [value for value in column.dtype.categories if value in values]
    return sorted(values, key=lambda value: (str(type(value)), value))


def read_strata(table: pd.DataFrame, strata: Sequence[str]) -> tuple[Int[np.ndarray, " participant"], tuple[str, ...]]:
    """Return each row's stratum as an index into the combinations of the columns.

    >>> read_strata(pd.DataFrame({"site": ["x", "y", "x"]}), ["site"])
    (array([0, 1, 0]), ('x', 'y'))
    """
    if not strata:
        return np.zeros(len(table), dtype=np.int64), ("all",)
    need_columns(table, strata)
    unknown = table[list(strata)].isna().any(axis=1).to_numpy()
    refuse_rows(table, unknown, "strata", "be known", "Complete or remove these rows.")
    codes = table.groupby(list(strata), sort=True, observed=True).ngroup().to_numpy(dtype=np.int64)
    _, first = np.unique(codes, return_index=True)
    return codes, tuple(", ".join(str(table[c].iloc[i]) for c in strata) for i in first)


def _refuse_empty_strata(
    table: pd.DataFrame,
    stratum: Int[np.ndarray, " participant"],
    names: tuple[str, ...],
    event: Bool[np.ndarray, " participant"],
) -> None:
    counts = np.bincount(stratum, weights=event, minlength=len(names))
    for code, (name, count) in enumerate(zip(names, counts, strict=True)):
        if count == 0 and len(names) > 1:
            where = f"{name}, {named_rows(table, stratum == code)}"
            fix = "It tells nothing about the arms: pool it with a neighbor, or leave its participants out."
            raise AnalysisError.must("strata", "have an event in each stratum", "none", where=where, fix=fix)
