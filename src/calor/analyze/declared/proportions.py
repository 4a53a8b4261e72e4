"""The declared comparison of the shares that meet a binary endpoint, the other methods beneath the primary one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.analyze.counts.boschloo import boschloo
from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.fisher_exact import fisher_exact
from calor.analyze.counts.mantel_haenszel import mantel_haenszel
from calor.analyze.counts.miettinen_nurminen import miettinen_nurminen, stratified_miettinen_nurminen
from calor.analyze.counts.newcombe import newcombe, stratified_newcombe
from calor.analyze.declared.judged import judged
from calor.analyze.declared.left_out import counted, not_analyzed
from calor.analyze.declared.records import (
    ARM,
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
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import ProportionsAnalysis
from calor.protocol.endpoints import BinaryEndpoint

MET = "MET"
NAMES = {
    "miettinen_nurminen": "Miettinen-Nurminen score",
    "newcombe": "Newcombe hybrid score interval",
    "mantel_haenszel": "Cochran-Mantel-Haenszel",
    "fisher_exact": "Fisher's exact test",
    "boschloo": "Boschloo's exact test",
}


@dataclass(frozen=True)
class Counts:
    """Active and control counts of a comparison: of each stratum, and of all."""

    strata: tuple[tuple[EventCount, EventCount], ...]
    level: float

    @property
    def alike(self) -> bool:
        """Whether nobody, or everybody, met the endpoint: only one table is possible then, and an exact p is 1."""
        active, control = self.all
        return active.events + control.events in (0, active.participants + control.participants)

    @property
    def all(self) -> tuple[EventCount, EventCount]:
        """Active and control counts over the strata."""
        active, control = (
            EventCount(sum(s[side].events for s in self.strata), sum(s[side].participants for s in self.strata))
            for side in (0, 1)
        )
        return active, control


def declared_proportions(protocol: Protocol, analysis: ProportionsAnalysis, datasets: Datasets) -> Finding:
    """Compare the shares that meet an endpoint as the protocol declares.

    Raises:
        AnalysisError: An arm has nobody with a value, a stratum lacks an arm, or the counts do not support the primary
            method.
    """
    estimand = protocol.estimand(analysis.estimand)
    endpoint = of_kind(protocol.endpoint(estimand.endpoint), BinaryEndpoint)
    arms = arm_labels(protocol, estimand.treatment)
    population = protocol.analysis_set(analysis.set)
    people = participants(datasets, population, arms, actual=False)
    rows = endpoint_rows(protocol, datasets, endpoint)
    rows = rows.assign(**{MET: judged(rows, endpoint.comparator, endpoint.cutoff)})
    table, notes = _known(
        one_row_each(people, rows, [MET], endpoint.dataset), analysis, protocol.visit(endpoint.visit).label
    )
    table = with_columns(table, people, analysis.strata)
    methods = pd.concat(
        [_compare(_counts(table, analysis, (arms[0], a)), analysis, compared(a, arms[0])) for a in arms[1:]],
        ignore_index=True,
    )
    shares = _shares(table, arms, analysis.level)
    return Finding(
        id=analysis.id,
        label=analysis.label,
        role=analysis.role,
        kind=analysis.method,
        method=str(methods.loc[methods["primary"], "name"].iloc[0]),
        estimand=estimand.label,
        population=population.label,
        arms=arms,
        sentences=_sentences(shares, methods, analysis.label, arms),
        tables={"methods": methods.assign(n=len(table)), "shares": shares},
        p_values=tuple(float(p) for p in methods.loc[methods["primary"], "p_value"]),
        notes=notes,
    )


def _known(table: pd.DataFrame, analysis: ProportionsAnalysis, visit: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out those whose side of the cut-off is not known, or count them as not having met the endpoint."""
    unknown = table[MET].isna()
    if not unknown.any():
        return table, ()
    count = int(unknown.sum())
    if analysis.missing == "excluded":
        return table[~unknown].reset_index(drop=True), not_analyzed(count, f"no value at {visit}")
    counts = "counts" if count == 1 else "count"
    note = f"{counted(count)} without a value at {visit} {counts} as not having met the endpoint."
    return table.assign(**{MET: table[MET].where(~unknown, False)}), (note,)


def _counts(table: pd.DataFrame, analysis: ProportionsAnalysis, arms: tuple[str, str]) -> Counts:
    """Count who met the endpoint in each stratum."""
    pair = table[table[ARM].isin(arms)]
    strata = []
    layers = pair.groupby(list(analysis.strata), sort=True) if analysis.strata else [("all", pair)]
    for name, layer in layers:
        met = [layer.loc[layer[ARM] == arm, MET].astype(bool) for arm in arms]
        if min(map(len, met)) == 0:
            raise AnalysisError.must(
                "strata", "hold participants of both arms", "one arm", where=str(name), fix="Pool it with a neighbor."
            )
        control, active = (EventCount(int(m.sum()), len(m)) for m in met)
        strata.append((active, control))
    return Counts(tuple(strata), analysis.level)


