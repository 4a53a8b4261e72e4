"""ANCOVA with a slope for each arm (ANHECOVA): the average effect when the effect depends on baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.ancova import Ancova, from_mean_rows
from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import Contrast, LeastSquares, Robust, check_robust, least_squares
from calor.analyze.estimate import check_level

Population = Literal["participants", "superpopulation"]


def anhecova(
    table: pd.DataFrame,
    comparison: Comparison,
    *,
    level: float = 0.95,
    se: Robust = "HC3",
    population: Population = "participants",
) -> Ancova:
    """Estimate the average effect with covariates centered and their slopes free in each arm.

    Args:
        table: One row per participant.
        comparison: Arms, endpoint, covariates and factors; every one of these is given a slope per arm.
        level: Confidence level.
        se: As for `ancova`; HC3 since variances need not be equal.
        population: Whose average effect: the participants', or that of the population they were drawn from, whose
            variance also carries that of the covariate means.

    Raises:
        AnalysisError: What `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(5)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 25, "base": rng.normal(2.3, 0.3, 50)})
        >>> active = table.arm == "active"
        >>> table["tbr"] = table.base - active * (0.2 + 0.6 * (table.base - 2.3)) + rng.normal(0, 0.1, 50)
        >>> print(anhecova(table, Comparison("tbr", "arm", ("placebo", "active"), ("base",))))
        active v placebo: -0.185 (-8.4 %; 95 % CI -0.235 to -0.135; p < 0.001; ANHECOVA with HC3 standard errors, n
            = 50)

    Reference:
        Lin, Annals of Applied Statistics 2013; Ye, Shao, Yi and Zhao, JASA 2023 (superpopulation variance).
    """
    check_level(level)
    check_robust(se)
    cases = complete_cases(table, comparison)
    centered = cases.adjustment - cases.adjustment.mean(axis=0)
    fit = fit_anhecova(cases, centered)
    method = "ANHECOVA" if se == "model" else f"ANHECOVA with {se} standard errors"
    rows = np.zeros((len(comparison.arms), len(fit.names)))
    rows[:, 0] = 1.0
    rows[1:, 1 : len(comparison.arms)] = np.eye(len(comparison.arms) - 1)
    found = from_mean_rows(cases, fit, rows, level=level, robust=se, method=method)
    if population == "participants":
        return found
    differences = []
    for k, label in enumerate(comparison.labels, start=1):
        contrast = _with_covariate_variance(
            fit.contrast(rows[k] - rows[0], se), fit, centered, k, len(comparison.labels)
        )
        differences.append(cases.estimate(label, contrast, level=level, method=f"{method}, superpopulation"))
    return replace(found, differences=tuple(differences))


def fit_anhecova(cases: CompleteCases, centered: Float[np.ndarray, "n k"]) -> LeastSquares:
    """Fit intercept, arms, centered covariates, then each arm's product with each covariate."""
    products = [cases.indicators[:, [k]] * centered for k in range(cases.indicators.shape[1])]
    design = np.hstack([np.ones((cases.n, 1)), cases.indicators, centered, *products])
    crossed = [f"{arm}:{name}" for arm in cases.arm_names for name in cases.adjustment_names]
    return least_squares(design, cases.response, ["(intercept)", *cases.arm_names, *cases.adjustment_names, *crossed])


def _with_covariate_variance(
    contrast: Contrast, fit: LeastSquares, centered: Float[np.ndarray, "n k"], arm: int, active: int
) -> Contrast:
    """Add g' S g / n for the slopes g of the effect on the covariates and their covariance S; Ye et al. 2023."""
    n, terms = centered.shape
    start = len(fit.names) - active * terms + (arm - 1) * terms
    slopes = fit.coefficients[start : start + terms]
    added = float(np.var(centered @ slopes, ddof=1)) / n
    return Contrast(contrast.estimate, float(np.sqrt(contrast.se**2 + added)), contrast.df)
