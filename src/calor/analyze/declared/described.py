"""What the protocol need not declare: who took part, and what the arms looked like at baseline."""

from __future__ import annotations

import pandas as pd

from calor.analyze.baseline import Baseline, baseline_characteristics
from calor.analyze.declared.records import Datasets
from calor.analyze.disposition import Disposition, disposition
from calor.analyze.finding import Finding
from calor.protocol import Protocol


def described_disposition(protocol: Protocol, datasets: Datasets) -> Finding:
    """Count participants at each step of the trial and in each analysis set."""
    adsl = datasets["adsl"].frame
    sets = [s for s in protocol.sets if s.flag in adsl]
    found = disposition(adsl, sets=[s.flag for s in sets])
    return Finding(
        id="disposition",
        label="Participants",
        role="descriptive",
        kind="disposition",
        method="counts",
        estimand="Flow of participants",
        population="Everyone in ADSL",
        arms=_arms(protocol),
        sentences=(_flow_sentence(found, protocol),),
        tables={
            "counts": _in_order(found.to_frame(), protocol),
            "sets": pd.DataFrame([{"flag": s.flag, "label": s.label} for s in sets]),
            "flow": found.flow(protocol.analysis_set(protocol.primary.set).flag),
        },
    )


def described_baseline(protocol: Protocol, datasets: Datasets) -> Finding:
    """Describe the arms at baseline, in the columns that the protocol lists."""
    adsl = datasets["adsl"]
    listed = protocol.baseline
    arms = _arms(protocol)
    people = adsl.frame[adsl.frame["TRT01P"].isin(arms)]
    found = baseline_characteristics(
        people, continuous=listed.continuous, categorical=listed.categorical, reference=arms[0]
    )
    labels = {name: adsl.labels.get(name) or name for name in (*listed.continuous, *listed.categorical)}
    return Finding(
        id="baseline",
        label="Baseline characteristics",
        role="descriptive",
        kind="baseline",
        method="mean (SD), median (quartiles), counts",
        estimand="Description of the arms",
        population="All randomized participants",
        arms=arms,
        sentences=(_imbalance_sentence(found, labels),),
        tables={
            "table": _in_order(found.to_frame(), protocol),
            "differences": found.differences,
            "labels": pd.DataFrame({"column": labels.keys(), "label": labels.values()}),
        },
        notes=(
            "Arms are compared by standardized mean differences, not by p-values: allocation was random, so a p-value "
            "would test what is known. Quartiles are those of SAS (R's type 2).",
        ),
    )


def _arms(protocol: Protocol) -> tuple[str, ...]:
    """Return the labels of all arms, control first."""
    return tuple(arm.label for arm in sorted(protocol.arms, key=lambda arm: arm.role != "control"))


def _in_order(table: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Put the arms in the protocol's order, keeping every other order."""
    order = {arm: i for i, arm in enumerate(_arms(protocol))}
    return table.sort_values("arm", key=lambda a: a.map(order), kind="stable").reset_index(drop=True)


def _flow_sentence(found: Disposition, protocol: Protocol) -> str:
    """Say how many were randomized, completed and are in the primary analysis."""
    flag = protocol.analysis_set(protocol.primary.set).flag
    totals = found.table.groupby(["step", "detail"])["participants"].sum()
    return (
        f"{found.randomized} participants were randomized, {totals['treated', '']} treated, {totals['completed', '']} "
        f"completed; {totals['set', flag]} are in the primary analysis."
    )


def _imbalance_sentence(found: Baseline, labels: dict[str, str]) -> str:
    """Name the largest standardized difference."""
    largest = found.differences.sort_values("smd", key=abs, ascending=False).iloc[0]
    arm = f" in {largest['arm']}" if len(found.arms) > 2 else ""
    return (
        f"The largest standardized difference from {found.reference} at baseline is {abs(largest['smd']):.2f}"
        f"{arm}: {labels[largest['characteristic']]}."
    )
