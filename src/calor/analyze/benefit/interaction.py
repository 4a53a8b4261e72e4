"""Does the effect depend on the baseline biomarker? Treatment by biomarker, linear in it or in its logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import LeastSquares, Robust, check_robust, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError

BiomarkerScale = Literal["log", "linear"]
PERCENTILES = (10.0, 25.0, 50.0, 75.0, 90.0)
CURVE_POINTS = 101


@dataclass(frozen=True)
class EffectAt:
    """Treatment effect at one value of the biomarker."""

    percentile: float
    biomarker: float
    effect: Estimate


@dataclass(frozen=True)
class Interaction(Drawable):
    """Treatment effect as a line over the baseline biomarker.

    Attributes:
        slope_difference: Change of the treatment effect per unit of the biomarker, or of its natural logarithm.
        effects: Treatment effect at percentiles of the biomarker.
        curve: Columns biomarker, effect, lower, upper over the observed range; pointwise interval.
        biomarker: Column of the biomarker.
        scale: "log" or "linear".
    """

    slope_difference: Estimate
    effects: tuple[EffectAt, ...]
    curve: pd.DataFrame
    biomarker: str
    scale: BiomarkerScale

    def __str__(self) -> str:
        return f"{self.slope_difference}. {effects_sentence(self.effects)}"

    def to_frame(self) -> pd.DataFrame:
        """Return the effects, one row per percentile."""
        return effects_table(self.effects)


def interaction(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    biomarker: str,
    scale: BiomarkerScale = "log",
    percentiles: Sequence[float] = PERCENTILES,
    level: float = 0.95,
    se: Robust = "model",
) -> Interaction:
    """Estimate how the treatment effect changes with a baseline biomarker.

    Both arms regress to the mean alike, so their difference in slope does not: this is the way to ask who benefits.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates (without the biomarker).
        biomarker: Numeric baseline column.
        scale: Linear in the natural logarithm of the biomarker, or in the biomarker itself.
        percentiles: Percentiles of the biomarker, 0 to 100, at which the effect is given (R's type 7, on `scale`).
        level: Confidence level.
        se: As for `ancova`.

    Raises:
        AnalysisError: More than two arms, a biomarker that is constant or not positive on the log scale, or what
            `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 30, "crp": np.exp(rng.normal(2.2, 1.3, 60))})
        >>> table["tbr"] = 2.2 - 0.15 * (table.arm == "active") * np.log(table.crp) + rng.normal(0, 0.25, 60)
        >>> result = interaction(table, Comparison("tbr", "arm", ("placebo", "active")), biomarker="crp")
        >>> print(result.slope_difference)
        active v placebo, per log unit of crp: -0.134 (95 % CI -0.237 to -0.031; p = 0.012; ANCOVA with interaction,
        n = 60)

    Reference:
        Royston and Sauerbrei, Statistics in Medicine 2004 (interactions between treatment and continuous covariates).
        Why not change against baseline in one arm: Oldham, Journal of Chronic Diseases 1962.
    """
    check_level(level)
    check_robust(se)
    comparison.require_two_arms()
    cases = complete_cases(table, comparison, extra=[biomarker])
    x = transform(cases.extra[biomarker], biomarker, scale)
    fit = fit_interaction(cases, x, biomarker)
    unit = "log unit of " if scale == "log" else "unit of "
    method = "ANCOVA with interaction" if se == "model" else f"ANCOVA with interaction, {se} standard errors"
    slope = cases.estimate(
        f"{comparison.labels[0]}, per {unit}{biomarker}",
        fit.contrast(np.eye(len(fit.names))[-1], se),
        level=level,
        method=method,
        scale="slope",
    )
    points = np.percentile(x, checked_percentiles(percentiles))
    effects = effects_at(cases, fit, effect_weights(fit, points), level=level, method=method, robust=se)
    located = locate(percentiles, restore(points, scale), effects)
    grid = np.linspace(x.min(), x.max(), CURVE_POINTS)
    curve = curve_table(fit, restore(grid, scale), effect_weights(fit, grid), level=level, robust=se)
    return Interaction(slope, located, curve, biomarker, scale)


def transform(values: Float[np.ndarray, " n"], biomarker: str, scale: BiomarkerScale) -> Float[np.ndarray, " n"]:
    """Put a biomarker on the scale of the model, refusing what has no logarithm.

    Example:
        >>> transform(np.array([1.0, np.e]), "crp", "log").tolist()
        [0.0, 1.0]
    """
    if scale not in ("log", "linear"):
        raise AnalysisError.must("scale", "be 'log' or 'linear'", repr(scale), fix="Use 'log' for hs-CRP.")
    if scale == "linear":
        return values
    if values.min() <= 0:
        way_out = "Use scale='linear', or impute below the detection limit."
        raise AnalysisError.must(biomarker, "be positive on the log scale", values.min(), fix=way_out)
    return np.asarray(np.log(values))


def restore(values: Float[np.ndarray, " n"], scale: BiomarkerScale) -> list[float]:
    """Put model-scale values back on the biomarker's own scale.

    Example:
        >>> restore(np.array([0.0]), "log")
        [1.0]
    """
    return [float(v) for v in (np.exp(values) if scale == "log" else values)]


def fit_interaction(cases: CompleteCases, x: Float[np.ndarray, " n"], biomarker: str) -> LeastSquares:
    """Fit intercept, arm, biomarker, adjustment terms and arm by biomarker, in that order."""
    active = cases.indicators[:, 0]
    design = np.column_stack([np.ones(cases.n), active, x, cases.adjustment, active * x])
    name = cases.arm_names[0]
    return least_squares(
        design, cases.response, ["(intercept)", name, biomarker, *cases.adjustment_names, f"{name}:{biomarker}"]
    )


def effect_weights(fit: LeastSquares, at: Float[np.ndarray, " m"]) -> Float[np.ndarray, "m p"]:
    """Return the weights of the treatment effect at model-scale values of the biomarker, one row each."""
    weights = np.zeros((len(at), len(fit.names)))
    weights[:, 1], weights[:, -1] = 1.0, at
    return weights


def effects_at(
    cases: CompleteCases,
    fit: LeastSquares,
    weights: Float[np.ndarray, "m p"],
    *,
    level: float,
    method: str,
    robust: Robust = "model",
) -> list[Estimate]:
    """Estimate the treatment effect for each row of weights."""
    label = cases.comparison.labels[0]
    return [cases.estimate(label, fit.contrast(w, robust), level=level, method=method) for w in weights]


def locate(
    percentiles: Sequence[float], biomarker: Sequence[float], effects: Sequence[Estimate]
) -> tuple[EffectAt, ...]:
    """Say at which percentile and value of the biomarker each effect stands."""
    rows = zip(percentiles, biomarker, effects, strict=True)
    return tuple(EffectAt(float(q), float(value), effect) for q, value, effect in rows)


def curve_table(
    fit: LeastSquares,
    biomarker: Sequence[float],
    weights: Float[np.ndarray, "m p"],
    *,
    level: float,
    robust: Robust = "model",
) -> pd.DataFrame:
    """Return biomarker, effect, lower and upper for a figure; the interval is pointwise."""
    contrasts = [fit.contrast(w, robust) for w in weights]
    limits = np.array([c.interval(level) for c in contrasts])
    effects = [c.estimate for c in contrasts]
    return pd.DataFrame({"biomarker": biomarker, "effect": effects, "lower": limits[:, 0], "upper": limits[:, 1]})


def effects_table(effects: Sequence[EffectAt]) -> pd.DataFrame:
    """Return effects at percentiles, one row each."""
    return pd.DataFrame(
        {
            "percentile": [e.percentile for e in effects],
            "biomarker": [e.biomarker for e in effects],
            "effect": [e.effect.estimate for e in effects],
            "se": [e.effect.se for e in effects],
            "lower": [e.effect.lower for e in effects],
            "upper": [e.effect.upper for e in effects],
            "p_value": [e.effect.p_value for e in effects],
        }
    )


def effects_sentence(effects: Sequence[EffectAt]) -> str:
    """Write effects at percentiles on one line."""
    parts = [f"{e.effect.estimate:.3f} at {e.biomarker:.3g} (P{e.percentile:g})" for e in effects]
    return f"Effect {', '.join(parts)}."


def checked_percentiles(percentiles: Sequence[float]) -> Float[np.ndarray, " q"]:
    """Return percentiles as an array, refusing what lies outside 0 to 100.

    Example:
        >>> checked_percentiles([10, 50]).tolist()
        [10.0, 50.0]
    """
    values = np.asarray(percentiles, dtype=float)
    if values.size == 0 or not (values.min() >= 0 and values.max() <= 100):
        raise AnalysisError.must(
            "percentiles", "lie between 0 and 100", list(percentiles), fix="Give 50 for the median."
        )
    return values
