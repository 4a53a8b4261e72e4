"""Standard errors, degrees of freedom and tests of contrasts in a fitted model for repeated measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy import stats

from calor.analyze.estimate import Estimate, Exclusion
from calor.errors import AnalysisError


@dataclass(frozen=True)
class FTest:
    """A joint test of several contrasts.

    Attributes:
        statistic: F, scaled where the method asks for it.
        numerator_df: Number of independent contrasts.
        denominator_df: Degrees of freedom of the error.
        p_value: Probability of a larger F when every contrast is zero.
    """

    statistic: float
    numerator_df: int
    denominator_df: float
    p_value: float

    @classmethod
    def of(cls, statistic: float, numerator_df: int, denominator_df: float) -> FTest:
        """Look up the p-value.

        >>> round(FTest.of(4.0, 2, 10.0).p_value, 4)
        0.0529
        """
        p_value = float(stats.f.sf(statistic, numerator_df, denominator_df))
        return cls(statistic, numerator_df, denominator_df, p_value)


@dataclass(frozen=True)
class Inference:
    """A covariance of the coefficients and the degrees of freedom that go with it.

    Attributes:
        name: As a paper prints it.
        coefficients: Fixed effects.
        vcov: Their covariance by this method.
        df: Degrees of freedom of a single contrast.
        joint: Test of several contrasts that are linearly independent.
    """

    name: str
    coefficients: Float[np.ndarray, " coefficient"]
    vcov: Float[np.ndarray, "coefficient coefficient"]
    df: Callable[[Float[np.ndarray, " coefficient"]], float]
    joint: Callable[[Float[np.ndarray, "contrast coefficient"]], FTest]

    def estimate(
        self,
        contrast: Float[np.ndarray, " coefficient"],
        label: str,
        *,
        level: float,
        n: int,
        model: str = "MMRM",
        excluded: tuple[Exclusion, ...] = (),
    ) -> Estimate:
        """Estimate one contrast with its t interval and two-sided p-value.

        Args:
            contrast: Weights of the coefficients.
            label: What the contrast estimates.
            level: Confidence level, 0 to 1.
            n: Participants used.
            model: The model's name, printed before the method's.
            excluded: Participants left out.
        """
        if not contrast.any():
            raise AnalysisError.must("contrast", "weigh some coefficient", "zeros", fix="Give its weights.")
        estimate = float(contrast @ self.coefficients)
        se = float(np.sqrt(contrast @ self.vcov @ contrast))
        df = self.df(contrast)
        half = float(stats.t.isf((1.0 - level) / 2.0, df)) * se
        return Estimate(
            label=label,
            estimate=estimate,
            lower=estimate - half,
            upper=estimate + half,
            level=level,
            scale="difference",
            method=f"{model}, {self.name}",
            n=n,
            se=se,
            p_value=float(2.0 * stats.t.sf(abs(estimate) / se, df)),
            df=df,
            excluded=excluded,
        )


def wald_f(
    coefficients: Float[np.ndarray, " coefficient"],
    vcov: Float[np.ndarray, "coefficient coefficient"],
    contrasts: Float[np.ndarray, "contrast coefficient"],
) -> float:
    """Compute the unscaled F statistic of several contrasts.

    Raises:
        AnalysisError: The contrasts are linearly dependent.

    >>> wald_f(np.array([1.0, 2.0]), np.eye(2), np.eye(2))
    2.5
    """
    if np.linalg.matrix_rank(contrasts) < contrasts.shape[0]:
        raise AnalysisError.must(
            "contrasts", "be linearly independent", f"{contrasts.shape[0]} of which some follow", fix="Drop those."
        )
    values = contrasts @ coefficients
    spread = np.linalg.solve(contrasts @ vcov @ contrasts.T, values)
    return float(values @ spread) / float(contrasts.shape[0])
