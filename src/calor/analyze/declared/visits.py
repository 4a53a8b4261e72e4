"""The records of an analysis over several visits: one row per participant and visit, measured or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.analyze.declared.left_out import not_analyzed
from calor.analyze.declared.records import ARM, SUBJECT, Datasets, arm_labels, participants, rows_at
from calor.datasets.censored import readings
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import RepeatedAnalysis
from calor.protocol.endpoints import ContinuousEndpoint

RESPONSE, VISIT = "RESPONSE", "VISIT"


@dataclass(frozen=True)
class VisitRecords:
    """What an analysis over visits uses.

    Attributes:
        table: USUBJID, ARM_LABEL, VISIT (categories in order), RESPONSE on the analysis's scale, covariates, factors.
        visits: Labels of the visits in order.
        notes: Who was left out, and which values were not measured exactly.
    """

    table: pd.DataFrame
    visits: tuple[str, ...]
    notes: tuple[str, ...]


def visit_records(
    protocol: Protocol, analysis: RepeatedAnalysis, datasets: Datasets, endpoint: ContinuousEndpoint
) -> VisitRecords:
    """Give every participant of the set a row at every visit, with baseline values that do not change.

    Raises:
        AnalysisError: A participant has a visit twice, a covariate changes between visits, a value lies beyond a limit
            of detection and the protocol does not say what to do, or a logarithm does not exist.
    """
    arms = arm_labels(protocol, protocol.estimand(analysis.estimand).treatment)
    people = participants(datasets, protocol.analysis_set(analysis.set), arms, actual=False)[[SUBJECT, ARM]]
    visits = tuple(protocol.visit(name).label for name in analysis.visits)
    columns = [*analysis.covariates, *analysis.factors]
    known = people.merge(_constant(rows_at(datasets, endpoint, ()), columns, endpoint), on=SUBJECT, how="left")
    complete = known.dropna(subset=columns).reset_index(drop=True)
    notes = not_analyzed(len(known) - len(complete), f"missing {' or '.join(columns)}")
    rows, said = _measured(rows_at(datasets, endpoint, visits), analysis, endpoint)
    every = complete.merge(pd.DataFrame({VISIT: visits}), how="cross")
    table = every.merge(rows, on=[SUBJECT, VISIT], how="left", validate="1:1")
    if analysis.scale == "log":
        logged = [RESPONSE, *(c for c in analysis.covariates if c == "BASE")]
        table = table.assign(**{column: _logarithm(table[column], column) for column in logged})
    table[VISIT] = pd.Categorical(table[VISIT], categories=visits, ordered=True)
    return VisitRecords(table, visits, (*notes, *said))


def _constant(rows: pd.DataFrame, columns: list[str], endpoint: ContinuousEndpoint) -> pd.DataFrame:
    """Return one row per participant with the values that do not change between visits."""
    absent = [column for column in columns if column not in rows]
    if absent:
        raise AnalysisError.must(
            endpoint.dataset, f"have the columns {', '.join(absent)}", "none", fix="The analysis uses them."
        )
    grouped = rows.groupby(SUBJECT, sort=False)[columns]
    for column, most in grouped.nunique().max().items():
        if most > 1:
            raise AnalysisError.must(
                str(column), "be the same at every visit of a participant", "a change", fix="Give its baseline value."
            )
    return grouped.first().reset_index()


def _measured(
    rows: pd.DataFrame, analysis: RepeatedAnalysis, endpoint: ContinuousEndpoint
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the measured values by participant and visit, and how many lie below a limit of detection."""
    twice = rows.duplicated([SUBJECT, "AVISIT"])
    if twice.any():
        row = rows[twice].iloc[0]
        raise AnalysisError.must(
            endpoint.dataset, "give each participant one row per visit", f"{int(twice.sum())} more",
            where=f"{row[SUBJECT]}, {row['AVISIT']}",
            fix="Select the analyzed record with the endpoint's `where`, for example ANL01FL.",
        )  # fmt: skip
    read = readings(rows)
    below, above = read["side"] == "below", read["side"] == "above"
    if above.any() or (below.any() and analysis.below_limit == "refuse"):
        raise AnalysisError.must(
            endpoint.paramcd, "have a number in every row", f"{int((below | above).sum())} beyond a limit of detection",
            where=endpoint.dataset, fix='Declare below_limit = "half", or use a method for censored values.',
        )  # fmt: skip
    values = read["value"].where(~below, read["value"] / 2)
    kept = pd.DataFrame({SUBJECT: rows[SUBJECT], VISIT: rows["AVISIT"], RESPONSE: values})
    return kept, (f"{int(below.sum())} values below the limit of detection enter as half of it.",) * bool(below.any())


def _logarithm(values: pd.Series, column: str) -> pd.Series:
    if (values <= 0).any():
        raise AnalysisError.must(
            column, "be positive to have a logarithm", float(values.min()), fix='Declare scale = "linear".'
        )
    return pd.Series(np.log(values))
