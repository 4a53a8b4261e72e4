"""The declared time-to-event analysis: counts, curves, the primary method, and the others when events are few."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.few_events import few_events
from calor.analyze.declared.events_beside import EVENT, TIME, events_beside
from calor.analyze.declared.records import (
    ARM,
    Datasets,
    arm_labels,
    compared,
    endpoint_rows,
    one_row_each,
    participants,
)
from calor.analyze.declared.time_axis import numbers_at_risk
from calor.analyze.estimate import Estimate, format_p
from calor.analyze.finding import Finding
from calor.analyze.survival.cox import cox
from calor.analyze.survival.kaplan_meier import KaplanMeier, kaplan_meier
from calor.analyze.survival.logrank import logrank
from calor.protocol import Protocol
from calor.protocol.analyses import EventsAnalysis
from calor.protocol.endpoints import TimeToEventEndpoint

FEW = 10
"""Below this many events in either arm the large-sample methods disagree, and all of them are shown."""


def declared_events(protocol: Protocol, analysis: EventsAnalysis, datasets: Datasets) -> Finding:
    """Compare times to the first event as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    endpoint = protocol.endpoint(estimand.endpoint)
    if not isinstance(endpoint, TimeToEventEndpoint):  # the protocol's cross-checks let no other kind come here
        raise TypeError(f"{endpoint.id} is no time to an event")
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=False)
    rows = endpoint_rows(protocol, datasets, endpoint)
    table, notes = _follow_up(one_row_each(people, rows, ["AVAL", "CNSR"], endpoint.dataset), endpoint)
    curves = kaplan_meier(table, time=TIME, event=EVENT, arm=ARM, arms=arms, level=analysis.level)
    pairs = [_compare(table, analysis, arms[0], active) for active in arms[1:]]
    methods = pd.concat([methods for methods, _ in pairs], ignore_index=True)
    beside, beside_notes = events_beside(table, analysis, arms)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=str(methods.loc[methods["primary"], "name"].iloc[0]),
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=_sentences(table, analysis, methods, arms),
        tables={
            "methods": methods.assign(n=len(table)),
            "counts": _counts(table, arms, analysis.level),
            "curve": curves.to_frame(),
            "at_risk": numbers_at_risk(curves, endpoint.horizon_days),
            "medians": _medians(curves),
            **beside,
        },
        p_values=tuple(float(p) for p in methods.loc[methods["primary"], "p_value"]),
        notes=(*(line for _, said in pairs for line in said), *notes, *_overall(table, arms), *beside_notes),
    )


def _follow_up(table: pd.DataFrame, endpoint: TimeToEventEndpoint) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return times and events up to the horizon, and what was left out or cut."""
    known = table.dropna(subset=["AVAL", "CNSR"])
    beyond = known["AVAL"] > endpoint.horizon_days
    follow_up = known.assign(AVAL=known["AVAL"].clip(upper=endpoint.horizon_days).astype(float))
    follow_up[EVENT] = ((known["CNSR"] == 0) & ~beyond).astype(int)
    notes = []
    if len(known) < len(table):
        notes.append(f"{len(table) - len(known)} participants not analyzed: no record of {endpoint.label}.")
    if beyond.any():
        notes.append(
            f"{int(beyond.sum())} participants followed beyond day {endpoint.horizon_days} are censored there."
        )
    return follow_up.reset_index(drop=True), tuple(notes)


def _compare(
    table: pd.DataFrame, analysis: EventsAnalysis, control: str, active: str
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row per method for a pair of arms, and what the counts cannot tell when events are few."""
    pair = table[table[ARM].isin([control, active])].reset_index(drop=True)
    arms = (control, active)
    name = compared(active, control)
    if pair.groupby(ARM)[EVENT].sum().reindex(arms, fill_value=0).min() >= FEW:
        return _many(pair, analysis, arms).assign(comparison=name), ()
    primary = "cox_likelihood_ratio" if analysis.primary_method == "cox" else analysis.primary_method
    rng = np.random.default_rng(analysis.seed)
    found = few_events(pair, time=TIME, event=EVENT, arm=ARM, arms=arms, rng=rng, primary=primary, level=analysis.level)
    low, high = found.spread
    spread = f"{len(found.methods)} defensible methods give p from {low:.3f} to {high:.3f}."
    return found.to_frame().assign(comparison=name), (spread, *map(_cannot_tell, found.bounds))


