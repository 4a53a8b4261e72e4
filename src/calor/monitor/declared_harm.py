"""The declared limits for harm: the count at each look against its limit, and how often such limits stop."""

from __future__ import annotations

import pandas as pd

from calor.analyze.declared.records import (
    ARM,
    SUBJECT,
    Datasets,
    datasets_of,
    endpoint_rows,
    of_kind,
    participants,
)
from calor.analyze.finding import Finding
from calor.errors import MonitorError
from calor.monitor.harm_limits import HarmLimits, beta_binomial_limits, binomial_limits, operating_characteristics
from calor.protocol import Protocol
from calor.protocol.analyses import EventsOfInterestAnalysis
from calor.protocol.endpoints import AdverseEventEndpoint
from calor.protocol.safety_limits import ExactBoundary, HarmRule, SafetyLimit

HARM_LIMITS = "harm_limits"
"""The id of the finding that judges all limits for harm, where the protocol declares any."""

NOT_REACHED = "not reached"


def harm_rules(protocol: Protocol) -> tuple[tuple[SafetyLimit, HarmRule], ...]:
    """Return the safety limits that stop the trial for harm, each with its rule."""
    return tuple((limit, limit.harm) for limit in protocol.safety_limits if limit.harm is not None)


def harm_needs(protocol: Protocol) -> tuple[str, ...]:
    """Return the names of the datasets that the limits for harm read."""
    estimands = (protocol.estimand(protocol.analysis(rule.analysis).estimand) for _, rule in harm_rules(protocol))
    held = (name for e in estimands for name in datasets_of(protocol, protocol.endpoint(e.endpoint)))
    return tuple(dict.fromkeys(("adsl", *held)))


def declared_limits(rule: HarmRule) -> HarmLimits:
    """Find the counts at which a declared rule stops.

    >>> rule = HarmRule.model_validate({"analysis": "aesi", "group": "Fever", "arm": "active", "acceptable": 0.1,
    ...     "looks": [10, 20, 30], "boundary": {"kind": "beta_binomial", "threshold": 0.95}})
    >>> declared_limits(rule).limits
    (3, 5, 6)
    """
    if isinstance(rule.boundary, ExactBoundary):
        return binomial_limits(rule.looks, acceptable=rule.acceptable, alpha_spent=rule.boundary.alpha_spent)
    return beta_binomial_limits(
        rule.looks, acceptable=rule.acceptable, threshold=rule.boundary.threshold, prior=rule.boundary.prior
    )


def declared_harm_limits(protocol: Protocol, datasets: Datasets) -> Finding:
    """Judge every limit for harm that the protocol declares.

    A look at n participants takes the first n of the arm by the day of their first dose, with all their events so far.

    Raises:
        MonitorError: The protocol declares no limit for harm.
        AnalysisError: The data lack what the limits read.
    """
    rules = harm_rules(protocol)
    if not rules:
        raise MonitorError.must(
            "safety_limits", "hold one with a harm rule", "none", fix="Declare `harm` in a safety limit."
        )
    looks, chances, sentences = [], [], []
    for limit, rule in rules:
        limits = declared_limits(rule)
        table = _looks(limits, _counts(protocol, rule, datasets))
        looks.append(table.assign(limit_id=limit.id, text=limit.text, method=limits.method, acceptable=rule.acceptable))
        shares = sorted({rule.acceptable, *rule.judged_at})
        found = operating_characteristics(limits, shares)
        chances.append(found.to_frame().assign(limit_id=limit.id, text=limit.text))
        sentences += [_judged(protocol, limit, rule, table), str(found)]
    first = protocol.analysis(rules[0][1].analysis)
    return Finding(
        id=HARM_LIMITS,
        label="Limits for harm",
        role="safety",
        kind=HARM_LIMITS,
        method="exact operating characteristics",
        estimand=protocol.estimand(first.estimand).label,
        population=protocol.analysis_set(first.set).label,
        arms=tuple(dict.fromkeys(protocol.arm(rule.arm).label for _, rule in rules)),
        sentences=tuple(sentences),
        tables={"looks": pd.concat(looks, ignore_index=True), "chances": pd.concat(chances, ignore_index=True)},
        notes=(
            *(f"{limit.text}: {limit.action}." for limit, _ in rules),
            "Participants are counted in the order of their first dose, each once, with the events known now. A limit "
            "is advice to the board, which decides.",
        ),
    )


def _counts(protocol: Protocol, rule: HarmRule, datasets: Datasets) -> pd.Series:
    """Return, for 1, 2, ... participants of the arm in the order of their first dose, how many had an event."""
    analysis = protocol.analysis(rule.analysis)
    if not isinstance(analysis, EventsOfInterestAnalysis):  # the protocol's cross-checks let no other kind come here
        raise TypeError(f"{analysis.id} names no events of interest")
    endpoint = of_kind(protocol.endpoint(protocol.estimand(analysis.estimand).endpoint), AdverseEventEndpoint)
    arm = protocol.arm(rule.arm).label
    people = participants(datasets, protocol.analysis_set(analysis.set), [arm], actual=True)
    if "TRTSDT" not in people or people["TRTSDT"].isna().any():
        raise MonitorError.must("adsl", "give each participant's first dose", "none", fix="Derive TRTSDT.")
    terms = {term.casefold() for group in analysis.groups if group.label == rule.group for term in group.terms}
    events = endpoint_rows(protocol, datasets, endpoint)
    emergent = events[events["TRTEMFL"] == "Y"]
    had = set(emergent.loc[emergent["AEDECOD"].fillna("").str.casefold().isin(terms), SUBJECT])
    ordered = people[people[ARM] == arm].sort_values(["TRTSDT", SUBJECT], kind="stable")
    return ordered[SUBJECT].isin(had).astype(int).cumsum().reset_index(drop=True)


def _looks(limits: HarmLimits, counts: pd.Series) -> pd.DataFrame:
    """Set each look's count beside its limit."""
    table = limits.to_frame()
    seen = [counts.iloc[n - 1] if n <= len(counts) else None for n in limits.participants]
    table["events"] = pd.array(seen, "Int64")
    table["verdict"] = [
        NOT_REACHED if n > len(counts) else "stop" if limits.stops(n, int(counts.iloc[n - 1])) else "go on"
        for n in limits.participants
    ]
    return table


def _judged(protocol: Protocol, limit: SafetyLimit, rule: HarmRule, table: pd.DataFrame) -> str:
    """Say whether any look reached its limit."""
    arm = protocol.arm(rule.arm).label
    stopped, seen = table[table["verdict"] == "stop"], table[table["verdict"] != NOT_REACHED]
    if len(stopped):
        row = stopped.iloc[0]
        seen_there = f"{row['events']} of {row['participants']} with {arm} (limit {row['limit']})"
        return f"{limit.text}: limit reached at look {row['look']}, {seen_there}"
    if seen.empty:
        return f"{limit.text}: no look reached yet"
    row = seen.iloc[-1]
    bound = "no count stops" if pd.isna(row["limit"]) else f"limit {row['limit']}"
    return f"{limit.text}: no limit reached; last look {row['events']} of {row['participants']} with {arm} ({bound})"
