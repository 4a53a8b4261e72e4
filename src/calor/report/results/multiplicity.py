"""How results of the chapter on several hypotheses and several studies are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from calor.analyze.estimate import format_p
from calor.analyze.multiplicity.dunnett import Dunnett
from calor.analyze.multiplicity.e_value import EValue
from calor.analyze.multiplicity.meta_analysis import MetaAnalysis
from calor.analyze.multiplicity.multiplicity import AdjustedP
from calor.analyze.multiplicity.p_combination import CombinedP
from calor.report.figure import Figure
from calor.report.figures.curves import curves
from calor.report.figures.two_dots import two_dots
from calor.report.results.continuous import shown
from calor.report.results.estimates import estimates, source, written
from calor.report.results.tests_of_no_effect import tail


def dunnett(result: Dunnett) -> Figure:
    """Draw the differences from control with their simultaneous intervals."""
    return estimates(result.differences, name="dunnett", title=shown(result.differences))


def e_value(result: EValue) -> Figure:
    """Draw how strong a confounder must be on both sides to explain the estimate away."""
    e = result.estimate
    at = np.linspace(0.5 * (e + e**2 / (2 * e - 1)), 3 * e, 121)
    curve = pd.DataFrame({"series": "needed", "x": at, "y": [result.outcome_ratio(x) for x in at]})
    return curves(
        curve,
        series=["needed"],
        name="e-value",
        title=f"{result}.",
        caption="On or above the line a confounder could explain the estimate away.",
        axes=("Ratio of confounder and exposure", "Ratio of confounder and outcome"),
        marks=pd.DataFrame([{"x": e, "y": e, "label": f"E-value {e:.2f}"}]),
    )


def meta_analysis(result: MetaAnalysis) -> Figure:
    """Draw the pooled effect; the caption has each study's effect drawn towards it."""
    drawn = ", ".join(f"{effect:.3f}" for effect in result.shrunken)
    return estimates(
        [result.pooled],
        name="meta-analysis",
        title=f"{result.pooled.label}: {written(result.pooled)}, I² {100 * result.i_squared:.0f} %.",
        caption=f"{source(result.pooled)} Effects drawn to the mean: {drawn}.",
    )


def adjusted_p(result: AdjustedP) -> Figure:
    """Draw each p-value before and after the adjustment."""
    rows = pd.DataFrame({"label": result.hypotheses, "first": result.p_values, "second": result.adjusted})
    return two_dots(
        rows.assign(text=[format_p(p) for p in result.adjusted]),
        series=("Unadjusted", "Adjusted"),
        name="adjusted-p",
        title=f"The p-values before and after {result.method}.",
        caption=f"{len(rows)} hypotheses.",
        axis="p",
        heading="Adjusted",
    )


def combined_p(result: CombinedP) -> Figure:
    """Draw the statistic of the combination on its distribution under no effect."""

    def chance(at: np.ndarray) -> np.ndarray:
        return np.asarray(chi2.sf(at, 2 * result.parts) if result.method == "Fisher" else norm.sf(at))

    return tail(
        max(result.statistic, 0.0),
        result.p_value,
        chance,
        name="combined-p",
        title=f"{result}.",
        caption=f"{result.method}'s combination.",
        axis="Chi-square" if result.method == "Fisher" else "z",
    )


FIGURES: dict[type, Callable[[Any], Figure]] = {
    AdjustedP: adjusted_p,
    CombinedP: combined_p,
    Dunnett: dunnett,
    EValue: e_value,
    MetaAnalysis: meta_analysis,
}
"""How each result of this chapter is drawn."""
