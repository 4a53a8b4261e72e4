"""How results of the chapter on times to events are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from calor.analyze.declared.time_axis import numbers_at_risk
from calor.analyze.estimate import format_p
from calor.analyze.survival.aalen_johansen import AalenJohansen
from calor.analyze.survival.finkelstein_schoenfeld import FinkelsteinSchoenfeld
from calor.analyze.survival.firth_cox import FirthCox
from calor.analyze.survival.grambsch_therneau import ProportionalHazardsTest
from calor.analyze.survival.gray import Gray
from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.analyze.survival.kaplan_meier import KaplanMeier
from calor.analyze.survival.landmark import Landmark
from calor.analyze.survival.logrank import LogRank
from calor.analyze.survival.mean_cumulative import MeanCumulative
from calor.analyze.survival.nelson_aalen import NelsonAalen
from calor.analyze.survival.permutation_logrank import PermutationLogRank
from calor.analyze.survival.rmst import Rmst
from calor.analyze.survival.rmst_adjusted import AdjustedRmst
from calor.analyze.survival.weibull import Weibull
from calor.analyze.survival.win_ratio import WinRatio
from calor.report.figure import Figure
from calor.report.figures.kaplan_meier import kaplan_meier as draw_steps
from calor.report.figures.mean_cumulative import mean_cumulative as draw_means
from calor.report.figures.two_dots import two_dots
from calor.report.results.continuous import shown
from calor.report.results.estimates import estimates, written
from calor.report.results.tests_of_no_effect import tail
from calor.report.sections.win_ratio import shares

TIME = "Time"


def kaplan_meier(result: KaplanMeier) -> Figure:
    """Draw the share free of the event, with numbers at risk."""
    curve = _named(result.curves)
    steps = curve.rename(columns={"survival": "estimate"})
    horizon = float(curve["time"].max())
    return draw_steps(
        steps.assign(censored=(steps["censored"] > 0) & (steps["events"] == 0)),
        _named(numbers_at_risk(result, horizon)),
        arms=tuple(map(str, result.arms)),
        name="kaplan-meier",
        title="Share free of the event: " + "; ".join(str(result.median(arm)) for arm in result.arms) + ".",
        caption=f"Kaplan-Meier; band: pointwise {result.level * 100:g} % {result.interval} interval.",
        axes=(TIME, "Free of the event (%)"),
    )


def aalen_johansen(result: AalenJohansen) -> Figure:
    """Draw the cumulative incidence of the cause."""
    curve = _named(result.curves).rename(columns={"incidence": "estimate"})
    last = curve.groupby("arm", sort=False)["estimate"].last()
    ends = ", ".join(f"{100 * share:.0f} % in {arm}" for arm, share in last.items())
    return draw_steps(
        curve.assign(censored=False),
        None,
        arms=tuple(map(str, result.arms)),
        name="aalen-johansen",
        title=f"Cumulative incidence of cause {result.cause}: {ends}.",
        caption=f"Aalen-Johansen; band: pointwise {result.level * 100:g} % log-log interval.",
        axes=(TIME, "Cumulative incidence (%)"),
    )


def mean_cumulative(result: MeanCumulative) -> Figure:
    """Draw the mean number of events per participant."""
    curve = _named(result.curves)
    ends = ", ".join(f"{mean:.2f} in {arm}" for arm, mean in curve.groupby("arm", sort=False)["mean"].last().items())
    return draw_means(
        curve,
        None,
        arms=tuple(map(str, result.arms)),
        name="mean-cumulative",
        title=f"Events per participant by the end: {ends}.",
        caption=f"Mean cumulative function; band: pointwise {result.level * 100:g} % interval.",
        axes=(TIME, "Mean number of events"),
    )


def nelson_aalen(result: NelsonAalen) -> Figure:
    """Draw the cumulative hazards."""
    curve = _named(result.curves).rename(columns={"hazard": "mean"})
    ends = ", ".join(f"{mean:.2f} in {arm}" for arm, mean in curve.groupby("arm", sort=False)["mean"].last().items())
    return draw_means(
        curve,
        None,
        arms=tuple(map(str, result.arms)),
        name="nelson-aalen",
        title=f"Cumulative hazard by the end: {ends}.",
        caption=f"Nelson-Aalen; band: pointwise {result.level * 100:g} % interval.",
        axes=(TIME, "Cumulative hazard"),
    )


def logrank(result: LogRank) -> Figure:
    """Draw the events observed in each arm and those expected under no difference."""
    rows = result.to_frame()
    return two_dots(
        pd.DataFrame({"label": rows["arm"].astype(str), "first": rows["expected"], "second": rows["observed"]}),
        series=("Expected", "Observed"),
        name="logrank",
        title=f"{result.method}: chi-square {result.chi_square:.2f}, {format_p(result.p_value)}.",
        caption=f"Events by arm; expected if no arm differed. n = {sum(result.participants)}.",
        axis="Events",
    )


def permutation_logrank(result: PermutationLogRank) -> Figure:
    """Draw the statistic on the normal curve that it tends to."""
    return tail(
        abs(result.z),
        result.p_value,
        _two_sided,
        name="permutation-logrank",
        title=f"Permutation log-rank test: {format_p(result.p_value)}.",
        caption=f"{result.permutations:,} allocations; curve: the normal approximation. n = {result.n}.",
        axis="Absolute z",
    )


def finkelstein_schoenfeld(result: FinkelsteinSchoenfeld) -> Figure:
    """Draw the statistic on the normal curve."""
    return tail(
        abs(result.z),
        result.p_value,
        _two_sided,
        name="finkelstein-schoenfeld",
        title=f"{result}.",
        caption=f"Finkelstein-Schoenfeld test. n = {result.n}.",
        axis="Absolute z",
    )


def gray(result: Gray) -> Figure:
    """Draw the statistic on its chi-square curve."""
    return _chi_square(
        result.chi_square, result.df, result.p_value, name="gray", title=f"{result}.",
        caption=f"Gray's test of the cumulative incidence of cause {result.cause}. n = {result.n}.",
    )  # fmt: skip


def proportional_hazards(result: ProportionalHazardsTest) -> Figure:
    """Draw the overall statistic on its chi-square curve."""
    overall = result.overall
    return _chi_square(
        overall.statistic, overall.df, overall.p_value, name="proportional-hazards",
        title=f"Are the hazard ratios constant in time? {format_p(overall.p_value)}.",
        caption=f"Score test of Grambsch and Therneau, transform of time: {result.transform}.",
    )  # fmt: skip


def hazard_ratios(result: HazardRatios | FirthCox | Weibull | Landmark) -> Figure:
    """Draw the hazard ratio of every column of the model."""
    model = result.fit if isinstance(result, Landmark) else result
    found = tuple(result.hazard_ratio(name) for name in model.terms.names)
    measure = getattr(model, "measure", "hazard ratio")
    return estimates(
        found,
        labels=[model.terms.label(name) for name in model.terms.names],
        name="hazard-ratios",
        title=f"Not randomized, from landmark {result.at:g}." if isinstance(result, Landmark) else shown(found),
        axis=f"{measure.capitalize()} (log scale)",
    )


def rmst(result: Rmst) -> Figure:
    """Draw the mean of each arm."""
    return estimates(
        result.by_arm,
        name="rmst",
        title=f"Restricted mean to {result.horizon:g}: difference {written(result.difference)}.",
    )


def rmst_adjusted(result: AdjustedRmst) -> Figure:
    """Draw the adjusted contrast of the arms."""
    return estimates([result.effect], name="rmst-adjusted", title=f"To {result.horizon:g}: {written(result.effect)}.")


def win_ratio(result: WinRatio) -> Figure:
    """Draw the share of pairs that each component decides."""
    wins, losses = np.array(result.wins_by_level), np.array(result.losses_by_level)
    pairs = result.wins + result.losses + result.ties
    levels = pd.DataFrame({"wins": wins, "losses": losses, "pairs": pairs, "left": pairs - (wins + losses).cumsum()})
    return two_dots(
        shares(levels.assign(level=[f"Component {i}" for i in range(1, len(levels) + 1)])),
        series=("Control", "Active"),
        name="win-ratio",
        title=f"Of {pairs:,} pairs {result.wins:,} won, {result.losses:,} lost: win ratio {written(result.ratio)}.",
        caption=f"Components in the order in which they decide. n = {result.ratio.n}.",
        axis="Pairs in which the arm's participant did better (%)",
        heading="Still tied",
    )


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Write the arms as text, whatever the table codes them by."""
    return table.assign(arm=table["arm"].astype(str))