def _miettinen_nurminen(counts: Counts) -> Estimate:
    if len(counts.strata) > 1:
        return stratified_miettinen_nurminen(counts.strata, level=counts.level).estimate
    return miettinen_nurminen(*counts.all, level=counts.level).estimate


def _newcombe(counts: Counts) -> Estimate:
    if len(counts.strata) > 1:
        return stratified_newcombe(counts.strata, level=counts.level)
    return newcombe(*counts.all, level=counts.level)


def _mantel_haenszel(counts: Counts) -> Estimate:
    return mantel_haenszel(counts.strata, level=counts.level).odds_ratio


def _fisher(counts: Counts) -> float:
    return 1.0 if counts.alike else fisher_exact(*counts.all, level=counts.level).p_minlike


def _boschloo(counts: Counts) -> float:
    return 1.0 if counts.alike else boschloo(*counts.all).p_value


METHODS: dict[str, Callable[[Counts], Estimate | float]] = {
    "miettinen_nurminen": _miettinen_nurminen,
    "newcombe": _newcombe,
    "mantel_haenszel": _mantel_haenszel,
    "fisher_exact": _fisher,
    "boschloo": _boschloo,
}
"""The function behind each primary method, giving an estimate or, where it only tests, a p-value."""


def _compare(counts: Counts, analysis: ProportionsAnalysis, name: str) -> pd.DataFrame:
    """Return the primary method, then the others on the counts over all strata."""
    declared, level = analysis.primary_method, analysis.level
    own = _row(declared, METHODS[declared](counts), counts) | {"primary": True}
    if len(counts.strata) > 1:
        own["name"] = f"{own['name']}, within {', '.join(analysis.strata)}"
    together = Counts((counts.all,), level)
    rows = [own]
    for method, compute in METHODS.items():
        if method in (declared, "mantel_haenszel"):
            continue
        rows.append(_row(method, compute(together), together) | {"primary": False})
    return pd.DataFrame(rows).assign(comparison=name)


def _row(method: str, value: Estimate | float, counts: Counts) -> dict[str, object]:
    head: dict[str, object] = {"method": method, "name": NAMES[method]}
    if not isinstance(value, Estimate):
        return {**head, "measure": "", "estimate": np.nan, "lower": np.nan, "upper": np.nan, "p_value": value}
    p_value = value.p_value
    if p_value is None:  # Newcombe gives an interval; the score test is the one that goes with it
        p_value = _miettinen_nurminen(counts).p_value
    limits = {"estimate": value.estimate, "lower": value.lower, "upper": value.upper}
    return {**head, "measure": "odds ratio" if value.scale == "ratio" else "difference", **limits, "p_value": p_value}


def _shares(table: pd.DataFrame, arms: tuple[str, ...], level: float) -> pd.DataFrame:
    """Return the share that met the endpoint in each arm, with exact limits."""
    rows = []
    for arm in arms:
        met = table.loc[table[ARM] == arm, MET].astype(bool)
        if met.empty:
            raise AnalysisError.must("arms", "have participants with a value", "none", where=arm, fix="Leave it out.")
        share = clopper_pearson(EventCount(int(met.sum()), len(met)), level=level)
        limits = {"percent": 100 * share.estimate, "lower": 100 * share.lower, "upper": 100 * share.upper}
        rows.append({"arm": arm, "met": int(met.sum()), "participants": len(met), **limits})
    return pd.DataFrame(rows)


def _sentences(shares: pd.DataFrame, methods: pd.DataFrame, label: str, arms: tuple[str, ...]) -> tuple[str, ...]:
    """Return one sentence per pair of arms: shares, the difference, the primary test."""
    said = []
    by_arm = {row["arm"]: f"{row['met']} of {row['participants']}" for row in shares.to_dict("records")}
    for active in arms[1:]:
        name = compared(active, arms[0])
        here = methods[methods["comparison"] == name]
        first = here[here["primary"]].iloc[0]
        counts = " v ".join(by_arm[arm] for arm in (active, arms[0]))
        shown = first if first["measure"] == "difference" else here[here["method"] == "miettinen_nurminen"].iloc[0]
        odds = (
            f"; odds ratio {first['estimate']:.2f} (CI {first['lower']:.2g} to {first['upper']:.2g})"
            if first["measure"] == "odds ratio"
            else ""
        )
        said.append(
            f"{name}, {label}: {counts}, difference {100 * shown['estimate']:.1f} percentage points "
            f"(CI {100 * shown['lower']:.1f} to {100 * shown['upper']:.1f}{odds}; "
            f"{first['name']}, {format_p(first['p_value'])})"
        )
    return tuple(said)
