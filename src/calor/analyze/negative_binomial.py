"""Negative binomial regression of event counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from calor.analyze.event_count import check_level
from calor.analyze.newton import Point, newton
from calor.analyze.rate_ratios import RateRatios, read_counts
from calor.analyze.terms import Categories, terms
from calor.errors import AnalysisError

# Searched range of log theta; at its upper end the counts are Poisson to all that can be seen.
_LOG_THETA = (-8.0, 12.0)


def negative_binomial(
    table: pd.DataFrame,
    *,
    events: str,
    follow_up: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    level: float = 0.95,
) -> RateRatios:
    """Estimate ratios of event rates when participants differ in their own rate.

    Args:
        table: One row per participant.
        events: Column of the number of events.
        follow_up: Column of the time followed, above zero.
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        level: Confidence level.

    Returns:
        The rate ratios by maximum likelihood; standard errors take theta as known, as it is orthogonal to the rates.

    Raises:
        AnalysisError: Unusable rows (see `read_counts` and `terms`), an arm or category without events, counts that do
            not vary more than Poisson.

    Reference:
        Lawless, Canadian Journal of Statistics 1987.

    Example:
        >>> counts = [4, 0, 0, 1, 6, 0, 0, 1, 0, 3]
        >>> table = pd.DataFrame({"mi": counts, "years": [2] * 10, "arm": list("pppppaaaaa")})
        >>> columns = {"events": "mi", "follow_up": "years", "covariates": ["arm"], "categories": {"arm": ("p", "a")}}
        >>> print(negative_binomial(table, **columns))
        rate ratio, a v p: 0.364 (95 % CI 0.056 to 2.342; p = 0.287; negative binomial, n = 10)
    """
    check_level(level)
    model = terms(table, covariates, categories)
    y, time = read_counts(table, events, follow_up, model)
    x = np.column_stack([np.ones(len(y)), model.values])
    offset = np.log(time)
    best = np.zeros(x.shape[1])
    best[0] = np.log(y.sum() / time.sum())

    def at(log_theta: float) -> Point:
        theta = float(np.exp(log_theta))
        best[:], top = newton(lambda beta: _loglik(x, y, offset, beta, theta), best)
        return top

    search = minimize_scalar(lambda v: -at(v).loglik, bounds=_LOG_THETA, method="bounded", options={"xatol": 1e-9})
    if search.x > _LOG_THETA[1] - 1:
        fix = "Use poisson_regression with its robust variance."
        raise AnalysisError.must(events, "vary more than a Poisson count", "no overdispersion", fix=fix)
    theta = float(np.exp(search.x))
    top = at(float(search.x))
    mean = np.exp(x @ best + offset)
    variance = mean + mean**2 / theta
    expected = (x * (mean**2 / variance)[:, None]).T @ x
    return RateRatios(
        terms=model,
        coefficients=best,
        covariance=np.linalg.inv(expected),
        dispersion=float(((y - mean) ** 2 / variance).sum() / max(len(y) - x.shape[1], 1)),
        theta=theta,
        n=len(y),
        events=int(y.sum()),
        level=level,
        method="negative binomial",
        loglik=top.loglik,
    )


def _loglik(
    x: Float[np.ndarray, "n p"],
    y: Float[np.ndarray, " n"],
    offset: Float[np.ndarray, " n"],
    beta: Float[np.ndarray, " p"],
    theta: float,
) -> Point:
    """Evaluate the log-likelihood at given theta, where it is concave in the coefficients."""
    eta = x @ beta + offset
    mean = np.exp(eta)
    constant = gammaln(y + theta) - gammaln(theta) - gammaln(y + 1) + theta * np.log(theta)
    loglik = float((constant + y * eta - (y + theta) * np.log(theta + mean)).sum())
    pull = (y + theta) * mean / (theta + mean)
    return Point(loglik, x.T @ (y - pull), (x * (pull * theta / (theta + mean))[:, None]).T @ x)
