"""Times to the first of several causes, checked once at the door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.columns import finite_column, need_columns, refuse_rows
from calor.analyze.survival.time_to_event import Arm, TimeToEvent, need_event, time_to_event
from calor.errors import AnalysisError


@dataclass(frozen=True)
class CompetingRisks:
    """Checked follow-up to the first event of any cause.

    Attributes:
        any_cause: Times, arms and strata; its event is that of any cause.
        cause: 0 censored, else the cause.
        causes: Causes that happened, ascending.
    """

    any_cause: TimeToEvent
    cause: Int[np.ndarray, " participant"]
    causes: tuple[int, ...]


def competing_risks(
    table: pd.DataFrame, *, time: str, status: str, arm: str | None = None, arms: Sequence[Arm] | None = None
) -> CompetingRisks:
    """Read times and causes from a table and refuse what cannot be analyzed.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        status: Column of 0 (censored) and 1, 2, ... (cause of the event that came first).
        arm: Column of the arms; None takes everyone as one arm.
        arms: Arms, control first; None takes the values in sorted order.

    Returns:
        The checked data.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event`), a status that is no whole number from 0, no event.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9], "status": [1, 0, 2, 1]})
        >>> competing_risks(table, time="days", status="status").causes
        (1, 2)
    """
    need_columns(table, [time, status])
    values = finite_column(table, status)
    bad = (values < 0) | (values != np.round(values))
    refuse_rows(table, bad, status, "be 0, 1, 2, ...", "Code censoring 0 and each cause by its number.")
    cause = values.astype(np.int64)
    causes = tuple(int(c) for c in np.unique(cause[cause > 0]))
    need_event(cause, status)
    keep = [time] if arm is None else [time, arm]
    need_columns(table, keep)
    coded = table[keep].assign(_event=(cause > 0).astype(int))
    return CompetingRisks(time_to_event(coded, time=time, event="_event", arm=arm, arms=arms), cause, causes)


def check_cause(data: CompetingRisks, cause: int) -> None:
    """Refuse a cause that did not happen.

    >>> table = pd.DataFrame({"days": [5, 8, 3, 9], "status": [1, 0, 2, 1]})
    >>> check_cause(competing_risks(table, time="days", status="status"), 2)
    """
    if cause not in data.causes:
        known = ", ".join(map(str, data.causes))
        raise AnalysisError.must("cause", f"be one of {known}", cause, fix="Name a cause that happened.")


@dataclass(frozen=True)
class CauseCounts:
    """Counts at the distinct event times of one arm.

    Attributes:
        time: Times with an event of any cause, ascending.
        at_risk: Participants still followed without an event.
        of_cause: Events of the cause in question.
        of_others: Events of the other causes.
        survival_before: Kaplan-Meier estimate of freedom from any event just before.
        survival: The same just after.
        incidence: Aalen-Johansen cumulative incidence of the cause.
    """

    time: Float[np.ndarray, " time"]
    at_risk: Float[np.ndarray, " time"]
    of_cause: Float[np.ndarray, " time"]
    of_others: Float[np.ndarray, " time"]
    survival_before: Float[np.ndarray, " time"]
    survival: Float[np.ndarray, " time"]
    incidence: Float[np.ndarray, " time"]


def cause_counts(
    time: Float[np.ndarray, " participant"], status: Int[np.ndarray, " participant"], cause: int
) -> CauseCounts:
    """Count events of a cause and of the others, and estimate the cause's cumulative incidence.

    Reference:
        Aalen and Johansen, Scandinavian Journal of Statistics 1978.

    Example:
        >>> cause_counts(np.array([1.0, 2.0, 3.0]), np.array([1, 2, 1]), 1).incidence.round(4)
        array([0.3333, 0.3333, 0.6667])
    """
    distinct = np.unique(time[status > 0])
    n = len(time) - np.searchsorted(np.sort(time), distinct, side="left").astype(float)
    d1 = np.bincount(np.searchsorted(distinct, time[status == cause]), minlength=len(distinct)).astype(float)
    other = (status > 0) & (status != cause)
    d2 = np.bincount(np.searchsorted(distinct, time[other]), minlength=len(distinct)).astype(float)
    survival = np.cumprod(1 - (d1 + d2) / n)
    before = np.r_[1.0, survival[:-1]]
    return CauseCounts(distinct, n, d1, d2, before, survival, np.cumsum(before * d1 / n))
