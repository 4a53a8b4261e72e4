"""The records of an analysis whose effect may change with baseline biomarkers."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from calor.analyze.benefit.johnson_neyman import JohnsonNeyman
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
from calor.protocol.analyses import ModifierAnalysis, ModifiersAnalysis

MODIFIER = "MODIFIER"


def modifier_records(protocol: Protocol, analysis: ModifierAnalysis, datasets: Datasets) -> pd.DataFrame:
    """Return one row per participant: AVAL, BASE, covariates, and the modifier's baseline value in `MODIFIER`.

    Raises:
        AnalysisError: A column is absent, or the baseline record is not flagged, or more than once.
    """
    columns = ("BASE", *other_covariates(analysis))
    table = endpoint_records(protocol, analysis.estimand, analysis.set, columns, datasets)
    if analysis.modifier == "BASE":
        return table.assign(**{MODIFIER: table["BASE"]})
    held = baseline_of(protocol, analysis.modifier, datasets).rename(columns={analysis.modifier: MODIFIER})
    return table.merge(held, on=SUBJECT, how="left", validate="1:1")


def other_covariates(analysis: ModifierAnalysis) -> tuple[str, ...]:
    """Return the covariates without the modifier, which has its place in the model already."""
    return tuple(c for c in analysis.covariates if c != analysis.modifier)


def modifier_words(protocol: Protocol, analysis: ModifierAnalysis) -> tuple[str, str]:
    """Return the modifier's name and unit as a figure's axis prints them."""
    return biomarker_words(protocol, analysis.estimand, analysis.modifier)


def biomarker_words(protocol: Protocol, estimand: str, modifier: str) -> tuple[str, str]:
    """Return the name and unit of a biomarker's baseline, or of the baseline of an estimand's endpoint."""
    if modifier == "BASE":
        endpoint = continuous(protocol.endpoint(protocol.estimand(estimand).endpoint))
        return f"baseline {endpoint.label}", endpoint.unit
    biomarker = protocol.biomarker(modifier)
    return f"baseline {biomarker.label}", biomarker.unit


def modifiers_records(protocol: Protocol, analysis: ModifiersAnalysis, datasets: Datasets) -> pd.DataFrame:
    """Return one row per participant: AVAL, BASE, covariates, and a column named by each modifier.

    Raises:
        AnalysisError: A column is absent, or a baseline record is not flagged, or more than once.
    """
    names = [modifier.biomarker for modifier in analysis.modifiers]
    table = endpoint_records(protocol, analysis.estimand, analysis.set, ("BASE", *analysis.covariates), datasets)
    for name in names:
        if name != "BASE":
            table = table.merge(baseline_of(protocol, name, datasets), on=SUBJECT, how="left", validate="1:1")
    return table


def baseline_of(protocol: Protocol, name: str, datasets: Datasets) -> pd.DataFrame:
    """Return USUBJID and a biomarker's baseline value in a column of its id.

    Raises:
        AnalysisError: No baseline record is flagged, or a participant has two.
    """
    biomarker = protocol.biomarker(name)
    labs = datasets["adlb"].frame
    if "ABLFL" not in labs:
        raise AnalysisError.must("adlb", "flag the baseline record", "no column ABLFL", fix="Derive ABLFL.")
    rows = labs[(labs["PARAMCD"] == biomarker.paramcd) & (labs["ABLFL"] == "Y")]
    if rows[SUBJECT].duplicated().any():
        raise AnalysisError.must(
            "adlb", f"flag one baseline {biomarker.paramcd} per participant", "more", fix="Set ABLFL on one record."
        )
    return rows[[SUBJECT]].assign(**{name: numbers(rows)})


def endpoint_records(
    protocol: Protocol, estimand: str, people: str, columns: Sequence[str], datasets: Datasets
) -> pd.DataFrame:
    """Return one row per participant of an estimand's arms with AVAL and further columns of the endpoint's dataset."""
    asked = protocol.estimand(estimand)
    endpoint = continuous(protocol.endpoint(asked.endpoint))
    arms = arm_labels(protocol, asked.treatment)
    everyone = participants(datasets, protocol.analysis_set(people), arms, actual=False)
    wanted = list(dict.fromkeys(["AVAL", *columns]))
    return one_row_each(everyone, endpoint_rows(protocol, datasets, endpoint), wanted, endpoint.dataset)


def region_words(found: JohnsonNeyman, what: str, unit: str) -> str:
    """Say for which values of the biomarker an effect is shown."""
    how = f"Johnson-Neyman region of the straight-line interaction, simultaneous {found.level * 100:g} %"
    if not found.regions:
        return f"No value of {what} shows an effect ({how})"
    shown = "" if unit == "1" else f" {unit}"
    ranges = " and ".join(f"from {low:.3g} to {high:.3g}{shown}" for low, high in found.regions)
    return f"An effect is shown for {what} {ranges}, {found.participants * 100:.0f} % of participants ({how})"
