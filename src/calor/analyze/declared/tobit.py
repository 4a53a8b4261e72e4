"""The declared Tobit regression: arms compared where some values lie below a limit of detection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from calor.analyze.continuous.comparison import Comparison
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.records import (
    ARM,
    SUBJECT,
    Datasets,
    arm_labels,
    compared,
    continuous,
    endpoint_rows,
    one_row_each,
    participants,
)
from calor.analyze.finding import Finding
from calor.analyze.missing.tobit import Tobit, tobit
from calor.datasets.censored import readings
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import TobitAnalysis
from calor.protocol.endpoints import ContinuousEndpoint

RESPONSE = "AVAL"


def declared_tobit(protocol: Protocol, analysis: TobitAnalysis, datasets: Datasets) -> Finding:
    """Compare arms at one visit as the protocol declares; a value below the limit says no more than that."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=False)
    rows = _read(endpoint_rows(protocol, datasets, endpoint), analysis, endpoint)
    table = one_row_each(people, rows, [RESPONSE, *analysis.covariates, *analysis.factors], endpoint.dataset)
    if analysis.scale == "log" and "BASE" in analysis.covariates:
        if (table["BASE"] <= 0).any():
            raise AnalysisError.must("BASE", "be positive", float(table["BASE"].min()), fix='Declare scale = "linear".')
        table = table.assign(BASE=np.log(table["BASE"]))
    comparison = Comparison(RESPONSE, ARM, arms, analysis.covariates, analysis.factors)
    found = tobit(table, comparison, limit=analysis.limit, logarithm=analysis.scale == "log", level=analysis.level)
    unit = "" if endpoint.unit == "1" else f" {endpoint.unit}"
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=_method(analysis, endpoint, protocol),
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=_sentences(found, analysis, arms),
        tables={
            "contrasts": found.to_frame().assign(label=[compared(active, arms[0]) for active in arms[1:]]),
            "counts": _counts(table, found, arms),
            "axis": pd.DataFrame(
                [{"label": endpoint.label, "unit": endpoint.unit, "scale": analysis.scale, "better": endpoint.better}]
            ),
        },
        p_values=tuple(c.p_value for c in found.contrasts if c.p_value is not None),
        notes=(
            *left_out(found.contrasts[0].excluded),
            f"Values below {analysis.limit:g}{unit} count as below it and no more; no number is put in their place.",
        ),
    )


def _read(rows: pd.DataFrame, analysis: TobitAnalysis, endpoint: ContinuousEndpoint) -> pd.DataFrame:
    """Return the rows with the response, what is not detected as a number below the limit.

    Raises:
        AnalysisError: A value lies above a limit, or is known to lie below a limit higher than the declared one.
    """
    read = readings(rows)
    high = (read["side"] == "above") | ((read["side"] == "below") & (read["value"] > analysis.limit))
    if high.any():
        raise AnalysisError.must(
            endpoint.paramcd, f"be a number or lie below {analysis.limit:g}", f"{int(high.sum())} others",
            where=endpoint.dataset, fix="Declare the highest limit of detection in the data.",
        )  # fmt: skip
    below = (read["side"] == "below") | (read["value"] < analysis.limit)
    return rows.assign(**{RESPONSE: read["value"].where(~below, np.nextafter(analysis.limit, -np.inf))})


def _method(analysis: TobitAnalysis, endpoint: ContinuousEndpoint, protocol: Protocol) -> str:
    logged = "log " if analysis.scale == "log" else ""
    terms = [f"{logged}baseline" if name == "BASE" else name for name in (*analysis.covariates, *analysis.factors)]
    adjusted = f", adjusted for {' and '.join(terms)}" if terms else ""
    return f"Tobit regression of {logged}{endpoint.label} at {protocol.visit(endpoint.visit).label}{adjusted}"


def _sentences(found: Tobit, analysis: TobitAnalysis, arms: tuple[str, ...]) -> tuple[str, ...]:
    what = f"ratio of {analysis.label}" if analysis.scale == "log" else analysis.label
    return tuple(
        str(replace(contrast, label=f"{compared(active, arms[0])}, {what}"))
        for active, contrast in zip(arms[1:], found.contrasts, strict=True)
    )


def _counts(table: pd.DataFrame, found: Tobit, arms: tuple[str, ...]) -> pd.DataFrame:
    """Count participants, those measured and those below the limit in each arm."""
    here = table.groupby(ARM).agg(participants=(SUBJECT, "size"), measured=(RESPONSE, "count")).reindex(list(arms))
    return here.reset_index(names="arm").assign(below=list(found.below_limit))
