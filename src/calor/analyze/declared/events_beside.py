"""What a protocol shows beneath a primary time-to-event method: restricted means, proportionality, posterior rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from calor.analyze.counts.gamma_poisson import GammaPrior, RatePosterior, gamma_poisson
from calor.analyze.declared.follow_up import EVENT, TIME
from calor.analyze.declared.records import ARM, compared
from calor.analyze.estimate import format_p
from calor.analyze.safety.incidence_cells import DAYS_PER_YEAR
from calor.analyze.survival.cox import cox
from calor.analyze.survival.grambsch_therneau import grambsch_therneau
from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.rmst import rmst
from calor.analyze.survival.weibull import weibull
from calor.errors import AnalysisError
from calor.protocol.analyses import EventsAnalysis
from calor.protocol.events_beside import (
    BayesianRateBeside,
    LogrankBeside,
    ProportionalHazardsBeside,
    RmstBeside,
    WeibullBeside,
)

Arms = tuple[str, ...]
Shown = tuple[pd.DataFrame, tuple[str, ...]]
"""A table and what must be said of it."""


def events_beside(
    table: pd.DataFrame, analysis: EventsAnalysis, arms: Arms
) -> tuple[dict[str, pd.DataFrame], tuple[str, ...]]:
    """Do everything that the analysis declares beside its primary method.

    Args:
        table: One row per participant: arm, time [days] and event.
        analysis: The analysis as declared.
        arms: Labels of the arms, control first.

    Returns:
        A table for each method that gave an answer, and notes; what the data do not support is said in a note.
    """
    tables: dict[str, pd.DataFrame] = {}
    notes: list[str] = []
    for wanted in analysis.beside:
        shown, said = METHODS[wanted.method](table, wanted, arms, analysis.level)
        if not shown.empty:
            before = [tables[wanted.method]] if wanted.method in tables else []
            tables[wanted.method] = pd.concat([*before, shown], ignore_index=True)
        notes += said
    return tables, tuple(notes)


def _rmst(table: pd.DataFrame, wanted: RmstBeside, arms: Arms, level: float) -> Shown:
    """Return each arm's restricted mean and the difference from control."""
    rows: list[dict[str, object]] = []
    notes = []
    for active in arms[1:]:
        pair = table[table[ARM].isin([arms[0], active])].reset_index(drop=True)
        try:
            found = rmst(
                pair, time=TIME, event=EVENT, arm=ARM, arms=(arms[0], active), horizon=wanted.horizon_days, level=level
            )
        except AnalysisError as error:
            notes.append(f"Restricted mean time of {compared(active, arms[0])} is not shown: {error}")
            continue
        each = [*found.by_arm, found.difference][1 if rows else 0 :]
        labels = [*([arms[0]] if not rows else []), active, f"{compared(active, arms[0])}, difference"]
        rows += [
            {"label": label, "estimate": e.estimate, "lower": e.lower, "upper": e.upper, "p_value": e.p_value, "n": e.n}
            for label, e in zip(labels, each, strict=True)
        ]
    return pd.DataFrame(rows).assign(horizon_days=wanted.horizon_days) if rows else pd.DataFrame(), tuple(notes)


def _proportional_hazards(table: pd.DataFrame, wanted: ProportionalHazardsBeside, arms: Arms, level: float) -> Shown:
    """Return the test of each pair of arms."""
    rows, notes = [], []
    for active in arms[1:]:
        name = compared(active, arms[0])
        pair = table[table[ARM].isin([arms[0], active])].reset_index(drop=True)
        try:
            categories = {ARM: (arms[0], active)}
            fit = cox(pair, time=TIME, event=EVENT, covariates=[ARM], categories=categories, level=level)
            test = grambsch_therneau(fit, transform=wanted.transform).overall
        except AnalysisError as error:
            notes.append(f"Proportional hazards of {name} are not tested: {error}")
            continue
        rows.append({"comparison": name, "chi_square": test.statistic, "df": test.df, "p_value": test.p_value})
        if test.p_value < 1 - level:
            notes.append(
                f"The hazard ratio of {name} changes in time ({format_p(test.p_value)}): one number for the whole "
                "follow-up is an average that hangs on its length."
            )
    return pd.DataFrame(rows), tuple(notes)


