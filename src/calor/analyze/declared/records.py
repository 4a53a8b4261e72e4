"""The records that a declared analysis uses: one row per participant of its set, with the arm's label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import pandas as pd

from calor.datasets.dataset import Dataset
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.endpoints import (
    AdverseEventEndpoint,
    BinaryEndpoint,
    ContinuousEndpoint,
    DatasetEndpoint,
    Endpoint,
    HierarchicalEndpoint,
    LaboratoryEndpoint,
)
from calor.protocol.estimands import AnalysisSet, Treatment

Datasets = Mapping[str, Dataset]
Kind = TypeVar("Kind", bound=DatasetEndpoint | HierarchicalEndpoint)
ARM = "ARM_LABEL"
SUBJECT = "USUBJID"


def arm_labels(protocol: Protocol, treatment: Treatment) -> tuple[str, ...]:
    """Return the labels of the arms compared, control first."""
    return tuple(protocol.arm(name).label for name in (treatment.control, *treatment.active))


def participants(datasets: Datasets, population: AnalysisSet, arms: Sequence[str], *, actual: bool) -> pd.DataFrame:
    """Return the rows of ADSL in an analysis set and in one of the arms, with the arm's label in `ARM_LABEL`.

    Safety takes the treatment received (`TRT01A`, `actual`), everything else the one allocated (`TRT01P`).

    Raises:
        AnalysisError: ADSL lacks the set's flag, or nobody is in the set.
    """
    adsl = datasets["adsl"].frame
    column = "TRT01A" if actual else "TRT01P"
    for needed in (population.flag, column):
        if needed not in adsl:
            raise AnalysisError.must(
                "adsl", f"have the column {needed}", "none", fix=f'It tells who is in "{population.label}" and where.'
            )
    inside = adsl[(adsl[population.flag] == "Y") & adsl[column].isin(arms)]
    if inside.empty:
        raise AnalysisError.must("set", "hold participants", f"none with {population.flag} = Y", fix="Check the flag.")
    return inside.assign(**{ARM: inside[column]}).reset_index(drop=True)


def everyone_compared(people: pd.DataFrame, arms: Sequence[str]) -> pd.DataFrame:
    """Return the participants as they are, once each arm has one.

    Raises:
        AnalysisError: An arm has none.
    """
    empty = [arm for arm in arms if arm not in set(people[ARM])]
    if empty:
        raise AnalysisError.must("arms", "each have a participant", f"none in {empty[0]}", fix="Wait for more.")
    return people


def endpoint_rows(protocol: Protocol, datasets: Datasets, endpoint: DatasetEndpoint) -> pd.DataFrame:
    """Return the rows of an endpoint's dataset that its definition selects.

    Raises:
        AnalysisError: The dataset lacks a column that the definition names.
    """
    at = (protocol.visit(endpoint.visit).label,) if isinstance(endpoint, ContinuousEndpoint | BinaryEndpoint) else ()
    return rows_at(datasets, endpoint, at)


def rows_at(datasets: Datasets, endpoint: DatasetEndpoint, visits: Sequence[str]) -> pd.DataFrame:
    """Return the rows that an endpoint's definition selects, at the visits of these labels or, without labels, at all.

    Raises:
        AnalysisError: The dataset lacks a column that the definition names.
    """
    frame = datasets[endpoint.dataset].frame
    wanted = {column: [value] for column, value in endpoint.where.items()}
    if not isinstance(endpoint, AdverseEventEndpoint | LaboratoryEndpoint) and endpoint.paramcd is not None:
        wanted["PARAMCD"] = [endpoint.paramcd]
    if visits:
        wanted["AVISIT"] = list(visits)
    for column, values in wanted.items():
        if column not in frame:
            raise AnalysisError.must(
                endpoint.dataset, f"have the column {column}", "none", fix=f'Endpoint "{endpoint.id}" selects by it.'
            )
        frame = frame[frame[column].isin(values)]
    return frame


def of_kind(endpoint: Endpoint, kind: type[Kind]) -> Kind:
    """Return an endpoint as one of its kind; the protocol's cross-checks let no other come here."""
    if not isinstance(endpoint, kind):
        raise TypeError(f"{endpoint.id} is no {kind.__name__}")
    return endpoint


def continuous(endpoint: Endpoint) -> ContinuousEndpoint:
    """Return a continuous endpoint as such."""
    return of_kind(endpoint, ContinuousEndpoint)


def datasets_of(protocol: Protocol, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the names of the datasets that hold an endpoint, or its components."""
    if isinstance(endpoint, HierarchicalEndpoint):
        parts = (protocol.endpoint(component.endpoint) for component in endpoint.components)
        return tuple(dict.fromkeys(name for part in parts for name in datasets_of(protocol, part)))
    return (endpoint.dataset,)


def with_columns(table: pd.DataFrame, people: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Give each row its participant's values of columns of ADSL.

    Raises:
        AnalysisError: ADSL lacks a column, or a participant has no value in it.
    """
    wanted = list(dict.fromkeys(columns))
    missing = [column for column in wanted if column not in people]
    if missing:
        names = ", ".join(missing)
        raise AnalysisError.must("adsl", f"have the columns {names}", "none", fix="The analysis uses them.")
    joined = table.merge(people[[SUBJECT, *wanted]], on=SUBJECT, how="left", validate="m:1")
    for column in wanted:
        if joined[column].isna().any():
            who = joined.loc[joined[column].isna(), SUBJECT].iloc[0]
            raise AnalysisError.must(
                column, "be known for every participant", f"{int(joined[column].isna().sum())} without", where=str(who),
                fix="Complete ADSL, or declare the analysis without it.",
            )  # fmt: skip
    return joined


def one_row_each(people: pd.DataFrame, rows: pd.DataFrame, columns: Sequence[str], what: str) -> pd.DataFrame:
    """Give each participant the values of their one row; who has no row keeps missing values.

    Raises:
        AnalysisError: A column is missing, or a participant has two rows.
    """
    missing = [column for column in columns if column not in rows]
    if missing:
        raise AnalysisError.must(what, f"have the columns {', '.join(missing)}", "none", fix="The analysis uses them.")
    twice = rows[SUBJECT][rows[SUBJECT].duplicated()]
    if len(twice):
        raise AnalysisError.must(
            what, "give each participant one row", f"{twice.nunique()} with more", where=str(twice.iloc[0]),
            fix="Select the analyzed record with the endpoint's `where`, for example ANL01FL.",
        )  # fmt: skip
    return people[[SUBJECT, ARM]].merge(rows[[SUBJECT, *columns]], on=SUBJECT, how="left", validate="1:1")


def compared(active: str, control: str) -> str:
    """Name a comparison as a sentence begins with it.

    >>> compared("Aldesleukin", "Placebo")
    'Aldesleukin v placebo'
    """
    plain = control[:1].lower() + control[1:] if control[1:].islower() else control
    return f"{active} v {plain}"
