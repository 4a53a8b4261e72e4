"""Treatment by biomarker when the effect may bend: a restricted cubic spline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.benefit.interaction import (
    CURVE_POINTS,
    PERCENTILES,
    BiomarkerScale,
    EffectAt,
    checked_percentiles,
    curve_table,
    effects_at,
    effects_sentence,
    effects_table,
    locate,
    restore,
    transform,
)
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import FTest, LeastSquares, f_test, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import check_level, format_p
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@dataclass(frozen=True)
class SplineInteraction(Drawable):
    """Treatment effect as a smooth function of the biomarker.

    Attributes:
        interaction: F test that the effect does not depend on the biomarker.
        nonlinearity: F test that it depends on it along a line.
        knots: Knots on the biomarker's own scale.
        effects: Treatment effect at percentiles.
        curve: Columns biomarker, effect, lower, upper; pointwise interval.
        n: Participants used.
    """

    interaction: FTest
    nonlinearity: FTest
    knots: tuple[float, ...]
    effects: tuple[EffectAt, ...]
    curve: pd.DataFrame
    biomarker: str
    n: int

    def __str__(self) -> str:
        return (
            f"Treatment by {self.biomarker}, restricted cubic spline with {len(self.knots)} knots: interaction "
            f"{format_p(self.interaction.p_value)}, nonlinear part {format_p(self.nonlinearity.p_value)}, "
            f"n = {self.n}. {effects_sentence(self.effects)}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the effects, one row per percentile."""
        return effects_table(self.effects)


def spline_interaction(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    biomarker: str,
    knots: int | Sequence[float] = 3,
    scale: BiomarkerScale = "log",
    percentiles: Sequence[float] = PERCENTILES,
    level: float = 0.95,
) -> SplineInteraction:
    """Estimate the treatment effect as a restricted cubic spline of a baseline biomarker.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates (without the biomarker).
        biomarker: Numeric baseline column.
        knots: Number of knots at Harrell's percentiles, or the knots on the biomarker's own scale.
        scale: Scale on which the spline is cubic.
        percentiles: Percentiles of the biomarker at which the effect is given.
        level: Confidence level.

    Raises:
        AnalysisError: Fewer than 3 knots, knots that do not increase, or what `interaction` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 30, "crp": np.exp(rng.normal(2.2, 1.3, 60))})
        >>> table["tbr"] = 2.2 - 0.15 * (table.arm == "active") * np.log(table.crp) + rng.normal(0, 0.25, 60)
        >>> result = spline_interaction(table, Comparison("tbr", "arm", ("placebo", "active")), biomarker="crp")
        >>> result.interaction.df1, result.nonlinearity.df1
        (2, 1)

    Reference:
        Harrell, Regression Modeling Strategies, 2nd edition 2015, section 2.4.5; Stone and Koo, 1985.
    """
    check_level(level)
    comparison.require_two_arms()
    cases = complete_cases(table, comparison, extra=[biomarker])
    x = transform(cases.extra[biomarker], biomarker, scale)
    places = _knots(x, knots, biomarker, scale)
    basis = spline_basis(x, places)
    full = _fit(cases, basis, basis.shape[1])
    linear, none = _fit(cases, basis, 1), _fit(cases, basis, 0)
    points = np.percentile(x, checked_percentiles(percentiles))
    method = "ANCOVA with spline interaction"
    effects = effects_at(cases, full, _weights(full, spline_basis(points, places)), level=level, method=method)
    grid = np.linspace(x.min(), x.max(), CURVE_POINTS)
    return SplineInteraction(
        interaction=f_test(full, none),
        nonlinearity=f_test(full, linear),
        knots=tuple(restore(places, scale)),
        effects=locate(percentiles, restore(points, scale), effects),
        curve=curve_table(full, restore(grid, scale), _weights(full, spline_basis(grid, places)), level=level),
        biomarker=biomarker,
        n=cases.n,
    )


def spline_basis(x: Float[np.ndarray, " n"], knots: Float[np.ndarray, " k"]) -> Float[np.ndarray, "n k-1"]:
    """Return the restricted cubic spline basis: x, then k - 2 cubics divided by the squared span of the knots.

    >>> spline_basis(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0]))[:, 1].tolist()
    [0.0, 0.25, 1.5, 3.0]

    Reference:
        Harrell, Regression Modeling Strategies, 2nd edition 2015, equation 2.25.
    """
    first, (before, last) = knots[:-2], knots[-2:]

    def cubed(knot: Float[np.ndarray, " j"] | float) -> Float[np.ndarray, "n j"]:
        return np.asarray(np.maximum(x[:, None] - knot, 0.0) ** 3)

    tails = (cubed(before) * (last - first) - cubed(last) * (before - first)) / (last - before)
    return np.hstack([x[:, None], (cubed(first) - tails) / (last - knots[0]) ** 2])


def harrell_percentiles(knots: int) -> Float[np.ndarray, " k"]:
    """Return the percentiles, 0 to 100, at which Harrell places 3 or more knots.

    >>> harrell_percentiles(4).tolist()
    [5.0, 35.0, 65.0, 95.0]
    """
    outer = 10.0 if knots == 3 else 5.0 if knots < 7 else 2.5
    return np.asarray(np.linspace(outer, 100 - outer, knots))


def _knots(
    x: Float[np.ndarray, " n"], knots: int | Sequence[float], biomarker: str, scale: BiomarkerScale
) -> Float[np.ndarray, " k"]:
    if np.ndim(knots) == 0:
        number = whole_number("knots", knots, least=3, fix="Use `interaction` for a line.")
        places = np.asarray(np.percentile(x, harrell_percentiles(number)))
    else:
        places = transform(np.asarray(knots, dtype=float), biomarker, scale)
    if len(places) < 3 or np.any(np.diff(places) <= 0):
        raise AnalysisError.must(
            "knots", "be at least 3 and increase", restore(places, scale), fix="Use fewer knots where values are tied."
        )
    return places


def _fit(cases: CompleteCases, basis: Float[np.ndarray, "n b"], crossed: int) -> LeastSquares:
    """Fit intercept, arm, basis, adjustment and the products of arm with the first `crossed` basis columns."""
    active = cases.indicators
    design = np.hstack([np.ones((cases.n, 1)), active, basis, cases.adjustment, active * basis[:, :crossed]])
    shapes = [f"spline {j + 1}" for j in range(basis.shape[1])]
    products = [f"{cases.arm_names[0]}:{name}" for name in shapes[:crossed]]
    names = ["(intercept)", *cases.arm_names, *shapes, *cases.adjustment_names, *products]
    return least_squares(design, cases.response, names)


def _weights(fit: LeastSquares, basis: Float[np.ndarray, "m b"]) -> Float[np.ndarray, "m p"]:
    weights = np.zeros((len(basis), len(fit.names)))
    weights[:, 1] = 1.0
    weights[:, -basis.shape[1] :] = basis
    return weights
