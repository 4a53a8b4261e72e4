"""Miettinen-Nurminen: difference, ratio or odds ratio of two proportions, plain and stratified."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from calor.analyze.counts.constrained_score import Contrast, Tables, Weights, z_score
from calor.analyze.counts.event_count import EventCount, counts_by_stratum
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, Scale, check_level
from calor.errors import AnalysisError

_LABEL: dict[Contrast, tuple[str, Scale]] = {
    "difference": ("Risk difference", "difference"),
    "ratio": ("Risk ratio", "ratio"),
    "odds ratio": ("Odds ratio", "ratio"),
}
# The logarithm of a ratio is searched this far from 0; beyond it the proportions differ from 0 and 1 by rounding only.
_FAR = 32.0


@dataclass(frozen=True)
class ScoreComparison(Drawable):
    """Hold a score interval with the test it inverts.

    Attributes:
        estimate: The contrast with its interval and the two-sided p-value against `null`.
        null: Value of the contrast under test.
        z: Score statistic at `null`, positive when the active arm has more events.
        p_fewer: One-sided p-value that the contrast is below `null`.
        p_more: One-sided p-value that the contrast is above `null`.
    """

    estimate: Estimate
    null: float
    z: float
    p_fewer: float
    p_more: float

    def __str__(self) -> str:
        return str(self.estimate)

    def to_frame(self) -> pd.DataFrame:
        """Return the estimate and the test as a table with one row."""
        return self.estimate.to_frame().assign(null=self.null, z=self.z, p_fewer=self.p_fewer, p_more=self.p_more)


def miettinen_nurminen(
    active: EventCount,
    control: EventCount,
    *,
    contrast: Contrast = "difference",
    level: float = 0.95,
    null: float | None = None,
    variance_correction: bool = True,
    skewness_correction: bool = False,
) -> ScoreComparison:
    """Compare two proportions by the score interval, which holds its level with few events.

    Without the variance correction it is Mee's interval of the difference and Koopman's of the ratio. With the
    skewness correction it is Gart and Nam's, with tails of more equal size. The odds ratio carries Gart's bias
    correction, so its estimate is a little nearer to 1 than the cross product; estimates are not skewness-corrected.

    Args:
        active: Events and participants of the active arm.
        control: Events and participants of the control arm.
        contrast: `"difference"`, `"ratio"` or `"odds ratio"` of the proportions.
        level: Confidence level, 0 to 1.
        null: Value tested; 0 for a difference and 1 for a ratio by default. A non-inferiority margin goes here.
        variance_correction: Multiply the variance by N/(N - 1), as Miettinen and Nurminen do.
        skewness_correction: Correct the normal approximation for skewness.

    Raises:
        AnalysisError: `contrast` is unknown, `level` or `null` is outside its range, or a ratio is asked of arms
            without any event (for the odds ratio also: without any participant free of events).

    Example:
        >>> print(miettinen_nurminen(EventCount(0, 32), EventCount(4, 31)))
        Risk difference: -0.129 (95 % CI -0.290 to -0.013; p = 0.037; Miettinen-Nurminen, n = 63)

    Reference:
        Miettinen O, Nurminen M. Stat Med 1985;4:213-226. Mee RW. Biometrics 1984;40:1175-1176. Koopman PAR. Biometrics
        1984;40:513-517. Gart JJ, Nam J. Biometrics 1990;46:637-643. Laud PJ. Pharm Stat 2017;16:334-348.
    """
    tables = _tables([(active, control)], contrast)
    method = "Miettinen-Nurminen" if variance_correction else "Mee score"
    if skewness_correction:
        method += " with skewness correction"
    score = partial(z_score, tables, contrast=contrast, variance_correction=variance_correction)
    corrected = partial(score, skewness_correction=skewness_correction)
    return _invert(score, corrected, tables, (contrast, level, null, method))


def stratified_miettinen_nurminen(
    strata: Sequence[tuple[EventCount, EventCount]],
    *,
    contrast: Contrast = "difference",
    level: float = 0.95,
    null: float | None = None,
    weights: Weights = "mantel-haenszel",
    skewness_correction: bool = False,
) -> ScoreComparison:
    """Compare two proportions within strata and combine the strata's scores.

    With Mantel-Haenszel weights the test of no effect is the Cochran-Mantel-Haenszel test.

    Args:
        strata: Active and control counts of each stratum.
        contrast: `"difference"`, `"ratio"` or `"odds ratio"`, taken to be the same in all strata.
        level: Confidence level, 0 to 1.
        null: Value tested; 0 for a difference and 1 for a ratio by default.
        weights: `"mantel-haenszel"`, or `"inverse variance"` of the score; the odds ratio always takes the latter.
        skewness_correction: Correct the normal approximation for skewness.

    Raises:
        AnalysisError: As in `miettinen_nurminen`, or there is no stratum, or inverse-variance weights meet a stratum
            without events.

    Example:
        >>> strata = [(EventCount(2, 20), EventCount(6, 20)), (EventCount(5, 12), EventCount(7, 11))]
        >>> print(stratified_miettinen_nurminen(strata))
        Risk difference: -0.207 (95 % CI -0.416 to 0.014; p = 0.066; stratified Miettinen-Nurminen, n = 63)

    Reference:
        Miettinen O, Nurminen M. Stat Med 1985;4:213-226. Laud PJ. Pharm Stat 2017;16:334-348 (weights).
    """
    tables = _tables(strata, contrast)
    empty = (tables.x1 + tables.x0 == 0) | (tables.x1 + tables.x0 == tables.n1 + tables.n0)
    if empty.any() and (weights == "inverse variance" or contrast == "odds ratio"):
        if contrast != "odds ratio":
            raise AnalysisError.must(
                "weights",
                "be defined in every stratum",
                "inverse variance",
                where=f"stratum {int(np.flatnonzero(empty)[0]) + 1}, where all or none had an event",
                fix='Take "mantel-haenszel".',
            )
        # Such a stratum says nothing about an odds ratio, in this method as in Mantel and Haenszel's.
        tables = Tables(tables.x1[~empty], tables.n1[~empty], tables.x0[~empty], tables.n0[~empty])

    score = partial(z_score, tables, contrast=contrast, weights=weights)
    corrected = partial(score, skewness_correction=skewness_correction)
    method = "stratified Miettinen-Nurminen" + (" with skewness correction" if skewness_correction else "")
    return _invert(score, corrected, tables, (contrast, level, null, method))


def _tables(strata: Sequence[tuple[EventCount, EventCount]], contrast: Contrast) -> Tables:
    """Check the counts and line them up."""
    if contrast not in get_args(Contrast):
        raise AnalysisError.must(
            "contrast", f"be one of {get_args(Contrast)}", repr(contrast), fix='Take "difference" if unsure.'
        )
    x1, n1, x0, n0 = counts_by_stratum(strata)
    if contrast != "difference" and x1.sum() + x0.sum() == 0:
        raise AnalysisError.must(
            "contrast",
            'be "difference" when nobody had an event',
            repr(contrast),
            fix="A ratio is not estimable; give the difference, or each arm's exact upper limit.",
        )
    if contrast == "odds ratio" and (x1 + x0 == n1 + n0).all():
        raise AnalysisError.must(
            "contrast",
            'be "difference" or "ratio" when everybody had an event',
            repr(contrast),
            fix="An odds ratio is not estimable.",
        )
    return Tables(x1, n1, x0, n0)


def _invert(
    score: Callable[[float], float],
    corrected: Callable[[float], float],
    tables: Tables,
    question: tuple[Contrast, float, float | None, str],
) -> ScoreComparison:
    """Find where the score crosses zero and the corrected one the two normal quantiles, and test the null."""
    contrast, level, null, method = question
    check_level(level)
    at = _null(null, contrast)
    quantile = float(norm.ppf((1 + level) / 2))
    z = corrected(at)
    label, scale = _LABEL[contrast]
    estimate = Estimate(
        label=label,
        estimate=_crossing(score, 0.0, contrast, tables),
        lower=_crossing(corrected, quantile, contrast, tables),
        upper=_crossing(corrected, -quantile, contrast, tables),
        level=level,
        p_value=float(2 * norm.sf(abs(z))),
        scale=scale,
        method=method,
        n=int(tables.n1.sum() + tables.n0.sum()),
    )
    return ScoreComparison(estimate=estimate, null=at, z=z, p_fewer=float(norm.cdf(z)), p_more=float(norm.sf(z)))


def _null(null: float | None, contrast: Contrast) -> float:
    at = (0.0 if contrast == "difference" else 1.0) if null is None else float(null)
    low, high = (-1.0, 1.0) if contrast == "difference" else (0.0, np.inf)
    if not low < at < high:
        raise AnalysisError.must(
            "null", f"lie between {low:g} and {high:g}", at, fix="Give the margin on the contrast's own scale."
        )
    return at


def _crossing(score: Callable[[float], float], target: float, contrast: Contrast, tables: Tables) -> float:
    """Return the value of the contrast at which the score equals a target, or the end of the range it never leaves."""

    def transform(at: float) -> float:
        return at if contrast == "difference" else math.exp(at)

    def gap(at: float) -> float:
        # An infinite score has the right sign but no size for the root finder.
        return float(np.clip(score(transform(at)) - target, -1e6, 1e6))

    if contrast == "difference":
        ends, bound = (-1.0, 1.0), 1 - 1e-12
    else:
        ends, bound = (0.0, np.inf), 1.0
        # With no event in one arm the ratio is at an end of its range, and so is one limit.
        bottom = tables.x1.sum() == 0 or (contrast == "odds ratio" and bool((tables.x0 == tables.n0).all()))
        top = tables.x0.sum() == 0 or (contrast == "odds ratio" and bool((tables.x1 == tables.n1).all()))
        if bottom and target >= 0:
            return ends[0]
        if top and target <= 0:
            return ends[1]
        while bound < _FAR and (gap(-bound) < 0 or gap(bound) > 0):
            bound *= 2
    if gap(-bound) < 0:
        return ends[0]
    if gap(bound) > 0:
        return ends[1]
    return transform(float(brentq(gap, -bound, bound, xtol=1e-13, rtol=1e-14, maxiter=500)))