def _two_sided(at: np.ndarray) -> np.ndarray:
    return np.asarray(2 * norm.sf(at))


def _chi_square(statistic: float, df: int, p_value: float, *, name: str, title: str, caption: str) -> Figure:
    def chance(at: np.ndarray) -> np.ndarray:
        return np.asarray(chi2.sf(at, df))

    axis = f"Chi-square, {df} degree{'s' * (df > 1)} of freedom"
    return tail(statistic, p_value, chance, name=name, title=title, caption=caption, axis=axis)


FIGURES: dict[type, Callable[[Any], Figure]] = {
    AalenJohansen: aalen_johansen,
    AdjustedRmst: rmst_adjusted,
    FinkelsteinSchoenfeld: finkelstein_schoenfeld,
    FirthCox: hazard_ratios,
    Gray: gray,
    HazardRatios: hazard_ratios,
    KaplanMeier: kaplan_meier,
    Landmark: hazard_ratios,
    LogRank: logrank,
    MeanCumulative: mean_cumulative,
    NelsonAalen: nelson_aalen,
    PermutationLogRank: permutation_logrank,
    ProportionalHazardsTest: proportional_hazards,
    Rmst: rmst,
    Weibull: hazard_ratios,
    WinRatio: win_ratio,
}
"""How each result of this chapter is drawn."""
