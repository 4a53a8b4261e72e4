"""Rubin's rules: one estimate from several imputed data sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Pooled:
    """An estimate pooled over imputations.

    Attributes:
        estimate: Mean of the estimates.
        within: Mean of their squared standard errors.
        between: Variance of the estimates over imputations.
        total: Variance of the pooled estimate.
        df: Degrees of freedom, Barnard and Rubin's if the complete data's are known.
        increase: Relative increase in variance due to missing values.
        fraction_missing: Fraction of missing information.
    """

    estimate: float
    within: float
    between: float
    total: float
    df: float
    increase: float
    fraction_missing: float

    @property
    def se(self) -> float:
        """Standard error of the pooled estimate."""
        return float(np.sqrt(self.total))

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect."""
        return float(2.0 * stats.t.sf(abs(self.estimate) / self.se, self.df))

    def to_estimate(self, label: str, *, level: float, n: int, method: str) -> Estimate:
        """Give the pooled estimate its t interval."""
        check_level(level)
        half = float(stats.t.isf((1.0 - level) / 2.0, self.df)) * self.se
        return Estimate(
            label=label,
            estimate=self.estimate,
            lower=self.estimate - half,
            upper=self.estimate + half,
            level=level,
            scale="difference",
            method=method,
            n=n,
            se=self.se,
            p_value=self.p_value,
            df=self.df,
        )


def rubin(
    estimates: Float[np.ndarray, " imputation"],
    standard_errors: Float[np.ndarray, " imputation"],
    *,
    complete_df: float = np.inf,
) -> Pooled:
    """Pool the estimates of several imputed data sets.

    Args:
        estimates: One estimate per imputation.
        standard_errors: Their standard errors.
        complete_df: Degrees of freedom had nothing been missing; infinite for large samples.

    Raises:
        AnalysisError: Fewer than two imputations, values that are not finite, errors that are not positive.

    >>> pooled = rubin(np.array([-0.19, -0.17, -0.18]), np.array([0.07, 0.07, 0.07]), complete_df=57)
    >>> round(pooled.estimate, 3), round(pooled.se, 4), round(pooled.df, 1)
    (-0.18, 0.0709, 52.6)

    Reference: Rubin, Multiple Imputation for Nonresponse in Surveys, 1987 (chapter 3); Barnard and Rubin, Biometrika
        1999.
    """
    imputations = estimates.size
    if imputations < 2 or standard_errors.size != imputations:
        raise AnalysisError.must(
            "estimates",
            "come with their standard errors from two or more imputations",
            f"{imputations} and {standard_errors.size}",
            fix="Impute more often: as many times as the percentage of participants with missing values.",
        )
    if not (np.isfinite(estimates).all() and np.isfinite(standard_errors).all() and (standard_errors > 0).all()):
        raise AnalysisError.must(
            "standard_errors", "be positive and everything finite", "another value", fix="Check each imputed analysis."
        )
    if not complete_df > 0:
        raise AnalysisError.must("complete_df", "be positive", complete_df, fix="Give n less the coefficients.")
    within, between = float(np.mean(standard_errors**2)), float(np.var(estimates, ddof=1))
    total = within + (1.0 + 1.0 / imputations) * between
    increase = (1.0 + 1.0 / imputations) * between / within
    df = _barnard_rubin(imputations, increase, complete_df)
    fraction = (increase + 2.0 / (df + 3.0)) / (1.0 + increase)
    return Pooled(float(estimates.mean()), within, between, total, df, increase, fraction)


def _barnard_rubin(imputations: int, increase: float, complete_df: float) -> float:
    """Compute the degrees of freedom for a sample of limited size.

    Args:
        imputations: Number of imputations.
        increase: Relative increase in variance due to missing values.
        complete_df: Degrees of freedom of the complete data.
    """
    share = increase / (1.0 + increase)
    # Reciprocals, so that no variance between imputations and an infinite sample need no cases of their own.
    reciprocal = share**2 / (imputations - 1)
    if not np.isinf(complete_df):
        reciprocal += (complete_df + 3.0) / (complete_df + 1.0) / complete_df * (1.0 + increase)
    return float(np.inf if reciprocal == 0.0 else 1.0 / reciprocal)
