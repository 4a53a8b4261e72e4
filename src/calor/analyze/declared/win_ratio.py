"""The declared comparison of pairs on a hierarchical composite: win ratio, win odds, net benefit, and a test."""

from __future__ import annotations

import numpy as np
import pandas as pd

from calor.analyze.declared.left_out import counted, not_analyzed
from calor.analyze.declared.records import (
    ARM,
    SUBJECT,
    Datasets,
    arm_labels,
    compared,
    endpoint_rows,
    of_kind,
    one_row_each,
    participants,
    with_columns,
)
from calor.analyze.estimate import Estimate, format_p
from calor.analyze.finding import Finding
from calor.analyze.survival.finkelstein_schoenfeld import finkelstein_schoenfeld
from calor.analyze.survival.hierarchy import EventTime, Hierarchy, Measure
from calor.analyze.survival.win_ratio import WinRatio, win_ratio
from calor.protocol import Protocol
from calor.protocol.analyses import WinRatioAnalysis
from calor.protocol.endpoints import Component, ContinuousEndpoint, HierarchicalEndpoint, TimeToEventEndpoint

NAMES = {
    "win_ratio": "Win ratio",
    "win_odds": "Win odds",
    "net_benefit": "Net benefit",
    "finkelstein_schoenfeld": "Finkelstein-Schoenfeld test",
}


_UNADJUSTED = (
    "Numbers are compared as they are, without adjustment for baseline: where the arms began apart by chance, this "
    "answers less exactly than an analysis of covariance does."
)


def declared_win_ratio(protocol: Protocol, analysis: WinRatioAnalysis, datasets: Datasets) -> Finding:
    """Compare pairs of participants on a hierarchical composite as the protocol declares.

    Raises:
        AnalysisError: A column is missing, a participant has two rows, or no pair is won or lost.
    """
    estimand = protocol.estimand(analysis.estimand)
    endpoint = of_kind(protocol.endpoint(estimand.endpoint), HierarchicalEndpoint)
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=False)
    table, hierarchy, notes = _levels(protocol, endpoint, people, datasets)
    table = with_columns(table, people, analysis.strata)
    labels = [_label(protocol, component) for component in endpoint.components]
    methods, levels, sentences = [], [], []
    for active in arms[1:]:
        name, pair = compared(active, arms[0]), (arms[0], active)
        rows = table[table[ARM].isin(pair)].reset_index(drop=True)
        found = win_ratio(
            rows, hierarchy=hierarchy, arm=ARM, arms=pair, strata=analysis.strata, level=analysis.level
        )  # fmt: skip
        test = finkelstein_schoenfeld(rows, hierarchy=hierarchy, arm=ARM, arms=pair, strata=analysis.strata)
        compared_rows = _methods(found, test.p_value, analysis).assign(comparison=name, n=len(rows))
        methods.append(compared_rows)
        levels.append(_by_level(found, labels).assign(comparison=name, arm=active))
        sentences.append(_sentence(found, compared_rows, f"{name}, {analysis.label}"))
    together = pd.concat(methods, ignore_index=True)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=_name(analysis),
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=tuple(sentences),
        tables={"methods": together, "levels": pd.concat(levels, ignore_index=True)},
        p_values=tuple(float(p) for p in together.loc[together["primary"], "p_value"]),
        notes=(
            *notes,
            *((_UNADJUSTED,) if any(isinstance(level, Measure) for level in hierarchy) else ()),
            "A pair is decided by the first component on which it differs: a win ratio says nothing of how much, and "
            "hangs on how long participants were followed.",
        ),
    )


def _levels(
    protocol: Protocol, endpoint: HierarchicalEndpoint, people: pd.DataFrame, datasets: Datasets
) -> tuple[pd.DataFrame, Hierarchy, tuple[str, ...]]:
    """Return one row per participant with the columns of every component, the hierarchy, and who was left out."""
    table = people[[SUBJECT, ARM]]
    hierarchy: list[EventTime | Measure] = []
    notes: list[str] = []
    for place, component in enumerate(endpoint.components, start=1):
        part, level = _component(protocol, component, people, datasets, place)
        own = part.columns.difference([SUBJECT, ARM])
        gaps = int(part[own].isna().any(axis=1).sum())
        label = _label(protocol, component)
        if gaps and isinstance(level, EventTime):
            part = part.dropna(subset=list(own))
            notes.extend(not_analyzed(gaps, f"no record of {label}"))
        elif gaps:
            notes.append(f"{counted(gaps)} without {label}: their pairs are not decided by it.")
        table = table.merge(part.drop(columns=ARM), on=SUBJECT, how="inner", validate="1:1")
        hierarchy.append(level)
    return table, hierarchy, tuple(notes)


