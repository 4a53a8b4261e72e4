"""The declared analysis of competing risks: cumulative incidence of every event, and a test or model of the first."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from calor.analyze.declared.follow_up import STATUS, TIME, FollowUp, follow_up
from calor.analyze.declared.records import ARM, Datasets, compared
from calor.analyze.declared.time_axis import evenly_spaced
from calor.analyze.estimate import format_p
from calor.analyze.finding import Finding
from calor.analyze.survival.aalen_johansen import aalen_johansen
from calor.analyze.survival.cause_specific_cox import cause_specific_cox
from calor.analyze.survival.fine_gray import fine_gray
from calor.analyze.survival.gray import gray
from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import CompetingRisksAnalysis

NAMES = {
    "gray": "Gray's test",
    "fine_gray": "Fine-Gray model",
    "cause_specific_cox": "Cause-specific Cox model",
}


class Pair(NamedTuple):
    """Two arms' participants and what the protocol declares about comparing them."""

    table: pd.DataFrame
    arms: tuple[str, str]
    analysis: CompetingRisksAnalysis


def declared_competing_risks(protocol: Protocol, analysis: CompetingRisksAnalysis, datasets: Datasets) -> Finding:
    """Compare the incidence of an event that others may forestall, as the protocol declares.

    Raises:
        AnalysisError: Nobody had the event, or the data do not support the primary method.
    """
    estimand = protocol.estimand(analysis.estimand)
    held = follow_up(protocol, analysis, datasets, analysis.covariates)
    if not (held.table[STATUS] == 1).any():
        raise AnalysisError.must(
            held.endpoint.id,
            "have happened to somebody",
            "no event",
            fix='Declare "events": it gives bounds.',
        )
    methods, notes = _compare_all(held, analysis)
    curves = _curves(held, analysis.level)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=NAMES[analysis.primary_method],
        estimand=estimand.label,
        population=protocol.analysis_set(analysis.set).label,
        arms=held.arms,
        sentences=_sentences(held, methods, analysis.label),
        tables={
            "methods": methods.assign(n=len(held.table)),
            "counts": _counts(held),
            "curves": curves,
            "at_risk": _at_risk(held),
        },
        p_values=tuple(float(p) for p in methods.loc[methods["primary"], "p_value"]),
        notes=(
            *held.notes,
            *notes,
            "Who has a competing event can no longer have the other: treating it as censoring, as one minus a "
            "Kaplan-Meier curve does, would overstate the incidence.",
        ),
    )


def _compare_all(held: FollowUp, analysis: CompetingRisksAnalysis) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row per comparison and method; only the primary method must succeed."""
    rows, notes = [], []
    for active in held.arms[1:]:
        name = compared(active, held.arms[0])
        pair = _pair(held, active, analysis)
        for method, compute in METHODS.items():
            primary = method == analysis.primary_method
            try:
                found = compute(pair)
            except AnalysisError as error:
                if primary:
                    raise
                notes.append(f"{NAMES[method]} of {name} is not shown: {error}")
                continue
            rows.append({"method": method, "name": NAMES[method], "primary": primary, "comparison": name, **found})
    return pd.DataFrame(rows), tuple(notes)


def _pair(held: FollowUp, active: str, analysis: CompetingRisksAnalysis) -> Pair:
    arms = (held.arms[0], active)
    return Pair(held.table[held.table[ARM].isin(arms)].reset_index(drop=True), arms, analysis)


def _gray(pair: Pair) -> dict[str, object]:
    if not (pair.table[STATUS] == 1).any():
        raise AnalysisError.must("event", "have happened in the arms compared", "none", fix="Report its upper bound.")
    test = gray(pair.table, time=TIME, status=STATUS, arm=ARM, arms=pair.arms)
    return {"measure": "", "estimate": np.nan, "lower": np.nan, "upper": np.nan, "p_value": test.p_value}


def _fine_gray(pair: Pair) -> dict[str, object]:
    fit = fine_gray(
        pair.table, time=TIME, status=STATUS, covariates=[ARM, *pair.analysis.covariates],
        categories={ARM: pair.arms}, level=pair.analysis.level,
    )  # fmt: skip
    return _ratio(fit, pair)


def _cause_specific(pair: Pair) -> dict[str, object]:
    fit = cause_specific_cox(
        pair.table, time=TIME, status=STATUS, covariates=[ARM, *pair.analysis.covariates],
        categories={ARM: pair.arms}, level=pair.analysis.level,
    )  # fmt: skip
    return _ratio(fit, pair)


METHODS: dict[str, Callable[[Pair], dict[str, object]]] = {
    "gray": _gray,
    "fine_gray": _fine_gray,
    "cause_specific_cox": _cause_specific,
}
"""The function behind each primary method."""


def _ratio(fit: HazardRatios, pair: Pair) -> dict[str, object]:
    ratio = fit.hazard_ratio(f"{ARM}[{pair.arms[1]}]")
    limits = {"estimate": ratio.estimate, "lower": ratio.lower, "upper": ratio.upper, "p_value": ratio.p_value}
    return {"measure": fit.measure, **limits}


def _events(held: FollowUp) -> dict[int, str]:
    """Return the events that happened: the endpoint's own, then those that compete with it."""
    labels = {1: held.endpoint.label} | {at: e.label for at, e in enumerate(held.endpoint.competing, start=2)}
    return {status: label for status, label in labels.items() if (held.table[STATUS] == status).any()}


