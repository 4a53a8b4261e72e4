"""How results of the chapter on counts are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from calor.analyze.counts.boschloo import Boschloo
from calor.analyze.counts.few_events import FewEvents
from calor.analyze.counts.firth_logistic import FirthLogistic
from calor.analyze.counts.fisher_exact import FisherExact
from calor.analyze.counts.gamma_poisson import RatePosterior
from calor.analyze.counts.mantel_haenszel import MantelHaenszel
from calor.analyze.counts.mcnemar import McNemar
from calor.analyze.counts.miettinen_nurminen import ScoreComparison
from calor.analyze.counts.rate_ratios import RateRatios
from calor.analyze.estimate import format_p
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.two_dots import two_dots
from calor.report.results.continuous import shown
from calor.report.results.estimates import estimates, written


def exact_test(result: FisherExact | Boschloo) -> Figure:
    """Draw the two shares, each with its exact interval."""
    p_value = result.p_minlike if isinstance(result, FisherExact) else result.p_value
    name = "Fisher's exact test" if isinstance(result, FisherExact) else "Boschloo's exact test"
    return estimates(
        result.shares,
        name="exact-test",
        title=f"{result.active} against {result.control}: {name}, {format_p(p_value)}.",
        axis="Proportion with the event",
    )


def few_events(result: FewEvents) -> Figure:
    """Draw what the counts cannot rule out; the title has the primary test and the spread of the others."""
    low, high = result.spread
    primary = result.methods.loc[result.methods["primary"], "name"].iloc[0]
    return estimates(
        result.bounds,
        name="few-events",
        title=f"{primary}: {format_p(result.primary_p_value)}; {len(result.methods)} methods give p from {low:.3f} to "
        f"{high:.3f}.",
        caption=f"One-sided exact upper limits, {result.level * 100:g} %. n = {result.n}.",
        axis="Proportion with the event",
    )


def firth_logistic(result: FirthLogistic) -> Figure:
    """Draw the odds ratios."""
    found = tuple(result.odds_ratio(name) for name in result.terms.names)
    return estimates(found, name="firth-logistic", title=shown(found), axis="Odds ratio (log scale)")


def rate_posterior(result: RatePosterior) -> Figure:
    """Draw the probability that the rate lies below each value."""
    found = result.estimate()
    at = np.linspace(0.0, 2 * found.upper, 121)
    curve = pd.DataFrame({"series": "posterior", "x": at, "y": [result.probability_below(x) for x in at]})
    mark = pd.DataFrame([{"x": found.estimate, "y": 0.5, "label": f"median {found.estimate:.3g}"}])
    return curves(
        curve,
        series=["posterior"],
        name="rate-posterior",
        title=f"Event rate: {written(found)}.",
        caption=f"Prior {result.prior}; {result.events} events in {result.follow_up:g}. n = {result.n}.",
        axes=("Event rate", "Probability that the rate is below"),
        marks=mark,
    )


def mantel_haenszel(result: MantelHaenszel) -> Figure:
    """Draw the common odds ratio."""
    return estimates([result.odds_ratio], name="mantel-haenszel", title=shown((result.odds_ratio,)))


def mcnemar(result: McNemar) -> Figure:
    """Draw the discordant pairs of either kind."""
    rows = pd.DataFrame([{"label": "Discordant pairs", "first": result.only_first, "second": result.only_second}])
    return two_dots(
        rows,
        series=("First only", "Second only"),
        name="mcnemar",
        title=f"{result.only_first} against {result.only_second} discordant pairs: {format_p(result.p_exact)}.",
        caption="McNemar's exact test.",
        axis="Pairs",
    )


def score_comparison(result: ScoreComparison) -> Figure:
    """Draw the contrast of two proportions."""
    return estimates([result.estimate], name="score-comparison", title=shown((result.estimate,)))


def rate_ratios(result: RateRatios) -> Figure:
    """Draw the rate ratios."""
    found = tuple(result.rate_ratio(name) for name in result.terms.names)
    return estimates(found, name="rate-ratios", title=shown(found), axis="Rate ratio (log scale)")


FIGURES: dict[type, Callable[[Any], Figure]] = {
    Boschloo: exact_test,
    FewEvents: few_events,
    FirthLogistic: firth_logistic,
    FisherExact: exact_test,
    MantelHaenszel: mantel_haenszel,
    McNemar: mcnemar,
    RatePosterior: rate_posterior,
    RateRatios: rate_ratios,
    ScoreComparison: score_comparison,
}
"""How each result of this chapter is drawn."""