def _bayesian_rate(table: pd.DataFrame, wanted: BayesianRateBeside, arms: Arms, level: float) -> Shown:
    """Return each arm's posterior rate per 100 participant-years, and how probably it lies below control's."""
    prior = GammaPrior(wanted.prior_events, wanted.prior_years)
    posteriors = {arm: _posterior(table[table[ARM] == arm], prior) for arm in arms}
    rows = []
    for arm, posterior in posteriors.items():
        rate = posterior.estimate(level)
        rows.append(
            {
                "arm": arm,
                "events": posterior.events,
                "years": posterior.follow_up,
                "prior": str(prior),
                "rate": 100 * rate.estimate,
                "lower": 100 * rate.lower,
                "upper": 100 * rate.upper,
                "below_control": None if arm == arms[0] else posterior.probability_below_rate_of(posteriors[arms[0]]),
                "predicted": posterior.predictive_probability(
                    at_most=wanted.predict_at_most, follow_up=wanted.predict_years
                ),
                "at_most": wanted.predict_at_most,
                "in_years": wanted.predict_years,
            }
        )
    note = (
        f"The posterior rates rest on the prior {prior}: as if {wanted.prior_events:g} events had been seen in "
        f"{wanted.prior_years:g} participant-years in each arm."
    )
    return pd.DataFrame(rows).astype({"below_control": float}), (note,)


def _logrank(table: pd.DataFrame, wanted: LogrankBeside, arms: Arms, level: float) -> Shown:
    """Return the weighted or stratified log-rank test of each pair of arms."""
    rows, notes = [], []
    for active in arms[1:]:
        name = compared(active, arms[0])
        try:
            test = logrank(
                table[table[ARM].isin([arms[0], active])].reset_index(drop=True), time=TIME, event=EVENT, arm=ARM,
                arms=(arms[0], active), strata=wanted.strata, rho=wanted.weight[0], gamma=wanted.weight[1],
            )  # fmt: skip
        except AnalysisError as error:
            notes.append(f"The log-rank test of {name} is not shown: {error}")
            continue
        strata = ", ".join(wanted.strata)
        rows.append({"comparison": name, "test": test.method, "strata": strata, "z": test.z, "p_value": test.p_value})
    return pd.DataFrame(rows), tuple(notes)


def _weibull(table: pd.DataFrame, wanted: WeibullBeside, arms: Arms, level: float) -> Shown:
    """Return the hazard ratio and the time ratio of each pair of arms."""
    tables, notes = [], []
    for active in arms[1:]:
        name = compared(active, arms[0])
        pair = table[table[ARM].isin([arms[0], active])].reset_index(drop=True)
        try:
            categories = {ARM: (arms[0], active)}
            fit = weibull(pair, time=TIME, event=EVENT, covariates=[ARM], categories=categories, level=level)
        except AnalysisError as error:
            notes.append(f"Weibull regression of {name} is not shown: {error}")
            continue
        shown = fit.to_frame()[["label", "estimate", "lower", "upper", "p_value", "n"]]
        measure = shown.pop("label").str.partition(",")[0]
        tables.append(shown.assign(comparison=name, measure=measure, shape=1 / fit.scale))
    return (pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()), tuple(notes)


def _posterior(here: pd.DataFrame, prior: GammaPrior) -> RatePosterior:
    return gamma_poisson(int(here[EVENT].sum()), float(here[TIME].sum()) / DAYS_PER_YEAR, prior=prior, n=len(here))


METHODS: dict[str, Callable[[pd.DataFrame, Any, Arms, float], Shown]] = {
    "rmst": _rmst,
    "proportional_hazards": _proportional_hazards,
    "logrank": _logrank,
    "weibull": _weibull,
    "bayesian_rate": _bayesian_rate,
}
"""The function behind each method that may be declared beside; a test proves the table complete."""
