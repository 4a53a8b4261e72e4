"""The declared analysis of recurrent events: their rate, their mean number over time, everyone's events counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from calor.analyze.counts.negative_binomial import negative_binomial
from calor.analyze.counts.poisson_regression import poisson_regression
from calor.analyze.declared.records import ARM, Datasets, compared
from calor.analyze.declared.recurrent_rows import END, EVENT, START, RecurrentRows, recurrent_rows
from calor.analyze.declared.time_axis import evenly_spaced
from calor.analyze.estimate import Estimate, format_p
from calor.analyze.finding import Finding
from calor.analyze.safety.incidence_cells import DAYS_PER_YEAR
from calor.analyze.survival.lwyy import lwyy
from calor.analyze.survival.mean_cumulative import mean_cumulative
from calor.errors import AnalysisError
from calor.protocol import Protocol
from calor.protocol.analyses import RecurrentEventsAnalysis

NAMES = {
    "lwyy": "Lin-Wei-Yang-Ying model, robust variance",
    "negative_binomial": "Negative binomial regression",
    "poisson": "Poisson regression, robust variance",
}
YEARS, EVENTS = "YEARS", "EVENTS"


@dataclass(frozen=True)
class Pair:
    """Two arms' intervals, their participants' counts, and what the protocol declares about comparing them."""

    intervals: pd.DataFrame
    counts: pd.DataFrame
    arms: tuple[str, str]
    analysis: RecurrentEventsAnalysis

    @property
    def covariates(self) -> list[str]:
        """The columns of the model."""
        return [ARM, *self.analysis.covariates]

    @property
    def categories(self) -> dict[str, tuple[str, str]]:
        """The arms, control first."""
        return {ARM: self.arms}

    @property
    def term(self) -> str:
        """The name of the arm's column."""
        return f"{ARM}[{self.arms[1]}]"


def declared_recurrent_events(protocol: Protocol, analysis: RecurrentEventsAnalysis, datasets: Datasets) -> Finding:
    """Compare the rates of recurrent events as the protocol declares.

    Raises:
        AnalysisError: Rows that contradict each other, nobody had an event, or the data do not support the primary
            method.
    """
    estimand = protocol.estimand(analysis.estimand)
    held = recurrent_rows(protocol, analysis, datasets)
    if not held.intervals[EVENT].any():
        raise AnalysisError.must(
            held.endpoint.id, "have happened to somebody", "no event", fix="Report the exact upper bound of the rate."
        )
    methods, notes = _compare_all(held, analysis)
    curves = mean_cumulative(
        held.intervals, start=START, stop=END, event=EVENT, arm=ARM, arms=held.arms, level=analysis.level
    )
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
            "methods": methods.assign(n=len(_counts(held.intervals))),
            "counts": _by_arm(held),
            "curve": _to_the_end(curves.to_frame(), dict(zip(curves.arms, curves.followed, strict=True))),
            "at_risk": _at_risk(held),
        },
        p_values=tuple(float(p) for p in methods.loc[methods["primary"], "p_value"]),
        notes=(*held.notes, *notes),
    )


