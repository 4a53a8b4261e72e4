"""Poisson regression of event counts, with model-based, dispersion-scaled or robust variance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.terms import Categories, terms
from calor.analyze.counts.rate_ratios import RateRatios, read_counts
from calor.analyze.estimate import check_level
from calor.analyze.survival.newton import Point, newton
from calor.errors import AnalysisError

Variance = Literal["robust", "model", "dispersion"]


def poisson_regression(
    table: pd.DataFrame,
    *,
    events: str,
    follow_up: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    variance: Variance = "robust",
    level: float = 0.95,
) -> RateRatios:
    """Estimate ratios of event rates from each participant's count and follow-up.

    Args:
        table: One row per participant.
        events: Column of the number of events.
        follow_up: Column of the time followed, above zero.
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        variance: "robust" (sandwich; the default, since events cluster in participants), "model", or "dispersion"
            (model times Pearson's dispersion, as quasi-Poisson).
        level: Confidence level.

    Returns:
        The rate ratios.

    Raises:
        AnalysisError: Unusable rows (see `read_counts` and `terms`), an arm or category without events, an unknown
            variance.

    Reference:
        McCullagh and Nelder, Generalized Linear Models, 2nd ed. 1989, chapter 6; White, Econometrica 1982 (sandwich).

    Example:
        >>> table = pd.DataFrame({"mi": [2, 0, 1, 1, 0, 0], "years": [2, 2, 1, 2, 2, 2], "arm": list("pppaaa")})
        >>> columns = {"events": "mi", "follow_up": "years", "covariates": ["arm"], "categories": {"arm": ("p", "a")}}
        >>> print(poisson_regression(table, **columns))
        rate ratio, a v p: 0.278 (95 % CI 0.043 to 1.812; p = 0.181; Poisson, robust variance, n = 6)
    """
    check_level(level)
    if variance not in ("robust", "model", "dispersion"):
        raise AnalysisError.must("variance", "be robust, model or dispersion", variance, fix="Robust is the default.")
    model = terms(table, covariates, categories)
    y, time = read_counts(table, events, follow_up, model)
    x = np.column_stack([np.ones(len(y)), model.values])
    free = len(y) - x.shape[1]
    if free < 1:
        raise AnalysisError.must("table", "have more rows than coefficients", len(y), fix="Drop covariates.")
    beta, mean = _maximize(x, y, time)
    dispersion = float(((y - mean) ** 2 / mean).sum() / free)
    return RateRatios(
        terms=model,
        coefficients=beta,
        covariance=_covariance(x, y - mean, mean, variance, dispersion),
        dispersion=dispersion,
        theta=None,
        n=len(y),
        events=int(y.sum()),
        level=level,
        method=f"Poisson, {variance} variance",
    )


def _maximize(
    x: Float[np.ndarray, "n p"], y: Float[np.ndarray, " n"], time: Float[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " n"]]:
    """Return the coefficients of greatest likelihood and the counts that they expect."""
    offset = np.log(time)

    def objective(beta: Float[np.ndarray, " p"]) -> Point:
        mean = np.exp(np.minimum(x @ beta + offset, 300.0))  # a step too far is halved, not overflowed
        return Point(float(y @ (x @ beta) - mean.sum()), x.T @ (y - mean), (x * mean[:, None]).T @ x)

    start = np.zeros(x.shape[1])
    start[0] = np.log(y.sum() / time.sum())
    beta, _ = newton(objective, start)
    return beta, np.exp(x @ beta + offset)


def _covariance(
    x: Float[np.ndarray, "n p"],
    residual: Float[np.ndarray, " n"],
    mean: Float[np.ndarray, " n"],
    variance: Variance,
    dispersion: float,
) -> Float[np.ndarray, "p p"]:
    model = np.linalg.inv((x * mean[:, None]).T @ x)
    if variance == "robust":
        score = x * residual[:, None]
        return np.asarray(model @ score.T @ score @ model)
    return np.asarray(model * dispersion if variance == "dispersion" else model)
