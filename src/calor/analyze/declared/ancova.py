"""The declared ANCOVA: differences, LS means, and beside them what shows whether the answer hangs on the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from calor.analyze.continuous.ancova import Ancova, ancova
from calor.analyze.continuous.unadjusted import Unadjusted
from calor.analyze.declared.ancova_beside import Asked, beside_ancova, crude
from calor.analyze.declared.left_out import left_out
from calor.analyze.declared.records import (
    ARM,
    Datasets,
    arm_labels,
    compared,
    continuous,
    endpoint_rows,
    one_row_each,
    participants,
)
from calor.analyze.finding import Finding
from calor.datasets.dataset import Dataset
from calor.protocol import Protocol
from calor.protocol.analyses import AncovaAnalysis
from calor.protocol.endpoints import ContinuousEndpoint


def declared_ancova(protocol: Protocol, analysis: AncovaAnalysis, datasets: Datasets) -> Finding:
    """Compare arms at one visit as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=False)
    columns = dict.fromkeys([analysis.response, "AVAL", "BASE", *analysis.covariates, *analysis.factors])
    table = one_row_each(people, endpoint_rows(protocol, datasets, endpoint), list(columns), endpoint.dataset)
    main = _ancova(table, analysis, arms)
    asked = Asked(table, analysis, arms)
    unlike = [c for c in crude(asked) if c.disagree] if {"unadjusted", "change_score"} & set(analysis.beside) else []
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=_method(protocol, analysis, endpoint, datasets[endpoint.dataset]),
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=tuple(_sentence(main, i, analysis.label, arms) for i in range(len(arms) - 1)),
        tables={
            "differences": _differences(main, arms),
            "ls_means": pd.concat([e.to_frame() for e in main.ls_means], ignore_index=True),
            "beside": beside_ancova(asked),
            "arms": _described(table, analysis.response, arms),
            "axis": pd.DataFrame([{"label": endpoint.label, "unit": endpoint.unit, "better": endpoint.better}]),
            "participants": table[[ARM, "BASE", "AVAL"]].dropna().reset_index(drop=True),
        },
        p_values=tuple(d.p_value for d in main.differences if d.p_value is not None),
        notes=(*left_out(main.differences[0].excluded), *(_imbalance(c, analysis.label) for c in unlike)),
    )


def _method(protocol: Protocol, analysis: AncovaAnalysis, endpoint: ContinuousEndpoint, dataset: Dataset) -> str:
    """Name the model in a reader's words."""
    visit = protocol.visit(endpoint.visit).label
    response = {"AVAL": f"{endpoint.label} at {visit}", "CHG": f"change in {endpoint.label} at {visit}"}
    terms = [_column_words(name, dataset) for name in (*analysis.covariates, *analysis.factors)]
    adjusted = f", adjusted for {' and '.join(terms)}" if terms else ""
    return f"ANCOVA of {response[analysis.response]}{adjusted}"


def _column_words(name: str, dataset: Dataset) -> str:
    if name == "BASE":
        return "baseline"
    label = dataset.labels.get(name)
    return f"{label} ({name})" if label else name


def _ancova(table: pd.DataFrame, analysis: AncovaAnalysis, arms: tuple[str, ...]) -> Ancova:
    return ancova(
        table,
        response=analysis.response,
        arm=ARM,
        arms=arms,
        covariates=analysis.covariates,
        factors=analysis.factors,
        level=analysis.level,
    )


def _sentence(main: Ancova, i: int, label: str, arms: tuple[str, ...]) -> str:
    named = replace(main.differences[i], label=f"{compared(arms[i + 1], arms[0])}, {label}")
    return str(replace(main, differences=(named,), percent_of_control=(main.percent_of_control[i],)))


def _differences(main: Ancova, arms: tuple[str, ...]) -> pd.DataFrame:
    table = pd.concat([e.to_frame() for e in main.differences], ignore_index=True)
    table["label"] = [compared(active, arms[0]) for active in arms[1:]]
    return table.assign(percent_of_control=np.array(main.percent_of_control, dtype=float))


def _described(table: pd.DataFrame, response: str, arms: tuple[str, ...]) -> pd.DataFrame:
    """Return n, mean and SD of baseline, value and response in each arm."""
    rows = []
    for arm in arms:
        here = table[table[ARM] == arm].dropna(subset=[response, "BASE"])
        row: dict[str, object] = {"arm": arm, "n": len(here)}
        for name, column in (("baseline", "BASE"), ("value", "AVAL"), ("response", response)):
            row |= {f"{name}_mean": here[column].mean(), f"{name}_sd": here[column].std()}
        rows.append(row)
    return pd.DataFrame(rows)


def _imbalance(crude: Unadjusted, label: str) -> str:
    return (
        f"Baseline {label} differed by {crude.imbalance.estimate:.2f} between the arms. Ignoring it, raw follow-up "
        f"gives {crude.followup.estimate:.3f} and the change score {crude.change.estimate:.3f}; the ANCOVA "
        f"({crude.ancova.estimate:.3f}) allows for it."
    )
