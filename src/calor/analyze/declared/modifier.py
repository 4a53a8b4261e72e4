"""The records of an analysis whose effect may change with a baseline biomarker."""

from __future__ import annotations

import pandas as pd

from calor.analyze.declared.records import (
    SUBJECT,
    Datasets,
    arm_labels,
    continuous,
    endpoint_rows,
    one_row_each,
    participants,
)
from calor.datasets.censored import numbers
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import ModifierAnalysis

MODIFIER = "MODIFIER"


def modifier_records(protocol: Protocol, analysis: ModifierAnalysis, datasets: Datasets) -> pd.DataFrame:
    """Return one row per participant: AVAL, BASE, covariates, and the modifier's baseline value in `MODIFIER`.

    Raises:
        AnalysisError: A column is absent, or the baseline record is not flagged, or more than once.
    """
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    people = participants(datasets, protocol.analysis_set(analysis.set), arms, actual=False)
    columns = list(dict.fromkeys(["AVAL", "BASE", *other_covariates(analysis)]))
    table = one_row_each(people, endpoint_rows(protocol, datasets, endpoint), columns, endpoint.dataset)
    return table.merge(_modifier(protocol, analysis, datasets, table), on=SUBJECT, how="left", validate="1:1")


def other_covariates(analysis: ModifierAnalysis) -> tuple[str, ...]:
    """Return the covariates without the modifier, which has its place in the model already."""
    return tuple(c for c in analysis.covariates if c != analysis.modifier)


def modifier_words(protocol: Protocol, analysis: ModifierAnalysis) -> tuple[str, str]:
    """Return the modifier's name and unit as a figure's axis prints them."""
    if analysis.modifier == "BASE":
        endpoint = continuous(protocol.endpoint(protocol.estimand(analysis.estimand).endpoint))
        return f"baseline {endpoint.label}", endpoint.unit
    biomarker = protocol.biomarker(analysis.modifier)
    return f"baseline {biomarker.label}", biomarker.unit


def _modifier(protocol: Protocol, analysis: ModifierAnalysis, datasets: Datasets, table: pd.DataFrame) -> pd.DataFrame:
    """Return USUBJID and the modifier's baseline value."""
    if analysis.modifier == "BASE":
        return table[[SUBJECT]].assign(**{MODIFIER: table["BASE"]})
    biomarker = protocol.biomarker(analysis.modifier)
    labs = datasets["adlb"].frame
    if "ABLFL" not in labs:
        raise AnalysisError.must("adlb", "flag the baseline record", "no column ABLFL", fix="Derive ABLFL.")
    rows = labs[(labs["PARAMCD"] == biomarker.paramcd) & (labs["ABLFL"] == "Y")]
    if rows[SUBJECT].duplicated().any():
        raise AnalysisError.must(
            "adlb", f"flag one baseline {biomarker.paramcd} per participant", "more", fix="Set ABLFL on one record."
        )
    return rows[[SUBJECT]].assign(**{MODIFIER: numbers(rows)})