def _compare_all(held: RecurrentRows, analysis: RecurrentEventsAnalysis) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return one row per comparison and method; only the primary method must succeed."""
    rows, notes = [], []
    for active in held.arms[1:]:
        name = compared(active, held.arms[0])
        arms = (held.arms[0], active)
        intervals = held.intervals[held.intervals[ARM].isin(arms)]
        pair = Pair(intervals, _counts(intervals, analysis.covariates), arms, analysis)
        for method, compute in METHODS.items():
            primary = method == analysis.primary_method
            try:
                found = compute(pair)
            except AnalysisError as error:
                if primary:
                    raise
                notes.append(f"{NAMES[method]} of {name} is not shown: {error}")
                continue
            limits = {k: getattr(found, k) for k in ("estimate", "lower", "upper", "p_value")}
            rows.append({"method": method, "name": NAMES[method], "primary": primary, "comparison": name, **limits})
    return pd.DataFrame(rows), tuple(notes)


def _lwyy(pair: Pair) -> Estimate:
    fit = lwyy(
        pair.intervals, start=START, stop=END, event=EVENT, covariates=pair.covariates, categories=pair.categories,
        level=pair.analysis.level,
    )  # fmt: skip
    return fit.hazard_ratio(pair.term)


def _negative_binomial(pair: Pair) -> Estimate:
    fit = negative_binomial(
        pair.counts, events=EVENTS, follow_up=YEARS, covariates=pair.covariates, categories=pair.categories,
        level=pair.analysis.level,
    )  # fmt: skip
    return fit.rate_ratio(pair.term)


def _poisson(pair: Pair) -> Estimate:
    fit = poisson_regression(
        pair.counts, events=EVENTS, follow_up=YEARS, covariates=pair.covariates, categories=pair.categories,
        level=pair.analysis.level,
    )  # fmt: skip
    return fit.rate_ratio(pair.term)


METHODS: dict[str, Callable[[Pair], Estimate]] = {
    "lwyy": _lwyy,
    "negative_binomial": _negative_binomial,
    "poisson": _poisson,
}
"""The function behind each primary method."""


def _counts(intervals: pd.DataFrame, columns: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return one row per participant: arm, events, years followed, and columns that do not change."""
    length = (intervals[END] - intervals[START]) / DAYS_PER_YEAR
    grouped = intervals.assign(**{YEARS: length}).groupby(level=0, sort=False)
    counts = grouped.agg({ARM: "first", EVENT: "sum", YEARS: "sum", **dict.fromkeys(columns, "first")})
    return counts.rename(columns={EVENT: EVENTS})


def _by_arm(held: RecurrentRows) -> pd.DataFrame:
    """Count participants, participants with an event, events and years of each arm."""
    rows = []
    counts = _counts(held.intervals)
    for arm in held.arms:
        here = counts[counts[ARM] == arm]
        events, years = int(here[EVENTS].sum()), float(here[YEARS].sum())
        rows.append(
            {
                "arm": arm,
                "participants": len(here),
                "with_event": int((here[EVENTS] > 0).sum()),
                "events": events,
                "most": int(here[EVENTS].max()),
                "years": years,
                "rate": 100 * events / years,
            }
        )
    return pd.DataFrame(rows)


def _to_the_end(curve: pd.DataFrame, followed: dict[str | int, float]) -> pd.DataFrame:
    """Draw each curve on to the end of the arm's follow-up."""
    last = curve.groupby("arm", sort=False).last().reset_index()
    ends = last.assign(time=last["arm"].map(followed).astype(float))
    longer = ends[ends["time"].to_numpy() > last["time"].to_numpy()]
    order = {arm: place for place, arm in enumerate(followed)}
    joined = pd.concat([curve, longer], ignore_index=True)
    return joined.sort_values("arm", key=lambda arm: arm.map(order), kind="stable").reset_index(drop=True)


def _at_risk(held: RecurrentRows) -> pd.DataFrame:
    """Count participants still followed."""
    end = held.intervals.groupby(level=0).agg({END: "max", ARM: "first"})
    times = evenly_spaced(min(float(end[END].max()), held.endpoint.horizon_days))
    return pd.DataFrame(
        [
            {"arm": arm, "time": time, "at_risk": int((end.loc[end[ARM] == arm, END] >= time).sum())}
            for arm in held.arms
            for time in times
        ]
    )


def _sentences(held: RecurrentRows, methods: pd.DataFrame, label: str) -> tuple[str, ...]:
    """Return one sentence per pair of arms: events and participants, rate ratio."""
    said = []
    counts = _counts(held.intervals)
    for active in held.arms[1:]:
        name = compared(active, held.arms[0])
        row = methods[(methods["comparison"] == name) & methods["primary"]].iloc[0]
        events = " v ".join(
            f"{int(counts.loc[counts[ARM] == arm, EVENTS].sum())} events in {int((counts[ARM] == arm).sum())}"
            for arm in (active, held.arms[0])
        )
        said.append(
            f"{name}, {label}: {events} participants; rate ratio {row['estimate']:.2f} (CI {row['lower']:.2g} to "
            f"{row['upper']:.2g}; {format_p(row['p_value'])}; {row['name']})"
        )
    return tuple(said)
