"""Does the effect depend on the baseline biomarker? Treatment by biomarker, linear in it or in its logarithm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.comparison import Comparison, CompleteCases, check_level, complete_cases
from calor.analyze.estimate import Estimate
from calor.analyze.least_squares import LeastSquares, Robust, check_robust, least_squares
from calor.errors import AnalysisError

BiomarkerScale = Literal["log", "linear"]
PERCENTILES = (10.0, 25.0, 50.0, 75.0, 90.0)


@dataclass(frozen=True)
class EffectAt:
    """Treatment effect at one value of the biomarker."""

    percentile: float
    biomarker: float
    effect: Estimate


@dataclass(frozen=True)
class Interaction:
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
        effects = ", ".join(f"{e.effect.estimate:.3f} at {e.biomarker:.3g} (P{e.percentile:g})" for e in self.effects)
        return f"{self.slope_difference}. Effect {effects}."

    def to_frame(self) -> pd.DataFrame:
        """Return the effects, one row per percentile."""
        return pd.DataFrame(
            {
                "percentile": [e.percentile for e in self.effects],
                "biomarker": [e.biomarker for e in self.effects],
                "effect": [e.effect.estimate for e in self.effects],
                "se": [e.effect.se for e in self.effects],
                "lower": [e.effect.lower for e in self.effects],
                "upper": [e.effect.upper for e in self.effects],
                "p_value": [e.effect.p_value for e in self.effects],
            }
        )


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
    points = np.percentile(x, _checked(percentiles))
    effects = []
    for q, at, raw in zip(percentiles, points, restore(points, scale), strict=True):
        label = f"{comparison.labels[0]} at {biomarker} {raw:.3g}"
        contrast = fit.contrast(effect_weights(fit, at), se)
        effects.append(EffectAt(float(q), raw, cases.estimate(label, contrast, level=level, method=method)))
    return Interaction(slope, tuple(effects), _curve(fit, x, scale, level, se), biomarker, scale)


def transform(values: Float[np.ndarray, " n"], biomarker: str, scale: BiomarkerScale) -> Float[np.ndarray, " n"]:
    """Put a biomarker on the scale of the model, refusing what has no logarithm."""
    if scale not in ("log", "linear"):
        raise AnalysisError.must("scale", "be 'log' or 'linear'", repr(scale), fix="Use 'log' for hs-CRP.")
    if scale == "linear":
        return values
    if values.min() <= 0:
        way_out = "Use scale='linear', or impute below the detection limit."
        raise AnalysisError.must(biomarker, "be positive on the log scale", values.min(), fix=way_out)
    return np.asarray(np.log(values))


def restore(values: Float[np.ndarray, " n"], scale: BiomarkerScale) -> list[float]:
    """Put model-scale values back on the biomarker's own scale."""
    return [float(v) for v in (np.exp(values) if scale == "log" else values)]


def fit_interaction(cases: CompleteCases, x: Float[np.ndarray, " n"], biomarker: str) -> LeastSquares:
    """Fit intercept, arm, biomarker, adjustment terms and arm by biomarker, in that order."""
    active = cases.indicators[:, 0]
    design = np.column_stack([np.ones(cases.n), active, x, cases.adjustment, active * x])
    name = cases.arm_names[0]
    return least_squares(
        design, cases.response, ["(intercept)", name, biomarker, *cases.adjustment_names, f"{name}:{biomarker}"]
    )


def effect_weights(fit: LeastSquares, at: float) -> Float[np.ndarray, " p"]:
    """Return the weights of the treatment effect at one model-scale value of the biomarker."""
    weights = np.zeros(len(fit.names))
    weights[1], weights[-1] = 1.0, at
    return weights


def _curve(
    fit: LeastSquares, x: Float[np.ndarray, " n"], scale: BiomarkerScale, level: float, se: Robust
) -> pd.DataFrame:
    grid = np.linspace(x.min(), x.max(), 101)
    contrasts = [fit.contrast(effect_weights(fit, at), se) for at in grid]
    limits = np.array([c.interval(level) for c in contrasts])
    effects = [c.estimate for c in contrasts]
    return pd.DataFrame(
        {"biomarker": restore(grid, scale), "effect": effects, "lower": limits[:, 0], "upper": limits[:, 1]}
    )


def _checked(percentiles: Sequence[float]) -> Float[np.ndarray, " q"]:
    values = np.asarray(percentiles, dtype=float)
    if values.size == 0 or values.min() < 0 or values.max() > 100:
        raise AnalysisError.must(
            "percentiles", "lie between 0 and 100", list(percentiles), fix="Give 50 for the median."
        )
    return values
