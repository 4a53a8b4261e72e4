"""Tobit regression: laboratory values of which some lie below the limit of detection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float
from scipy import stats

from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.survival.newton import Point, newton
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Tobit(Drawable):
    """Differences between arms of an endpoint with values below a limit of detection.

    Attributes:
        contrasts: Each active arm against control: a difference, or a ratio of geometric means.
        sd: Residual standard deviation (of the logarithm, for ratios).
        below_limit: Participants below the limit in each arm, control first.
        log_likelihood: Log likelihood.
    """

    contrasts: tuple[Estimate, ...]
    sd: float
    below_limit: tuple[int, ...]
    log_likelihood: float

    def __str__(self) -> str:
        return "\n".join(map(str, self.contrasts))

    def to_frame(self) -> pd.DataFrame:
        """Return the comparisons as a table, one row each."""
        return pd.concat([contrast.to_frame() for contrast in self.contrasts], ignore_index=True)


def tobit(
    table: pd.DataFrame, comparison: Comparison, *, limit: float, logarithm: bool = True, level: float = 0.95
) -> Tobit:
    """Compare arms when a response below the limit says only that it is below.

    Args:
        table: One row per participant; a value that was not detected is recorded as any number below the limit.
        comparison: Response, arms and adjustment.
        limit: Limit of detection, in units of the response.
        logarithm: Whether the logarithm is normal; the comparison is then a ratio of geometric means.
        level: Confidence level, 0 to 1.

    Raises:
        AnalysisError: The limit or a detected value is not positive on the log scale, an arm has fewer than two
            detected values, or the design is singular.

    >>> table = pd.DataFrame({"arm": ["placebo"] * 5 + ["active"] * 5,
    ...                       "il6": [4.1, 2.2, 6.0, 3.1, 0.7, 1.8, 0.5, 0.5, 2.4, 1.2]})
    >>> print(tobit(table, Comparison("il6", "arm", ("placebo", "active")), limit=1.0))
    active v placebo: 0.436 (95 % CI 0.184 to 1.033; p = 0.059; Tobit, 3 below 1, n = 10)

    Reference: Tobin, Econometrica 1958; Olsen, Econometrica 1978 (concave parametrization).
    """
    check_level(level)
    cases = complete_cases(table, comparison)
    below = cases.response < limit
    if logarithm and not (limit > 0.0 and (cases.response[~below] > 0).all()):
        raise AnalysisError.must("limit", "be positive for logarithms", limit, fix="Give logarithm=False.")
    detected = np.bincount(cases.arm[~below], minlength=len(comparison.arms))
    if detected.min() < 2:
        raise AnalysisError.must(
            "response", "be detected in two participants of each arm", int(detected.min()), fix="Compare proportions."
        )
    response = np.where(below, limit, cases.response)
    design = np.hstack([np.ones((cases.n, 1)), cases.indicators, cases.adjustment])
    coefficients, vcov, sd, log_likelihood = _fit_tobit(np.log(response) if logarithm else response, below, design)
    half = float(stats.norm.isf((1.0 - level) / 2.0))
    back = np.exp if logarithm else np.asarray
    contrasts = []
    for position, label in enumerate(comparison.labels, start=1):
        value, se = float(coefficients[position]), float(np.sqrt(vcov[position, position]))
        estimate, lower, upper = (float(back(v)) for v in (value, value - half * se, value + half * se))
        contrasts.append(
            Estimate(
                label=label,
                estimate=estimate,
                lower=lower,
                upper=upper,
                level=level,
                scale="ratio" if logarithm else "difference",
                method=f"Tobit, {int(below.sum())} below {limit:g}",
                n=cases.n,
                se=se,
                p_value=float(2.0 * stats.norm.sf(abs(value) / se)),
                excluded=cases.excluded,
            )
        )
    counts = np.bincount(cases.arm[below], minlength=len(comparison.arms))
    # The log likelihood of the logarithm's density; values on another scale differ by a constant.
    return Tobit(tuple(contrasts), sd, tuple(counts.tolist()), log_likelihood)


def _fit_tobit(
    response: Float[np.ndarray, " n"], below: Bool[np.ndarray, " n"], design: Float[np.ndarray, "n p"]
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, "p p"], float, float]:
    """Maximize the likelihood of normal responses, some known only to lie below their value.

    Args:
        response: The value, or the limit it lies below.
        below: Whether it lies below.
        design: Columns of the linear model, the first all ones.

    Returns:
        Coefficients, their covariance, standard deviation and log likelihood.
    """
    center, scale = float(response.mean()), float(response.std())
    if scale == 0.0:
        raise AnalysisError.must("response", "vary", "one value throughout", fix="There is nothing to compare.")
    y = (response - center) / scale

    def objective(parameter: Float[np.ndarray, " q"]) -> Point:
        precision = parameter[-1]
        if precision <= 0.0:
            return Point(-np.inf, np.zeros_like(parameter), np.eye(parameter.size))
        z = precision * y - design @ parameter[:-1]
        slope = np.column_stack([-design, y])
        density = np.where(below, stats.norm.logcdf(z), -0.5 * (z * z + np.log(2.0 * np.pi)) + np.log(precision))
        mills = np.exp(stats.norm.logpdf(z) - stats.norm.logcdf(z))
        first = np.where(below, mills, -z)
        curvature = np.where(below, mills * (z + mills), 1.0)
        score = slope.T @ first
        score[-1] += (~below).sum() / precision
        information = (slope * curvature[:, None]).T @ slope
        information[-1, -1] += (~below).sum() / precision**2
        return Point(float(density.sum()), score, information)

    start = np.zeros(design.shape[1] + 1)
    start[-1] = 1.0
    best, point = newton(objective, start)
    sd = 1.0 / best[-1]
    # beta = gamma / precision: the delta method back to coefficients.
    change = np.hstack([np.eye(design.shape[1]) * sd, (-best[:-1] * sd**2)[:, None]])
    vcov = change @ np.linalg.inv(point.information) @ change.T * scale**2
    coefficients = best[:-1] * sd * scale
    coefficients[0] += center
    log_likelihood = point.loglik - float((~below).sum()) * np.log(scale)
    return coefficients, vcov, float(sd * scale), float(log_likelihood)
