"""The declared sensitivity to missing data: other assumptions on dropouts, and how bad they must be to matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from calor.analyze.declared.mmrm import on_scale
from calor.analyze.declared.records import ARM, SUBJECT, Datasets, arm_labels, compared, continuous
from calor.analyze.declared.visits import RESPONSE, VISIT, VisitRecords, visit_records
from calor.analyze.estimate import Estimate
from calor.analyze.finding import Finding
from calor.analyze.missing.multiple_imputation import multiple_imputation
from calor.analyze.missing.reference_based import reference_based
from calor.analyze.missing.strategies import StrategyName, strategy_named
from calor.analyze.missing.tipping_point import TippingPoint, tipping_point
from calor.analyze.mixed.visit_table import RepeatedMeasures
from calor.protocol import Protocol
from calor.protocol.analyses import ImputationStrategy, MissingDataAnalysis

STRATEGIES: dict[ImputationStrategy, StrategyName] = {
    "missing_at_random": "missing at random",
    "jump_to_reference": "jump to reference",
    "copy_reference": "copy reference",
    "copy_increments_in_reference": "copy increments in reference",
    "last_mean_carried_forward": "last mean carried forward",
}
"""The method's name of each strategy that a protocol may name."""


def declared_missing_data(protocol: Protocol, analysis: MissingDataAnalysis, datasets: Datasets) -> Finding:
    """Impute dropouts as the protocol declares, first as the estimand asks."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = continuous(protocol.endpoint(estimand.endpoint))
    arms = arm_labels(protocol, estimand.treatment)
    records = visit_records(protocol, analysis, datasets, endpoint)
    columns = RepeatedMeasures(RESPONSE, SUBJECT, VISIT, ARM, analysis.covariates, analysis.factors)
    strategies = _strategies(records, columns, analysis, arms)
    tips = _tip(records, columns, analysis, arms)
    imputed = _imputed(records, arms)
    event = next(e for e in estimand.intercurrent_events if e.event == analysis.event)
    first = strategies.iloc[0]
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=_method(analysis, first["strategy"]),
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=arms,
        sentences=(*_sentences(strategies, analysis, arms), *(_tipped(tip, analysis, imputed) for tip in tips)),
        tables={
            "strategies": strategies,
            "deltas": pd.concat([_deltas(tip, analysis) for tip in tips], ignore_index=True) if tips else _no_deltas(),
            "imputed": imputed,
            "axis": pd.DataFrame(
                [{"label": endpoint.label, "unit": endpoint.unit, "scale": analysis.scale, "better": endpoint.better}]
            ),
        },
        notes=(
            *records.notes,
            f"{event.event}: {event.strategy.replace('_', ' ')} ({event.how}). Values are imputed from the first visit "
            "without a later value, as if that event had happened there.",
            *(
                (
                    "Rubin's variance is too large for strategies that borrow from the control arm. Shifts are judged "
                    "by conditional means with the jackknife.",
                )
                if analysis.imputation == "multiple"
                else ()
            ),
            "No set of data can tell which assumption on missing values holds; the table shows what hangs on it.",
        ),
    )


def _method(analysis: MissingDataAnalysis, first: str) -> str:
    if analysis.imputation == "multiple":
        return f"multiple imputation ({first} first), ANCOVA, Rubin's rules over {analysis.imputations} data sets"
    return f"imputation by conditional means ({first} first), ANCOVA, jackknife"


def _strategies(
    records: VisitRecords, columns: RepeatedMeasures, analysis: MissingDataAnalysis, arms: tuple[str, ...]
) -> pd.DataFrame:
    """Return the difference at the last visit under each strategy, one row per strategy and comparison."""
    rows = []
    for name in analysis.strategies:
        strategy = STRATEGIES[name]
        contrasts = _contrasts(records, columns, analysis, arms, strategy)
        last = [e for e in contrasts if e.label.endswith(f" at {records.visits[-1]}")]
        for arm, estimate in zip(arms[1:], last, strict=True):
            row = on_scale(replace(estimate, label=compared(arm, arms[0])), analysis.scale).to_frame()
            rows.append(row.assign(strategy=strategy, serves=strategy_named(strategy).estimand))
    return pd.concat(rows, ignore_index=True)


def _contrasts(
    records: VisitRecords,
    columns: RepeatedMeasures,
    analysis: MissingDataAnalysis,
    arms: tuple[str, ...],
    strategy: StrategyName,
) -> tuple[Estimate, ...]:
    """Return the differences under one strategy; every strategy of multiple imputation draws from the same seed."""
    if analysis.imputation == "conditional_means":
        return reference_based(records.table, columns, arms=arms, strategy=strategy, level=analysis.level).contrasts
    return multiple_imputation(
        records.table, columns, arms=arms, strategy=strategy, imputations=analysis.imputations,
        rng=np.random.default_rng(analysis.seed), level=analysis.level,
    ).contrasts  # fmt: skip


def _tip(
    records: VisitRecords, columns: RepeatedMeasures, analysis: MissingDataAnalysis, arms: tuple[str, ...]
) -> tuple[TippingPoint, ...]:
    """Return the tipping-point analysis of each active arm, where deltas are declared."""
    if not analysis.deltas:
        return ()
    return tuple(
        tipping_point(
            records.table, columns, arms=(arms[0], active), deltas=analysis.deltas,
            reference_deltas=analysis.control_deltas, strategy=STRATEGIES[analysis.strategies[0]], level=analysis.level,
        )
        for active in arms[1:]
    )  # fmt: skip


def _imputed(records: VisitRecords, arms: Sequence[str]) -> pd.DataFrame:
    """Count participants and missing values at the last visit in each arm."""
    last = records.table[records.table[VISIT] == records.visits[-1]]
    rows = [
        (arm, int((last[ARM] == arm).sum()), int(last.loc[last[ARM] == arm, RESPONSE].isna().sum())) for arm in arms
    ]
    return pd.DataFrame(rows, columns=["arm", "participants", "imputed"])


def _deltas(tip: TippingPoint, analysis: MissingDataAnalysis) -> pd.DataFrame:
    """Return one row per pair of deltas, on the scale that is printed."""
    rows = [
        on_scale(cell.difference, analysis.scale)
        .to_frame()
        .assign(active=_shift(cell.active, analysis), control=_shift(cell.reference, analysis))
        for cell in tip.cells
    ]
    return pd.concat(rows, ignore_index=True)


def _no_deltas() -> pd.DataFrame:
    return pd.DataFrame(columns=["label", "estimate", "lower", "upper", "level", "p_value", "active", "control", "n"])


def _shift(delta: float, analysis: MissingDataAnalysis) -> float:
    """Return what is done to a value: added, or multiplied by where the analysis is of logarithms."""
    return math.exp(delta) if analysis.scale == "log" else delta


def _sentences(strategies: pd.DataFrame, analysis: MissingDataAnalysis, arms: tuple[str, ...]) -> tuple[str, ...]:
    """Return the answer of the first strategy, one sentence per active arm."""
    rows = strategies.iloc[: len(arms) - 1].to_dict("records")
    return tuple(
        str(
            Estimate(
                f"{row['label']}, {analysis.label}", row["estimate"], row["lower"], row["upper"], row["level"],
                row["scale"], row["method"], int(row["n"]), p_value=row["p_value"],
            )
        )
        for row in rows
    )  # fmt: skip


def _tipped(tip: TippingPoint, analysis: MissingDataAnalysis, imputed: pd.DataFrame) -> str:
    """Say how far the imputed values must be shifted for the conclusion to change."""
    first = min(tip.cells, key=lambda cell: (abs(cell.reference), abs(cell.active))).difference
    arm = first.label.split(" v ")[0]
    count = int(imputed.loc[imputed["arm"] == arm, "imputed"].iloc[0])
    values = f"the {count} imputed value{'s' * (count != 1)} of the {arm} arm"
    did = "multiplying {} by {:.3g}" if analysis.scale == "log" else "adding {1:.3g} to {0}"
    if first.lower <= 0 <= first.upper:
        return f"Without a clear difference to begin with, no shift of {values} can take it away"
    if tip.tips_at is None:
        most = max(analysis.deltas, key=abs)
        return f"Even {did.format(values, _shift(most, analysis))} leaves the conclusion as it is"
    shift = did.format(values, _shift(tip.tips_at, analysis))
    return f"The conclusion changes by {shift}, the smallest shift of the table that does so"
