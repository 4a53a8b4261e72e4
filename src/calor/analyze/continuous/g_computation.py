"""g-computation: average the predictions of a model as if everyone had been in each arm."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.ancova import Ancova, fit_ancova, from_mean_rows
from calor.analyze.continuous.anhecova import fit_anhecova
from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.continuous.least_squares import Robust, check_robust
from calor.analyze.estimate import check_level


def g_computation(
    table: pd.DataFrame, comparison: Comparison, *, level: float = 0.95, se: Robust = "HC3", by_arm: bool = False
) -> Ancova:
    """Estimate marginal means and their differences by standardizing over the participants' own covariates.

    For a linear model the averages are contrasts of its coefficients, so their standard errors follow from its
    covariance.

    Args:
        table: One row per participant.
        comparison: Arms, endpoint, covariates and factors.
        level: Confidence level.
        se: As for `ancova`.
        by_arm: Whether the outcome model has slopes for each arm.

    Raises:
        AnalysisError: What `ancova` refuses.

    Example:
        >>> table = pd.DataFrame({"arm": list("ppppaaaa"), "x": [1.0, 2, 3, 4, 2, 3, 4, 6]})
        >>> table["y"] = [1.0, 2.2, 2.9, 4.1, 1.1, 1.9, 3.2, 4.8]
        >>> result = g_computation(table, Comparison("y", "arm", ("p", "a"), ("x",)))
        >>> print(result)
        a v p: -1.005 (-31.9 %; 95 % CI -1.346 to -0.663; p < 0.001; g-computation with HC3 standard errors, n = 8)

    Reference:
        Robins, Mathematical Modelling 1986; FDA, Adjusting for covariates in randomized clinical trials, 2023.
    """
    check_level(level)
    check_robust(se)
    cases = complete_cases(table, comparison)
    if by_arm:
        fit = fit_anhecova(cases, cases.adjustment - cases.adjustment.mean(axis=0))
    else:
        fit = fit_ancova(cases)
    active = len(comparison.arms) - 1
    rows = [_everyone_in(k, fit.design, active, cases.adjustment.shape[1]) for k in range(active + 1)]
    method = "g-computation" if se == "model" else f"g-computation with {se} standard errors"
    return from_mean_rows(cases, fit, np.array(rows), level=level, robust=se, method=method)


def _everyone_in(arm: int, design: Float[np.ndarray, "n p"], active: int, terms: int) -> Float[np.ndarray, " p"]:
    """Mean row of the design had everyone been in one arm; products with arms follow the adjustment terms, if any."""
    everyone = design.copy()
    indicator = np.eye(active + 1)[arm, 1:]
    everyone[:, 1 : 1 + active] = indicator
    adjustment = everyone[:, 1 + active : 1 + active + terms]
    if design.shape[1] > 1 + active + terms:
        everyone[:, 1 + active + terms :] = np.hstack([on * adjustment for on in indicator])
    return np.asarray(everyone.mean(axis=0))