def _label(protocol: Protocol, component: Component) -> str:
    label = protocol.endpoint(component.endpoint).label
    return f"change in {label}" if component.response == "CHG" else label


def _component(
    protocol: Protocol, component: Component, people: pd.DataFrame, datasets: Datasets, place: int
) -> tuple[pd.DataFrame, EventTime | Measure]:
    """Return the columns of one component and how they are compared."""
    endpoint = protocol.endpoint(component.endpoint)
    if isinstance(endpoint, TimeToEventEndpoint):
        rows = one_row_each(people, endpoint_rows(protocol, datasets, endpoint), ["AVAL", "CNSR"], endpoint.dataset)
        beyond = rows["AVAL"] > endpoint.horizon_days
        time, event = f"TIME{place}", f"EVENT{place}"
        happened = ((rows["CNSR"] == 0) & ~beyond).astype(float).where(rows["CNSR"].notna())
        cut = rows["AVAL"].clip(upper=endpoint.horizon_days)
        return rows[[SUBJECT, ARM]].assign(**{time: cut, event: happened}), EventTime(time, event)
    measured = of_kind(endpoint, ContinuousEndpoint)
    response = component.response
    rows = one_row_each(people, endpoint_rows(protocol, datasets, measured), [response], measured.dataset)
    value = f"VALUE{place}"
    level = Measure(value, better=measured.better, margin=component.margin, missing="tie")
    return rows.rename(columns={response: value}), level


def _methods(found: WinRatio, p_value: float, analysis: WinRatioAnalysis) -> pd.DataFrame:
    """Return one row per result; the test of Finkelstein and Schoenfeld has no estimate of its own."""
    estimates: dict[str, Estimate | None] = {
        "win_ratio": found.ratio,
        "win_odds": found.odds,
        "net_benefit": found.net_benefit,
        "finkelstein_schoenfeld": None,
    }
    rows = []
    for method, estimate in estimates.items():
        limits = [np.nan] * 3 if estimate is None else [estimate.estimate, estimate.lower, estimate.upper]
        p = p_value if estimate is None else estimate.p_value
        named = dict(zip(("estimate", "lower", "upper"), limits, strict=True))
        primary = method == analysis.primary_method
        rows.append({"method": method, "name": NAMES[method], "primary": primary, **named, "p_value": p})
    return pd.DataFrame(rows)


def _by_level(found: WinRatio, labels: list[str]) -> pd.DataFrame:
    """Return the share of pairs that each component decides for either arm, and of those left tied."""
    pairs = found.wins + found.losses + found.ties
    rows = pd.DataFrame({"level": labels, "wins": found.wins_by_level, "losses": found.losses_by_level, "pairs": pairs})
    return rows.assign(left=pairs - (rows["wins"] + rows["losses"]).cumsum())


def _name(analysis: WinRatioAnalysis) -> str:
    within = f", within {', '.join(analysis.strata)}" if analysis.strata else ""
    return f"{NAMES[analysis.primary_method]}{within}"


def _sentence(found: WinRatio, methods: pd.DataFrame, name: str) -> str:
    """Say how many pairs were won, and the primary result."""
    pairs = found.wins + found.losses + found.ties
    row = methods[methods["primary"]].iloc[0]
    shown = row if pd.notna(row["estimate"]) else methods[methods["method"] == "win_ratio"].iloc[0]
    test = "" if shown is row else f"; {row['name']}, {format_p(row['p_value'])}"
    p = f"; {format_p(row['p_value'])}" if shown is row else ""
    return (
        f"{name}: of {pairs} pairs {100 * found.wins / pairs:.1f} % won, {100 * found.losses / pairs:.1f} % lost, "
        f"{100 * found.ties / pairs:.1f} % tied; {shown['name'].lower()} {shown['estimate']:.2f} "
        f"(CI {shown['lower']:.2f} to {shown['upper']:.2f}{p}){test}"
    )
