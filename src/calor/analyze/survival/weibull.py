"""Weibull regression, as accelerated failure time and as proportional hazards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.terms import Categories, Terms, terms
from calor.analyze.counts.wald_ratio import wald_ratio
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.survival.cox import refuse_empty_category
from calor.analyze.survival.newton import Point, newton
from calor.analyze.survival.time_to_event import need_event, time_to_event


@dataclass(frozen=True)
class Weibull(Drawable):
    """A Weibull model: log T = intercept + x coefficients + scale W, with W the log of an exponential time.

    Attributes:
        terms: Covariates of the model.
        coefficients: Intercept, then the effect of each covariate on log time.
        scale: Scale of the error; 1 over the Weibull shape.
        covariance: Covariance of the coefficients and log scale, in that order.
        loglik_null: Log-likelihood of the model with intercept and scale alone.
        loglik: Log-likelihood at the estimate.
        n: Participants.
        events: Events.
        level: Confidence level.
    """

    terms: Terms
    coefficients: Float[np.ndarray, " p"]
    scale: float
    covariance: Float[np.ndarray, "p+1 p+1"]
    loglik_null: float
    loglik: float
    n: int
    events: int
    level: float

    @property
    def se(self) -> Float[np.ndarray, " p+1"]:
        """Standard errors of the coefficients and of log scale."""
        return np.sqrt(np.diag(self.covariance))

    def time_ratio(self, name: str) -> Estimate:
        """Return by what the covariate multiplies the time to the event."""
        i = 1 + self.terms.index(name)
        return self._ratio("time ratio", name, float(self.coefficients[i]), float(self.se[i]))

    def hazard_ratio(self, name: str) -> Estimate:
        """Return by what the covariate multiplies the hazard: exp(-coefficient / scale), by the delta method."""
        i = 1 + self.terms.index(name)
        value = -float(self.coefficients[i]) / self.scale
        slope = np.zeros(len(self.covariance))
        slope[i], slope[-1] = -1 / self.scale, -value
        return self._ratio("hazard ratio", name, value, float(np.sqrt(slope @ self.covariance @ slope)))

    def _ratio(self, what: str, name: str, value: float, se: float) -> Estimate:
        label = f"{what}, {self.terms.label(name)}"
        return wald_ratio(label, value, se, level=self.level, method="Weibull", n=self.n)

    def __str__(self) -> str:
        return "\n".join(str(self.hazard_ratio(name)) for name in self.terms.names)

    def to_frame(self) -> pd.DataFrame:
        """Return two rows per covariate: hazard ratio and time ratio."""
        ratios = [ratio(name) for name in self.terms.names for ratio in (self.hazard_ratio, self.time_ratio)]
        return pd.concat([ratio.to_frame() for ratio in ratios], ignore_index=True)


def weibull(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    level: float = 0.95,
) -> Weibull:
    """Fit a Weibull regression by maximum likelihood.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        level: Confidence level.

    Returns:
        The fit, with hazard and time ratios.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event` and `terms`), no event, a likelihood without a maximum.

    Reference:
        Kalbfleisch and Prentice, The Statistical Analysis of Failure Time Data, 2nd ed. 2002, chapter 3.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 1, 1], "arm": list("papapa")})
        >>> fit = weibull(table, time="days", event="mi", covariates=["arm"], categories={"arm": ("p", "a")})
        >>> print(fit.hazard_ratio("arm[a]"))
        hazard ratio, a v p: 0.187 (95 % CI 0.018 to 1.944; p = 0.160; Weibull, n = 6)
    """
    check_level(level)
    data = time_to_event(table, time=time, event=event)
    need_event(data.event, "event")
    model = terms(table, covariates, categories)
    refuse_empty_category(data, model)
    x = np.column_stack([np.ones(len(data.time)), model.values - model.values.mean(axis=0)])
    log_time, event_of = np.log(data.time), data.event.astype(float)

    def objective(parameters: Float[np.ndarray, " p+1"]) -> Point:
        return _loglik(x, log_time, event_of, parameters)

    start = np.zeros(x.shape[1] + 1)
    start[0], start[-1] = np.log(data.time.sum() / event_of.sum()), 1.0  # exponential
    alone = np.zeros(len(start), dtype=bool)
    alone[[0, -1]] = True
    begin, null = newton(objective, start, free=alone)
    best, top = newton(objective, begin)
    shape = float(best[-1])
    jacobian = _to_scale_form(best, model.values.mean(axis=0))
    return Weibull(
        terms=model,
        coefficients=_uncentered(best[:-1] / shape, model.values.mean(axis=0)),
        scale=1 / shape,
        covariance=jacobian @ np.linalg.inv(top.information) @ jacobian.T,
        loglik_null=null.loglik,
        loglik=top.loglik,
        n=len(data.time),
        events=int(data.event.sum()),
        level=level,
    )


def _loglik(
    x: Float[np.ndarray, "n p"],
    log_time: Float[np.ndarray, " n"],
    event: Float[np.ndarray, " n"],
    parameters: Float[np.ndarray, " p+1"],
) -> Point:
    """Evaluate the log-likelihood in (coefficients / scale, 1 / scale), where it is concave."""
    shape = parameters[-1]
    z = np.column_stack([-x, log_time])
    if shape <= 0:
        return Point(-inf, np.zeros(len(parameters)), np.eye(len(parameters)))
    error = z @ parameters
    hazard = np.exp(np.minimum(error, 300.0))  # a step too far is halved, not overflowed
    loglik = float(event @ (np.log(shape) + error - log_time) - hazard.sum())
    score = z.T @ (event - hazard)
    information = (z * hazard[:, None]).T @ z
    score[-1] += event.sum() / shape
    information[-1, -1] += event.sum() / shape**2
    return Point(loglik, score, information)


def _uncentered(coefficients: Float[np.ndarray, " p"], means: Float[np.ndarray, " q"]) -> Float[np.ndarray, " p"]:
    moved = coefficients.copy()
    moved[0] -= means @ coefficients[1:]
    return moved


def _to_scale_form(
    parameters: Float[np.ndarray, " p+1"], means: Float[np.ndarray, " q"]
) -> Float[np.ndarray, "p+1 p+1"]:
    """Differentiate (coefficients, log scale) by (coefficients / scale, 1 / scale), covariates moved back by means."""
    shape = parameters[-1]
    p = len(parameters) - 1
    jacobian = np.zeros((p + 1, p + 1))
    jacobian[:p, :p] = np.eye(p) / shape
    jacobian[:p, p] = -parameters[:p] / shape**2
    jacobian[p, p] = -1 / shape
    jacobian[0] -= means @ jacobian[1:p]
    return jacobian