def _curves(held: FollowUp, level: float) -> pd.DataFrame:
    """Return the cumulative incidence of every event by arm."""
    found = [
        aalen_johansen(
            held.table, time=TIME, status=STATUS, cause=status, arm=ARM, arms=held.arms, level=level
        ).to_frame().assign(event=label)
        for status, label in _events(held).items()
    ]  # fmt: skip
    ends = [
        {"arm": arm, "time": held.table.loc[held.table[ARM] == arm, TIME].max(), "event": label}
        for label in _events(held).values()
        for arm in held.arms
    ]
    curves = pd.concat([*found, pd.DataFrame(ends)], ignore_index=True)
    curves = curves.drop_duplicates(["arm", "event", "time"]).sort_values(["event", "arm", "time"], kind="stable")
    drawn = ["incidence", "lower", "upper"]
    curves[drawn] = curves.groupby(["event", "arm"], sort=False)[drawn].ffill()
    return curves.reset_index(drop=True)


def _at_risk(held: FollowUp) -> pd.DataFrame:
    """Count those still followed without any event."""
    times = evenly_spaced(min(float(held.table[TIME].max()), held.endpoint.horizon_days))
    return pd.DataFrame(
        [
            {"arm": arm, "time": time, "at_risk": int((held.table.loc[held.table[ARM] == arm, TIME] >= time).sum())}
            for arm in held.arms
            for time in times
        ]
    )


def _counts(held: FollowUp) -> pd.DataFrame:
    """Count participants by what ended their follow-up."""
    rows = []
    for arm in held.arms:
        here = held.table.loc[held.table[ARM] == arm, STATUS]
        for status, label in {**_events(held), 0: "neither"}.items():
            n = int((here == status).sum())
            rows.append({"arm": arm, "event": label, "participants": n, "n": len(here), "percent": 100 * n / len(here)})
    return pd.DataFrame(rows)


def _sentences(held: FollowUp, methods: pd.DataFrame, label: str) -> tuple[str, ...]:
    """Return one sentence per pair of arms: counts, primary method, ratio where there is one."""
    said = []
    for active in held.arms[1:]:
        name = compared(active, held.arms[0])
        row = methods[(methods["comparison"] == name) & methods["primary"]].iloc[0]
        shares = []
        for arm in (active, held.arms[0]):
            here = held.table.loc[held.table[ARM] == arm, STATUS]
            shares.append(f"{int((here == 1).sum())} of {len(here)} ({int((here > 1).sum())} competing)")
        ratio = (
            ""
            if pd.isna(row["estimate"])
            else f"; {row['measure']} {row['estimate']:.2f} (CI {row['lower']:.2g} to {row['upper']:.2g})"
        )
        said.append(f"{name}, {label}: {' v '.join(shares)}; {row['name']}, {format_p(row['p_value'])}{ratio}")
    return tuple(said)
