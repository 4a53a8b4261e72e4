"""What a protocol shows beneath a primary time-to-event method: restricted means, proportionality, posterior rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from calor.analyze.counts.gamma_poisson import GammaPrior, RatePosterior, gamma_poisson
from calor.analyze.declared.records import ARM, compared
from calor.analyze.estimate import format_p
from calor.analyze.safety.incidence_cells import DAYS_PER_YEAR
from calor.analyze.survival.cox import cox
from calor.analyze.survival.grambsch_therneau import grambsch_therneau
from calor.analyze.survival.rmst import rmst
from calor.errors import AnalysisError
from calor.protocol.analyses import EventsAnalysis
from calor.protocol.events_beside import BayesianRateBeside, ProportionalHazardsBeside, RmstBeside

TIME, EVENT = "AVAL", "EVENT"
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
            tables[wanted.method] = shown
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
                "none_in_100_years": posterior.predictive_probability(at_most=0, follow_up=100.0),
            }
        )
    note = (
        f"The posterior rates rest on the prior {prior}: as if {wanted.prior_events:g} events had been seen in "
        f"{wanted.prior_years:g} participant-years in each arm."
    )
    return pd.DataFrame(rows).astype({"below_control": float}), (note,)


def _posterior(here: pd.DataFrame, prior: GammaPrior) -> RatePosterior:
    return gamma_poisson(int(here[EVENT].sum()), float(here[TIME].sum()) / DAYS_PER_YEAR, prior=prior, n=len(here))


METHODS: dict[str, Callable[[pd.DataFrame, Any, Arms, float], Shown]] = {
    "rmst": _rmst,
    "proportional_hazards": _proportional_hazards,
    "bayesian_rate": _bayesian_rate,
}
"""The function behind each method that may be declared beside; a test proves the table complete."""