def _cannot_tell(bound: Estimate) -> str:
    """Say what the count of one arm cannot rule out."""
    return (
        f"{bound.label}: {round(bound.estimate * bound.n)} of {bound.n}; the data cannot rule out "
        f"{100 * bound.upper:.1f} % with the event (exact, one-sided {bound.level * 100:g} %)."
    )


def _many(pair: pd.DataFrame, analysis: EventsAnalysis, arms: tuple[str, str]) -> pd.DataFrame:
    """Return log-rank and Cox, enough where events are many."""
    test = logrank(pair, time=TIME, event=EVENT, arm=ARM, arms=arms)
    model = cox(pair, time=TIME, event=EVENT, covariates=[ARM], categories={ARM: arms}, level=analysis.level)
    ratio = model.to_frame().iloc[0]
    rows = [
        {"method": "logrank", "name": "Log-rank test", "p_value": test.p_value},
        {
            "method": "cox",
            "name": "Cox, Efron ties",
            "measure": "hazard ratio",
            "estimate": ratio["estimate"],
            "lower": ratio["lower"],
            "upper": ratio["upper"],
            "p_value": ratio["p_value"],
        },
    ]
    return pd.DataFrame(rows).assign(primary=[row["method"] == analysis.primary_method for row in rows])


def _sentences(
    table: pd.DataFrame, analysis: EventsAnalysis, methods: pd.DataFrame, arms: tuple[str, ...]
) -> tuple[str, ...]:
    """Return one sentence per pair of arms: counts, primary test, ratio where there is one."""
    sentences = []
    for active in arms[1:]:
        name = compared(active, arms[0])
        first = methods[(methods["comparison"] == name) & methods["primary"]].iloc[0]
        counts = " v ".join(
            f"{int(table.loc[table[ARM] == arm, EVENT].sum())} of {int((table[ARM] == arm).sum())}"
            for arm in (active, arms[0])
        )
        sentences.append(
            f"{name}, {analysis.label}: {counts}; {first['name']}, {format_p(first['p_value'])}{_ratio(methods, name)}"
        )
    return tuple(sentences)


def _ratio(methods: pd.DataFrame, name: str) -> str:
    """Return the Cox or Firth hazard ratio in words, if there is one."""
    rows = methods[(methods["comparison"] == name) & methods["method"].isin(["cox", "firth_cox"])]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    return f"; hazard ratio {row['estimate']:.2f} (CI {row['lower']:.2g} to {row['upper']:.2g}; {row['name']})"


def _counts(table: pd.DataFrame, arms: tuple[str, ...], level: float) -> pd.DataFrame:
    """Return events, participants, share with exact limits and participant-years of each arm."""
    rows = []
    for arm in arms:
        here = table[table[ARM] == arm]
        share = clopper_pearson(EventCount(int(here[EVENT].sum()), len(here)), level=level)
        rows.append(
            {
                "arm": arm,
                "events": int(here[EVENT].sum()),
                "participants": len(here),
                "percent": 100 * share.estimate,
                "percent_lower": 100 * share.lower,
                "percent_upper": 100 * share.upper,
                "years": here[TIME].sum() / 365.25,
            }
        )
    return pd.DataFrame(rows)


def _medians(curves: KaplanMeier) -> pd.DataFrame:
    """Return the median of each arm with its limits; missing where it is not reached."""
    medians = [curves.median(arm) for arm in curves.arms]
    return pd.DataFrame([{"arm": m.arm, "median": m.time, "lower": m.lower, "upper": m.upper} for m in medians])


def _overall(table: pd.DataFrame, arms: tuple[str, ...]) -> tuple[str, ...]:
    """Return the log-rank test over all arms where there are more than two."""
    if len(arms) == 2:
        return ()
    test = logrank(table, time=TIME, event=EVENT, arm=ARM, arms=arms)
    statistic = f"chi-square {test.chi_square:.2f} on {test.df} df, {format_p(test.p_value)}"
    return (f"Log-rank over all {len(arms)} arms: {statistic}.",)
