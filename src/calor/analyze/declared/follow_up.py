"""The times to a first event that a declared analysis compares, cut at the endpoint's horizon."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from calor.analyze.declared.left_out import counted, not_analyzed
from calor.analyze.declared.records import (
    Datasets,
    arm_labels,
    endpoint_rows,
    of_kind,
    one_row_each,
    participants,
    with_columns,
)
from calor.protocol import Protocol
from calor.protocol.analyses.analysis import DeclaredAnalysis
from calor.protocol.endpoints import TimeToEventEndpoint

TIME, EVENT, STATUS = "AVAL", "EVENT", "STATUS"
"""Days followed; whether the endpoint's event ended them; 0 censored, 1 the endpoint's event, 2 ... those competing."""


@dataclass(frozen=True)
class FollowUp:
    """Times to the first event of the participants of an analysis.

    Attributes:
        table: One row per participant: `USUBJID`, `ARM_LABEL`, `AVAL` [days], `EVENT`, `STATUS`, and columns of ADSL.
        arms: Labels of the arms, control first.
        endpoint: The endpoint.
        notes: Who was left out or cut at the horizon.
    """

    table: pd.DataFrame
    arms: tuple[str, ...]
    endpoint: TimeToEventEndpoint
    notes: tuple[str, ...]


def follow_up(
    protocol: Protocol, analysis: DeclaredAnalysis, datasets: Datasets, columns: tuple[str, ...] = ()
) -> FollowUp:
    """Read the times to an event that an analysis compares.

    Args:
        protocol: The trial as written.
        analysis: An analysis of a time to an event.
        datasets: The analysis datasets.
        columns: Columns of ADSL that the analysis uses.

    Raises:
        AnalysisError: A column is missing, or a participant has two rows.
    """
    estimand = protocol.estimand(analysis.estimand)
    endpoint = of_kind(protocol.endpoint(estimand.endpoint), TimeToEventEndpoint)
    arms = arm_labels(protocol, estimand.treatment)
    people = participants(datasets, protocol.analysis_set(analysis.set), arms, actual=False)
    rows = endpoint_rows(protocol, datasets, endpoint)
    table, notes = _cut(one_row_each(people, rows, ["AVAL", "CNSR"], endpoint.dataset), endpoint)
    return FollowUp(with_columns(table, people, columns), arms, endpoint, notes)


def _cut(table: pd.DataFrame, endpoint: TimeToEventEndpoint) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return times and events up to the horizon, and what was left out or cut."""
    known = table.dropna(subset=["AVAL", "CNSR"])
    beyond = known[TIME] > endpoint.horizon_days
    cut = known.assign(**{TIME: known[TIME].clip(upper=endpoint.horizon_days).astype(float)})
    causes = {0: 1} | {event.cnsr: place for place, event in enumerate(endpoint.competing, start=2)}
    cut[STATUS] = known["CNSR"].astype(int).map(causes).fillna(0).astype(int).where(~beyond, 0)
    cut[EVENT] = (cut[STATUS] == 1).astype(int)
    notes = [*not_analyzed(len(table) - len(known), f"no record of {endpoint.label}")]
    if beyond.any():
        who = counted(int(beyond.sum()))
        notes.append(f"Censored at day {endpoint.horizon_days}: {who} followed beyond it.")
    return cut.drop(columns="CNSR").reset_index(drop=True), tuple(notes)
