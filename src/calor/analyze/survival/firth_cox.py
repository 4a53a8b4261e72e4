"""Cox regression with Firth's penalty, which gives a finite hazard ratio when an arm has no event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf
from typing import Literal

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.terms import Categories, Terms, terms
from calor.analyze.counts.wald_ratio import LARGEST, wald_ratio
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.survival.cox import refuse_uninformative
from calor.analyze.survival.hazard_ratios import ChiSquareTest, chi_square_test
from calor.analyze.survival.newton import Point, newton
from calor.analyze.survival.partial_likelihood import PartialLikelihood, partial_likelihood
from calor.analyze.survival.profile_likelihood import profile, profile_limits
from calor.analyze.survival.time_to_event import need_event, time_to_event
from calor.errors import AnalysisError


@dataclass(frozen=True)
class FirthCox(Drawable):
    """A Cox model fitted by penalized partial likelihood.

    Attributes:
        terms: Covariates of the model.
        coefficients: Log hazard ratios at the maximum of the penalized likelihood.
        covariance: Inverse of the information there.
        lower: Lower profile-likelihood limits of the log hazard ratios; minus infinity where there is none.
        upper: Upper limits; infinity where there is none.
        p_values: Penalized likelihood-ratio p-values.
        loglik_null: Penalized log-likelihood with all coefficients zero, covariates in units of their SD.
        loglik: Penalized log-likelihood at the maximum, likewise.
        n: Participants.
        events: Events.
        level: Confidence level.
        ties: Handling of tied event times.
    """

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
    ties: Literal["breslow", "efron"]

    @property
    def se(self) -> Float[np.ndarray, " p"]:
        """Standard errors of the log hazard ratios."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def likelihood_ratio(self) -> ChiSquareTest:
        """Penalized likelihood-ratio test that all coefficients are zero."""
        return chi_square_test(2 * (self.loglik - self.loglik_null), len(self.coefficients))

    def hazard_ratio(self, name: str) -> Estimate:
        """Return the hazard ratio of one column, with profile-likelihood interval and likelihood-ratio p."""
        i = self.terms.index(name)
        return Estimate(
            label=f"hazard ratio, {self.terms.label(name)}",
            estimate=exp(self.coefficients[i]),
            lower=exp(self.lower[i]),
            upper=exp(self.upper[i]) if self.upper[i] < LARGEST else inf,
            level=self.level,
            scale="ratio",
            method="Firth Cox, profile likelihood",
            n=self.n,
            p_value=float(self.p_values[i]),
        )

    def wald(self, name: str) -> Estimate:
        """Return the hazard ratio of one column with Wald's interval and p, poor where events are few."""
        i = self.terms.index(name)
        label = f"hazard ratio, {self.terms.label(name)}"
        beta, se = float(self.coefficients[i]), float(self.se[i])
        return wald_ratio(label, beta, se, level=self.level, method="Firth Cox, Wald", n=self.n)

    def __str__(self) -> str:
        return "\n".join(str(self.hazard_ratio(name)) for name in self.terms.names)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column of the model."""
        frame = pd.concat([self.hazard_ratio(name).to_frame() for name in self.terms.names], ignore_index=True)
        frame["se"] = self.se
        frame.insert(0, "log_hazard_ratio", self.coefficients)
        frame.insert(0, "name", list(self.terms.names))
        return frame


def firth_cox(
    table: pd.DataFrame,
    *,
    time: str,
    event: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    strata: Sequence[str] = (),
    ties: Literal["breslow", "efron"] = "breslow",
    level: float = 0.95,
) -> FirthCox:
    """Estimate hazard ratios by Firth's penalized partial likelihood.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        event: Column of 1 (event) and 0 (censored).
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        strata: Columns whose combinations have their own baseline hazard.
        ties: "breslow" (as Heinze and Schemper's coxphf) or "efron".
        level: Confidence level.

    Returns:
        The hazard ratios with profile-likelihood intervals and penalized likelihood-ratio p-values.

    Raises:
        AnalysisError: Unusable rows (see `time_to_event` and `terms`), no event at all, covariates that repeat each
            other, unknown ties, a level outside 0 to 1.

    Reference:
        Heinze and Schemper, Biometrics 2001; Firth, Biometrika 1993.

    Example:
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 0, 0], "arm": list("ppppaa")})
        >>> fit = firth_cox(table, time="days", event="mi", covariates=["arm"], categories={"arm": ("p", "a")})
        >>> print(fit)
        hazard ratio, a v p: 0.685 (95 % CI 0.005 to 8.497; p = 0.800; Firth Cox, profile likelihood, n = 6)
    """
    check_level(level)
    if ties not in ("breslow", "efron"):
        raise AnalysisError.must("ties", "be breslow or efron", ties, fix="Breslow is the default.")
    data = time_to_event(table, time=time, event=event, strata=strata)
    need_event(data.event, "event")
    model = terms(table, covariates, categories)
    likelihood = partial_likelihood(data, model.values, ties)
    p = len(model.names)
    refuse_uninformative(data, model, likelihood.point(np.zeros(p)))

    def objective(beta: Float[np.ndarray, " p"]) -> Point:
        return _penalized(likelihood, beta)

    beta, top = newton(objective, np.zeros(p))
    limits = np.array([profile_limits(objective, beta, top, i, level) for i in range(p)])
    null_profiles = [profile(objective, beta, i)(0.0) for i in range(p)]
    units = float(np.log(model.values.std(axis=0, ddof=1)).sum())  # the penalty is told in units of each covariate's SD
    return FirthCox(
        terms=model,
        coefficients=beta,
        covariance=np.linalg.inv(top.information),
        lower=limits[:, 0],
        upper=limits[:, 1],
        p_values=np.array([chi_square_test(2 * (top.loglik - null), 1).p_value for null in null_profiles]),
        loglik_null=objective(np.zeros(p)).loglik - units,
        loglik=top.loglik - units,
        n=len(data.time),
        events=int(data.event.sum()),
        level=level,
        ties=ties,
    )


def _penalized(likelihood: PartialLikelihood, beta: Float[np.ndarray, " p"]) -> Point:
    """Add half the log determinant of the information (Jeffreys' prior) and its derivative."""
    parts = likelihood.sweep(beta, third=True)
    information = parts.information.sum(axis=0)
    if not np.isfinite(information).all():  # a step too far, to be halved
        return Point(-inf, parts.score.sum(axis=0), information)
    sign, determinant = np.linalg.slogdet(information)
    if sign <= 0:
        return Point(-inf, parts.score.sum(axis=0), information)
    penalty = np.einsum("ab,bac->c", np.linalg.inv(information), parts.slope) / 2
    return Point(float(parts.loglik.sum()) + determinant / 2, parts.score.sum(axis=0) + penalty, information)
