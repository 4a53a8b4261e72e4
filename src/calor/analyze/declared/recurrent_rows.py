"""The intervals at risk of recurrent events, from times to events or from a dataset of occurrences."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from calor.analyze.declared.left_out import not_analyzed
from calor.analyze.declared.records import (
    ARM,
    SUBJECT,
    Datasets,
    arm_labels,
    endpoint_rows,
    of_kind,
    participants,
    with_columns,
)
from calor.analyze.declared.time_at_risk import at_risk_rule, time_at_risk
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import RecurrentEventsAnalysis
from calor.protocol.endpoints import RecurrentEventsEndpoint

START, END, EVENT = "START", "END", "EVENT"


@dataclass(frozen=True)
class RecurrentRows:
    """Intervals at risk, a participant's one after the other.

    Attributes:
        intervals: Index: the participant; `START` and `END` [days], `EVENT` (1 where the interval ends with one),
            `ARM_LABEL`, and columns of ADSL.
        arms: Labels of the arms, control first.
        endpoint: The endpoint.
        notes: Who was left out, what was counted once, how long people were at risk.
    """

    intervals: pd.DataFrame
    arms: tuple[str, ...]
    endpoint: RecurrentEventsEndpoint
    notes: tuple[str, ...]


def recurrent_rows(protocol: Protocol, analysis: RecurrentEventsAnalysis, datasets: Datasets) -> RecurrentRows:
    """Read the intervals at risk that an analysis compares.

    Raises:
        AnalysisError: A column is missing; a participant has two ends, an event after the end, or two events on a day.
    """
    estimand = protocol.estimand(analysis.estimand)
    endpoint = of_kind(protocol.endpoint(estimand.endpoint), RecurrentEventsEndpoint)
    arms = arm_labels(protocol, estimand.treatment)
    treated = endpoint.paramcd is None
    people = participants(datasets, protocol.analysis_set(analysis.set), arms, actual=treated)
    rows = endpoint_rows(protocol, datasets, endpoint)
    rows = rows[rows[SUBJECT].isin(people[SUBJECT])]
    events, ends, notes = (_occurrences if treated else _times)(rows, people, endpoint)
    intervals = _intervals(events, ends.clip(upper=endpoint.horizon_days))
    table = with_columns(intervals, people, [ARM, *analysis.covariates]).set_index(SUBJECT)
    return RecurrentRows(table, arms, endpoint, notes)


Read = tuple[pd.DataFrame, "pd.Series[float]", tuple[str, ...]]
"""Participant and day of each event; the end of each participant's follow-up; notes."""


def _times(rows: pd.DataFrame, people: pd.DataFrame, endpoint: RecurrentEventsEndpoint) -> Read:
    """Read events and the end of follow-up from rows of times."""
    _need(rows, ["AVAL", "CNSR"], endpoint)
    known = rows.dropna(subset=["AVAL", "CNSR"])
    events = known[known["CNSR"] == 0][[SUBJECT, "AVAL"]].rename(columns={"AVAL": "day"})
    ended = known[known["CNSR"] != 0]
    _refuse(ended[SUBJECT][ended[SUBJECT].duplicated()], "end each participant's follow-up once", endpoint)
    _refuse(events[SUBJECT][events.duplicated()], "have at most one event of a participant on a day", endpoint)
    last = events.groupby(SUBJECT)["day"].max().astype(float)
    ends = ended.set_index(SUBJECT)["AVAL"].astype(float)
    late = last[last > ends.reindex(last.index)]
    _refuse(pd.Series(late.index, dtype=object), "have no event after the end of follow-up", endpoint)
    ends = ends.combine_first(last)  # an event without a later end closes follow-up, as a death does
    left_out = int((~people[SUBJECT].isin(ends.index)).sum())
    return events, ends, not_analyzed(left_out, f"no record of {endpoint.label}")


def _occurrences(rows: pd.DataFrame, people: pd.DataFrame, endpoint: RecurrentEventsEndpoint) -> Read:
    """Read events from a dataset of occurrences, and the time at risk from ADSL."""
    _need(rows, ["ASTDY"], endpoint)
    ends = time_at_risk(people, endpoint.after_last_dose_days).set_axis(people[SUBJECT])
    dated = rows.dropna(subset=["ASTDY"])
    inside = dated[(dated["ASTDY"] > 0) & (dated["ASTDY"] <= dated[SUBJECT].map(ends).astype(float))]
    events = inside[[SUBJECT, "ASTDY"]].rename(columns={"ASTDY": "day"})
    once = events.drop_duplicates()
    notes = [at_risk_rule(endpoint.after_last_dose_days)]
    if (undated := len(rows) - len(dated)) > 0:
        notes.append(f"{undated} events without a day of onset are not counted.")
    if (outside := len(dated) - len(inside)) > 0:
        notes.append(f"{outside} events that began outside the time at risk are not counted.")
    if (joined := len(events) - len(once)) > 0:
        notes.append(f"Events of a participant that began on one day count as one ({joined} fewer).")
    return once, ends, tuple(notes)


def _intervals(events: pd.DataFrame, ends: pd.Series[float]) -> pd.DataFrame:
    """Cut each participant's follow-up at the events."""
    counted = events[events["day"] <= events[SUBJECT].map(ends).astype(float)].assign(**{EVENT: 1})
    last = counted.groupby(SUBJECT)["day"].max().reindex(ends.index, fill_value=0.0)
    rest = ends[ends > last].rename("day").rename_axis(SUBJECT).reset_index().assign(**{EVENT: 0})
    rows = pd.concat([counted, rest], ignore_index=True).sort_values([SUBJECT, "day"], kind="stable")
    start = rows.groupby(SUBJECT)["day"].shift(fill_value=0.0).astype(float)
    return rows.assign(**{START: start, END: rows["day"].astype(float)}).drop(columns="day").reset_index(drop=True)


def _need(rows: pd.DataFrame, columns: list[str], endpoint: RecurrentEventsEndpoint) -> None:
    missing = [column for column in columns if column not in rows]
    if missing:
        raise AnalysisError.must(
            endpoint.dataset,
            f"have the columns {', '.join(missing)}",
            "none",
            fix=f'"{endpoint.id}" needs it.',
        )


def _refuse(who: pd.Series[str], rule: str, endpoint: RecurrentEventsEndpoint) -> None:
    """Refuse rows of a participant that contradict each other."""
    if len(who):
        raise AnalysisError.must(
            endpoint.dataset, rule, f"{who.nunique()} participants with another", where=str(who.iloc[0]),
            fix="Correct the rows, or select the analyzed ones with the endpoint's `where`.",
        )  # fmt: skip
