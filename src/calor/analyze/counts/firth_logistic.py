"""Logistic regression with Firth's penalty, finite where outcomes are separated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import expit

from calor.analyze.columns import finite_column, need_columns, refuse_rows
from calor.analyze.continuous.terms import Categories, Terms, terms
from calor.analyze.counts.wald_ratio import LARGEST
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.survival.hazard_ratios import chi_square_test
from calor.analyze.survival.newton import Point, newton
from calor.analyze.survival.profile_likelihood import profile, profile_limits
from calor.errors import AnalysisError


@dataclass(frozen=True)
class FirthLogistic(Drawable):
    """A logistic model fitted by penalized likelihood.

    Attributes:
        names: Columns of the model, the intercept first.
        terms: Covariates of the model.
        coefficients: Log odds ratios.
        covariance: Inverse of the information in the data as the penalty augments them (each participant counts 1 plus
            leverage), as logistf gives it.
        lower: Lower profile-likelihood limits of the log odds ratios.
        upper: Upper limits.
        p_values: Penalized likelihood-ratio p-values.
        loglik_null: Penalized log-likelihood of the model with an intercept alone, the others fixed at zero.
        loglik: Penalized log-likelihood at the estimate.
        n: Participants.
        events: Participants with the event.
        level: Confidence level.
    """

    names: tuple[str, ...]
    terms: Terms
    coefficients: Float[np.ndarray, " p"]
    covariance: Float[np.ndarray, "p p"]
    lower: Float[np.ndarray, " p"]
    upper: Float[np.ndarray, " p"]
    p_values: Float[np.ndarray, " p"]
    loglik_null: float
    loglik: float
    n: int
    events: int
    level: float

    @property
    def se(self) -> Float[np.ndarray, " p"]:
        """Standard errors of the log odds ratios."""
        return np.sqrt(np.diag(self.covariance))

    def odds_ratio(self, name: str) -> Estimate:
        """Return the odds ratio of one column, with profile-likelihood interval and likelihood-ratio p."""
        i = 1 + self.terms.index(name)
        return Estimate(
            label=f"odds ratio, {self.terms.label(name)}",
            estimate=exp(self.coefficients[i]),
            se=float(self.se[i]),
            lower=exp(self.lower[i]),
            upper=exp(self.upper[i]) if self.upper[i] < LARGEST else inf,
            level=self.level,
            p_value=float(self.p_values[i]),
            scale="ratio",
            method="Firth logistic, profile likelihood",
            n=self.n,
        )

    def __str__(self) -> str:
        return "\n".join(str(self.odds_ratio(name)) for name in self.terms.names)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per covariate."""
        frame = pd.concat([self.odds_ratio(name).to_frame() for name in self.terms.names], ignore_index=True)
        frame.insert(0, "name", list(self.terms.names))
        return frame


def firth_logistic(
    table: pd.DataFrame,
    *,
    event: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    level: float = 0.95,
) -> FirthLogistic:
    """Estimate odds ratios by Firth's penalized likelihood.

    Args:
        table: One row per participant.
        event: Column of 1 (event) and 0 (none).
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        level: Confidence level.

    Returns:
        The odds ratios with profile-likelihood intervals and penalized likelihood-ratio p-values.

    Raises:
        AnalysisError: Unusable rows, no event or nothing but events, covariates that repeat each other, a level
            outside 0 to 1.

    Reference:
        Firth, Biometrika 1993; Heinze and Schemper, Statistics in Medicine 2002.

    Example:
        >>> table = pd.DataFrame({"mi": [1, 0, 1, 0, 0, 0, 0, 0], "arm": list("ppppaaaa")})
        >>> print(firth_logistic(table, event="mi", covariates=["arm"], categories={"arm": ("p", "a")}))
        odds ratio, a v p: 0.111 (95 % CI 0.001 to 2.127; p = 0.154; Firth logistic, profile likelihood, n = 8)
    """
    check_level(level)
    need_columns(table, [event])
    if table.empty:
        raise AnalysisError.must("table", "have rows", "none", fix="Give a table with one row per participant.")
    y = finite_column(table, event)
    refuse_rows(table, ~np.isin(y, (0.0, 1.0)), event, "be 0 or 1", "Code the event 1 and its absence 0.")
    if y.min() == y.max():
        fix = "Report the exact bound of the proportion."
        raise AnalysisError.must(event, "happen to some and not to others", f"{y[0]:g} throughout", fix=fix)
    model = terms(table, covariates, categories)
    x = np.column_stack([np.ones(len(y)), model.values])
    p = x.shape[1]

    def objective(beta: Float[np.ndarray, " p"]) -> Point:
        return _penalized(x, y, beta)

    beta, top = newton(objective, np.zeros(p))
    _, null = newton(objective, np.zeros(p), free=np.arange(p) == 0)
    limits = np.array([profile_limits(objective, beta, top, i, level) for i in range(p)])
    without = [profile(objective, beta, i)(0.0) for i in range(p)]
    return FirthLogistic(
        names=("(intercept)", *model.names),
        terms=model,
        coefficients=beta,
        covariance=np.linalg.inv(_augmented_information(x, beta)),
        lower=limits[:, 0],
        upper=limits[:, 1],
        p_values=np.array([chi_square_test(2 * (top.loglik - loglik), 1).p_value for loglik in without]),
        loglik_null=null.loglik,
        loglik=top.loglik,
        n=len(y),
        events=int(y.sum()),
        level=level,
    )


def _penalized(x: Float[np.ndarray, "n p"], y: Float[np.ndarray, " n"], beta: Float[np.ndarray, " p"]) -> Point:
    """Add half the log determinant of the information, which moves each outcome by half its leverage."""
    eta = x @ beta
    probability = expit(eta)
    weight = probability * (1 - probability)
    information = (x * weight[:, None]).T @ x
    sign, determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return Point(-inf, x.T @ (y - probability), information)
    leverage = _leverage(x, weight)
    score = x.T @ (y - probability + leverage * (0.5 - probability))
    loglik = float(y @ eta - np.logaddexp(0, eta).sum())
    return Point(loglik + determinant / 2, score, information)


def _leverage(x: Float[np.ndarray, "n p"], weight: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    information = (x * weight[:, None]).T @ x
    return np.asarray(weight * np.einsum("ia,ab,ib->i", x, np.linalg.inv(information), x))


def _augmented_information(x: Float[np.ndarray, "n p"], beta: Float[np.ndarray, " p"]) -> Float[np.ndarray, "p p"]:
    probability = expit(x @ beta)
    weight = probability * (1 - probability)
    return np.asarray((x * (weight * (1 + _leverage(x, weight)))[:, None]).T @ x)
