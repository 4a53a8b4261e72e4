"""How results that are a curve over a biomarker are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from calor.analyze.benefit.effect_posterior import EffectPosterior
from calor.analyze.benefit.fractional_polynomials import FractionalPolynomials
from calor.analyze.benefit.interaction import EffectAt, Interaction
from calor.analyze.benefit.johnson_neyman import JohnsonNeyman
from calor.analyze.benefit.maximally_selected_rank import MaximallySelectedRank
from calor.analyze.benefit.mfpi import Mfpi
from calor.analyze.benefit.restricted_cubic_spline import SplineInteraction
from calor.analyze.benefit.stepp import Stepp
from calor.analyze.benefit.threshold_search import ThresholdSearch
from calor.analyze.estimate import format_p
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.interaction import interaction as effect_figure
from calor.report.results.estimates import clear, source
from calor.report.sections.words import within

_DECADE = 10.0


def interaction(result: Interaction) -> Figure:
    """Draw the effect along the biomarker, percentiles marked."""
    slope = result.slope_difference
    changes = "The effect changes with" if clear(slope) else "No clear change of the effect with"
    return _along(
        _marked(result.curve, result.effects),
        result.biomarker,
        name="interaction",
        title=f"{changes} {result.biomarker}.",
        caption=f"{source(slope)} Band: pointwise interval. Marks: percentiles.",
    )


def spline_interaction(result: SplineInteraction) -> Figure:
    """Draw the effect along the biomarker, percentiles marked."""
    return _along(
        _marked(result.curve, result.effects),
        result.biomarker,
        name="spline-interaction",
        title=f"The effect along {result.biomarker}: interaction {format_p(result.interaction.p_value)}.",
        caption=f"Restricted cubic spline with {len(result.knots)} knots. n = {result.n}. Band: pointwise interval.",
    )


def mfpi(result: Mfpi) -> Figure:
    """Draw the effect along the biomarker."""
    powers = ", ".join(f"{power:g}" for power in result.active_powers)
    return _along(
        result.curve,
        result.biomarker,
        name="mfpi",
        title=f"The effect along {result.biomarker}: interaction {format_p(result.p_f)}.",
        caption=f"Fractional polynomial with powers {powers}. n = {result.n}. "
        "Band: pointwise interval that takes the powers as given.",
    )


def stepp(result: Stepp) -> Figure:
    """Draw the effect in each window at its median."""
    return _along(
        result.to_frame(),
        result.biomarker,
        name="stepp",
        title=f"The effect in windows of {result.biomarker}: {format_p(result.p_value)}.",
        caption=f"STEPP, {len(result.windows)} windows, {result.permutations} permutations. n = {result.overall.n}. "
        "Band: pointwise interval between the medians of the windows.",
    )


def johnson_neyman(result: JohnsonNeyman) -> Figure:
    """Draw the effect with the band from which the regions follow."""
    kind = "simultaneous" if result.simultaneous else "pointwise"
    return _along(
        result.curve.assign(shown=within(result.curve["biomarker"], result.to_frame())),
        result.biomarker,
        name="johnson-neyman",
        title=f"An effect is shown for {100 * result.participants:.0f} % of participants.",
        caption=f"Johnson-Neyman region (thick). n = {result.n}. Band: {kind}, {100 * result.level:g} %.",
    )


def effect_posterior(result: EffectPosterior) -> Figure:
    """Draw the posterior of the effect along the first biomarker, the others at their means."""
    name, scale = next(iter(result.biomarkers.items()))
    at = result.centers[0] + result.spreads[0] * np.linspace(-2.0, 2.0, 41)
    return _along(
        result.curve(name, np.exp(at) if scale == "log" else at),
        name,
        name="effect-posterior",
        title=f"Posterior of the effect along {name}.",
        caption=f"{len(result.draws)} draws. n = {result.n}. Band: pointwise 95 % credible interval.",
    )


def fractional_polynomials(result: FractionalPolynomials) -> Figure:
    """Draw the deviance of every single power."""
    rows = pd.DataFrame({"series": "one term", "x": [p for (p,) in result.first], "y": list(result.first.values())})
    (best,) = result.best_first
    chosen = ", ".join(f"{power:g}" for power in result.selected) or "none"
    return curves(
        rows,
        series=["one term"],
        name="fractional-polynomials",
        title=f"Powers of {result.biomarker}: the closed test selects {chosen}.",
        caption=f"Deviance of first-degree polynomials; 0 is the logarithm. n = {result.n}.",
        axes=(f"Power of {result.biomarker}", "Deviance"),
        marks=pd.DataFrame([{"x": best, "y": result.first[(best,)], "label": "best"}]),
    )


def maximally_selected_rank(result: MaximallySelectedRank) -> Figure:
    """Draw the rank statistic over the cut-offs."""
    return curves(
        pd.DataFrame({"series": "statistic", "x": result.cuts, "y": result.statistics}),
        series=["statistic"],
        name="maximally-selected-rank",
        title=f"The best of {len(result.cuts)} cut-offs: {format_p(result.p_value)}, the search allowed for.",
        caption=f"{result.method}. n = {result.n}. Prognosis, not benefit.",
        axes=("Cut-off", "Standardized rank statistic"),
        marks=pd.DataFrame([{"x": result.cut, "y": result.statistic, "label": f"{result.cut:.3g}"}]),
    )


def threshold_search(result: ThresholdSearch) -> Figure:
    """Draw the strength of the interaction over the cut-offs."""
    mark = pd.DataFrame([{"x": result.best_cut, "y": result.max_abs_t, "label": f"{result.best_cut:.3g}"}])
    return curves(
        pd.DataFrame({"series": "interaction", "x": result.cuts, "y": np.abs(result.t)}),
        series=["interaction"],
        name="threshold-search",
        title=f"Post hoc threshold of {result.biomarker}: {format_p(result.p_value)}, the search allowed for.",
        caption=f"{len(result.cuts)} cut-offs, {result.permutations} permutations. n = {result.n}.",
        axes=(f"Cut-off of {result.biomarker}", "Strength of the interaction, |t|"),
        marks=mark,
    )


def _along(curve: pd.DataFrame, biomarker: str, *, name: str, title: str, caption: str) -> Figure:
    """Draw an effect along a biomarker, which has a logarithmic axis where it is skewed over a decade or more."""
    low, high = float(curve["biomarker"].min()), float(curve["biomarker"].max())
    return effect_figure(
        curve.rename(columns={"biomarker": "baseline"}),
        name=name,
        title=title,
        caption=caption,
        axes=(biomarker, "Difference between arms"),
        log=low > 0 and high / low >= _DECADE,
    )


def _marked(curve: pd.DataFrame, effects: tuple[EffectAt, ...]) -> pd.DataFrame:
    """Put the percentiles among the points of a curve."""
    points = pd.DataFrame(
        {
            "biomarker": [at.biomarker for at in effects],
            "effect": [at.effect.estimate for at in effects],
            "lower": [at.effect.lower for at in effects],
            "upper": [at.effect.upper for at in effects],
            "percentile": [f"{at.percentile:g}th" for at in effects],
        }
    )
    both = pd.concat([curve.assign(percentile=""), points], ignore_index=True)
    return both.sort_values("biomarker", kind="stable", ignore_index=True)


FIGURES: dict[type, Callable[[Any], Figure]] = {
    EffectPosterior: effect_posterior,
    FractionalPolynomials: fractional_polynomials,
    Interaction: interaction,
    JohnsonNeyman: johnson_neyman,
    MaximallySelectedRank: maximally_selected_rank,
    Mfpi: mfpi,
    SplineInteraction: spline_interaction,
    Stepp: stepp,
    ThresholdSearch: threshold_search,
}
"""How each of these results is drawn."""
