"""Coefficients of a proportional-hazards model as hazard ratios."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import chi2

from calor.analyze.continuous.terms import Terms
from calor.analyze.counts.wald_ratio import wald_ratio
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate
from calor.analyze.survival.partial_likelihood import PartialLikelihood


@dataclass(frozen=True)
class ChiSquareTest:
    """A test with its chi-square statistic."""

    statistic: float
    df: int
    p_value: float


def chi_square_test(statistic: float, df: int) -> ChiSquareTest:
    """Compare a statistic with the chi-square distribution.

    >>> round(chi_square_test(3.841459, 1).p_value, 4)
    0.05
    """
    return ChiSquareTest(statistic, df, float(chi2.sf(statistic, df)))


@dataclass(frozen=True)
class HazardRatios(Drawable):
    """A fitted proportional-hazards model.

    Attributes:
        terms: Covariates of the model.
        coefficients: Log hazard ratios.
        covariance: Their covariance.
        loglik_null: Log partial likelihood with all coefficients zero.
        loglik: Log partial likelihood at the estimate.
        score: Score test that all coefficients are zero.
        n: Rows used (participants, or intervals where they have several).
        events: Events.
        level: Confidence level.
        method: The method's name as a paper would print it.
        likelihood: What was maximized, for residuals and tests that build on the fit.
        measure: What the exponential of a coefficient is called.
    """

    terms: Terms
    coefficients: Float[np.ndarray, " p"]
    covariance: Float[np.ndarray, "p p"]
    loglik_null: float
    loglik: float
    score: ChiSquareTest
    n: int
    events: int
    level: float
    method: str
    likelihood: PartialLikelihood
    measure: str = "hazard ratio"

    @property
    def se(self) -> Float[np.ndarray, " p"]:
        """Standard errors of the log hazard ratios."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def likelihood_ratio(self) -> ChiSquareTest:
        """Likelihood-ratio test that all coefficients are zero."""
        return chi_square_test(2 * (self.loglik - self.loglik_null), len(self.coefficients))

    @property
    def wald(self) -> ChiSquareTest:
        """Wald test that all coefficients are zero."""
        statistic = float(self.coefficients @ np.linalg.solve(self.covariance, self.coefficients))
        return chi_square_test(statistic, len(self.coefficients))

    def hazard_ratio(self, name: str) -> Estimate:
        """Return the hazard ratio of one column of the model, with its Wald interval and p-value."""
        i = self.terms.index(name)
        label = f"{self.measure}, {self.terms.label(name)}"
        beta, se = float(self.coefficients[i]), float(self.se[i])
        return wald_ratio(label, beta, se, level=self.level, method=self.method, n=self.n)

    def __str__(self) -> str:
        return "\n".join(str(self.hazard_ratio(name)) for name in self.terms.names)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per column of the model."""
        frame = pd.concat([self.hazard_ratio(name).to_frame() for name in self.terms.names], ignore_index=True)
        frame.insert(0, "log_hazard_ratio", self.coefficients)
        frame.insert(0, "name", list(self.terms.names))
        return frame
