"""Negative binomial regression of event counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from scipy.special import expit, gammaln

from calor.analyze.continuous.terms import Categories, terms
from calor.analyze.counts.rate_ratios import RateRatios, read_counts
from calor.analyze.estimate import check_level
from calor.analyze.survival.newton import Point, newton
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
    theta, best, loglik = _maximize(x, y, time, events)
    mean = time * np.exp(x @ best)
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
        loglik=loglik,
    )


def _maximize(
    x: Float[np.ndarray, "n p"], y: Float[np.ndarray, " n"], time: Float[np.ndarray, " n"], events: str
) -> tuple[float, Float[np.ndarray, " p"], float]:
    """Return theta, the coefficients and the log-likelihood at its maximum, inside the range searched."""
    offset = np.log(time)
    start = np.zeros(x.shape[1])
    start[0] = np.log((y / time).mean())  # of participants, as one may hold most of the follow-up

    def at(log_theta: float) -> tuple[Float[np.ndarray, " p"], Point]:
        theta = float(np.exp(log_theta))
        return newton(lambda beta: _loglik(x, y, offset, beta, theta), start)

    search = minimize_scalar(lambda v: -at(v)[1].loglik, bounds=_LOG_THETA, method="bounded", options={"xatol": 1e-9})
    if search.x > _LOG_THETA[1] - 1:
        fix = "Use poisson_regression with its robust variance."
        raise AnalysisError.must(events, "vary more than a Poisson count", "no overdispersion", fix=fix)
    if search.x < _LOG_THETA[0] + 1:
        fix = "A few participants hold nearly all events or follow-up: look at them, and use poisson_regression."
        raise AnalysisError.must(events, "come from rates that vary as a gamma", "a spread without bound", fix=fix)
    best, top = at(float(search.x))
    return float(np.exp(search.x)), best, top.loglik


def _loglik(
    x: Float[np.ndarray, "n p"],
    y: Float[np.ndarray, " n"],
    offset: Float[np.ndarray, " n"],
    beta: Float[np.ndarray, " p"],
    theta: float,
) -> Point:
    """Evaluate the log-likelihood at given theta, where it is concave in the coefficients."""
    eta = x @ beta + offset
    odds = eta - np.log(theta)
    share = expit(odds)  # mean / (theta + mean)
    constant = gammaln(y + theta) - gammaln(theta) - gammaln(y + 1)
    loglik = float((constant + y * odds - (y + theta) * np.logaddexp(0, odds)).sum())
    pull = (y + theta) * share
    return Point(loglik, x.T @ (y - pull), (x * (pull * (1 - share))[:, None]).T @ x)
