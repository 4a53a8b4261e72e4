"""The declared time-to-event analysis: counts, curves, the primary method, and the others when events are few."""

from __future__ import annotations

import pandas as pd

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.declared.event_methods import Pair, compare
from calor.analyze.declared.events_beside import events_beside
from calor.analyze.declared.follow_up import EVENT, TIME, follow_up
from calor.analyze.declared.records import ARM, Datasets, compared
from calor.analyze.declared.time_axis import numbers_at_risk
from calor.analyze.estimate import format_p
from calor.analyze.finding import Finding
from calor.analyze.survival.kaplan_meier import KaplanMeier, kaplan_meier
from calor.analyze.survival.logrank import logrank
from calor.protocol import Protocol
from calor.protocol.analyses import EventsAnalysis


def declared_events(protocol: Protocol, analysis: EventsAnalysis, datasets: Datasets) -> Finding:
    """Compare times to the first event as the protocol declares."""
    estimand = protocol.estimand(analysis.estimand)
    population = protocol.analysis_set(analysis.set)
    beside_strata = (column for wanted in analysis.beside for column in getattr(wanted, "strata", ()))
    columns = (*analysis.strata, *analysis.covariates, *beside_strata)
    held = follow_up(protocol, analysis, datasets, columns)
    table, arms = held.table, held.arms
    curves = kaplan_meier(table, time=TIME, event=EVENT, arm=ARM, arms=arms, level=analysis.level)
    pairs = [compare(_pair(table, analysis, arms[0], active)) for active in arms[1:]]
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
            "at_risk": numbers_at_risk(curves, held.endpoint.horizon_days),
            "medians": _medians(curves),
            **beside,
        },
        p_values=tuple(float(p) for p in methods.loc[methods["primary"], "p_value"]),
        notes=(*(line for _, said in pairs for line in said), *held.notes, *_overall(table, arms), *beside_notes),
    )


def _pair(table: pd.DataFrame, analysis: EventsAnalysis, control: str, active: str) -> Pair:
    return Pair(table[table[ARM].isin([control, active])].reset_index(drop=True), (control, active), analysis)


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
    """Return the primary estimate in words or, where the primary method only tests, the Cox or Firth hazard ratio."""
    here = methods[methods["comparison"] == name]
    own = here[here["primary"] & here["estimate"].notna()]
    rows = own if len(own) else here[here["method"].isin(["cox", "firth_cox"])]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    by = "" if row["primary"] else f"; {row['name']}"
    return f"; {row['measure']} {row['estimate']:.2f} (CI {row['lower']:.2g} to {row['upper']:.2g}{by})"


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
    if len(arms) == 2 or not table[EVENT].any():
        return ()
    test = logrank(table, time=TIME, event=EVENT, arm=ARM, arms=arms)
    statistic = f"chi-square {test.chi_square:.2f} on {test.df} df, {format_p(test.p_value)}"
    return (f"Log-rank over all {len(arms)} arms: {statistic}.",)
