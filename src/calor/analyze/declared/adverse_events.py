"""The declared adverse-event analysis: incidence by arm, class and term, by treatment received."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from calor.analyze.declared.borrowing import borrowing
from calor.analyze.declared.grave_events import consequences, grave_events
from calor.analyze.declared.records import SUBJECT, Datasets, arm_labels, endpoint_rows, of_kind, participants
from calor.analyze.declared.time_at_risk import at_risk_rule, time_at_risk
from calor.analyze.finding import Finding
from calor.analyze.safety.adverse_events import AdverseEventColumns, AdverseEvents, adverse_events
from calor.analyze.safety.term_comparison import TermComparison, compare_terms
from calor.protocol import Protocol
from calor.protocol.analyses import AdverseEventsAnalysis
from calor.protocol.endpoints import AdverseEventEndpoint

GRADES = ("AETOXGR", ("1", "2", "3", "4", "5"))
SEVERITIES = ("AESEV", ("MILD", "MODERATE", "SEVERE"))
"""Column and order of severity: CTCAE grades where the data have them."""


def declared_adverse_events(protocol: Protocol, analysis: AdverseEventsAnalysis, datasets: Datasets) -> Finding:
    """Tabulate adverse events as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = of_kind(protocol.endpoint(estimand.endpoint), AdverseEventEndpoint)
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=True)
    people = people.assign(TRTDURD=time_at_risk(people, endpoint.after_last_dose_days))
    events = endpoint_rows(protocol, datasets, endpoint)
    severity, order = GRADES if "AETOXGR" in events else SEVERITIES
    found = adverse_events(
        events,
        people,
        columns=AdverseEventColumns(severity=severity),
        severity_order=order,
        level=analysis.level,
    )
    comparisons = [compare_terms(found, active, arms[0], level=analysis.level) for active in arms[1:]]
    table = found.to_frame()
    place = {arm: i for i, arm in enumerate(arms)}
    table = table.sort_values("arm", key=lambda a: a.map(place), kind="stable").reset_index(drop=True)
    ordered = replace(found, table=table)
    own = events[events[SUBJECT].isin(people[SUBJECT])]
    weighed = consequences(own, people, arms)
    borrowed, borrowed_notes = _borrowed(comparisons, analysis)
    differences = pd.concat([_compared(c) for c in comparisons], ignore_index=True)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method="incidence with exact limits",
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=(str(ordered), _deaths(weighed, arms), *map(str, comparisons)),
        tables={
            "incidence": table,
            "differences": differences,
            "consequences": weighed,
            "grave": grave_events(own, people, severity),
            **({} if borrowed.empty else {"borrowing": borrowed}),
        },
        notes=(*_notes(found, endpoint), *borrowed_notes),
    )


def _notes(found: AdverseEvents, endpoint: AdverseEventEndpoint) -> tuple[str, ...]:
    """Say how participants, rates and signals are to be read."""
    notes = (
        f"{found.onset_unknown} events without a day of onset count from the first day." if found.onset_unknown else "",
        "A participant counts once per row, at the worst severity or grade. Percentages carry exact "
        "(Clopper-Pearson) limits, rates exact Poisson limits.",
        at_risk_rule(endpoint.after_last_dose_days),
        "Fisher's p-values and flags look for signals among many terms; they test no declared hypothesis, and a term "
        "without a flag is not shown to be harmless.",
    )
    return tuple(note for note in notes if note)


def _deaths(weighed: pd.DataFrame, arms: tuple[str, ...]) -> str:
    """Say who died of an event, as far as the data tell."""
    rows = weighed[weighed["what"] == "fatal"].to_dict("records")
    if not rows:
        return "The data hold no outcome of the events: who died of one is not known"
    counts = {row["arm"]: f"{row['arm']} {row['participants']}/{row['n']}" for row in rows}
    return f"Fatal: {', '.join(counts[arm] for arm in arms)}"


def _borrowed(
    comparisons: list[TermComparison], analysis: AdverseEventsAnalysis
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Fit the hierarchical model where the protocol declares it."""
    if analysis.borrowing is None:
        return pd.DataFrame(), ()
    return borrowing(comparisons, analysis.borrowing)


def _compared(comparison: TermComparison) -> pd.DataFrame:
    """Return the comparison of the terms with the name of the active arm, differences as proportions."""
    table = comparison.to_frame().assign(arm=comparison.active)
    table[["difference", "lower", "upper"]] /= 100
    return table
