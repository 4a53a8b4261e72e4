"""The declared adverse-event analysis: incidence by arm, class and term, by treatment received."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from calor.analyze.adverse_events import AdverseEventColumns, adverse_events
from calor.analyze.declared.records import Datasets, arm_labels, endpoint_rows, participants
from calor.analyze.event_count import EventCount
from calor.analyze.finding import Finding
from calor.analyze.miettinen_nurminen import miettinen_nurminen
from calor.protocol import Protocol
from calor.protocol.analyses import AdverseEventsAnalysis


GRADES = ("AETOXGR", ("1", "2", "3", "4", "5"))
SEVERITIES = ("AESEV", ("MILD", "MODERATE", "SEVERE"))
"""Column and order of severity: CTCAE grades where the data have them."""


def declared_adverse_events(protocol: Protocol, analysis: AdverseEventsAnalysis, datasets: Datasets) -> Finding:
    """Tabulate adverse events as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = protocol.endpoint(estimand.endpoint)
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=True)
    events = endpoint_rows(protocol, datasets, endpoint)
    severity, order = GRADES if "AETOXGR" in events else SEVERITIES
    found = adverse_events(
        events,
        people,
        columns=AdverseEventColumns(severity=severity),
        severity_order=order,
        level=analysis.level,
    )
    table = found.to_frame()
    place = {arm: i for i, arm in enumerate(arms)}
    table = table.sort_values("arm", key=lambda a: a.map(place), kind="stable").reset_index(drop=True)
    ordered = replace(found, table=table)
    notes = (
        f"{found.onset_unknown} events without a day of onset count from the first day." if found.onset_unknown else "",
        "A participant counts once per row, at the worst severity or grade. Percentages carry exact (Clopper-Pearson) limits, "
        "rates exact Poisson limits. No p-values: these tables look for signals, they test no hypothesis.",
    )
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method="incidence with exact limits",
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=(str(ordered),),
        tables={"incidence": table, "differences": _differences(table, arms, analysis.level)},
        notes=tuple(note for note in notes if note),
    )


def _differences(table: pd.DataFrame, arms: tuple[str, ...], level: float) -> pd.DataFrame:
    """Return the risk difference of each term, each active arm minus control."""
    terms = table[(table["level"] == "term") & (table["by"] == "all")]
    counts = {
        (row["term"], row["arm"]): EventCount(int(row["participants"]), int(row["n"]))
        for row in terms.to_dict("records")
    }
    rows = []
    for term in terms["term"].unique():
        for arm in arms[1:]:
            found = miettinen_nurminen(counts[term, arm], counts[term, arms[0]], level=level).estimate
            rows.append(
                {"term": term, "arm": arm, "difference": found.estimate, "lower": found.lower, "upper": found.upper}
            )
    return pd.DataFrame(rows, columns=["term", "arm", "difference", "lower", "upper"])
