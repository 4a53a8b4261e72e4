"""Satterthwaite degrees of freedom for contrasts of a model for repeated measures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.inference import FTest, Inference, wald_f
from calor.analyze.mixed.marginal_model import MarginalFit


def satterthwaite(fit: MarginalFit) -> Inference:
    """Match the contrast's variance to a scaled chi-square through its gradient in the covariance parameters.

    Args:
        fit: A fitted model.

    Returns:
        Model-based covariance with 2 v^2 / (g' W g) degrees of freedom, W the inverse observed information.

    >>> from calor.analyze.mixed.covariance.structures import visit_covariance
    >>> from calor.analyze.mixed.longitudinal import Longitudinal
    >>> from calor.analyze.mixed.marginal_model import fit_marginal_model
    >>> y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 6.0, 1.0, 5.0])
    >>> who, when = np.arange(8) // 2, np.arange(8) % 2
    >>> data = Longitudinal(y, np.eye(2)[when], ("first", "second"), who, when, np.zeros(4, dtype=int), np.ones(8))
    >>> result = satterthwaite(fit_marginal_model(data, visit_covariance("unstructured", data)))
    >>> round(result.df(np.array([1.0, 0.0])), 6)
    3.0

    Reference: Fai and Cornelius, Journal of Statistical Computation and Simulation 1996; Giesbrecht and Burns,
        Biometrics 1985.
    """
    information = np.linalg.inv(fit.optimum.hessian)
    gradient = fit.vcov_gradient

    def df(contrast: Float[np.ndarray, " coefficient"]) -> float:
        slope = gradient @ contrast @ contrast
        variance = float(contrast @ fit.vcov @ contrast)
        return 2.0 * variance**2 / float(slope @ information @ slope)

    return Inference("Satterthwaite", fit.coefficients, fit.vcov, df, spectral_f_test(fit.coefficients, fit.vcov, df))


def spectral_f_test(
    coefficients: Float[np.ndarray, " coefficient"],
    vcov: Float[np.ndarray, "coefficient coefficient"],
    df: Callable[[Float[np.ndarray, " coefficient"]], float],
) -> Callable[[Float[np.ndarray, "contrast coefficient"]], FTest]:
    """Join the degrees of freedom of the contrasts' principal directions into those of an F test.

    Reference: Fai and Cornelius, Journal of Statistical Computation and Simulation 1996.
    """

    def joint(contrasts: Float[np.ndarray, "contrast coefficient"]) -> FTest:
        statistic = wald_f(coefficients, vcov, contrasts)
        _, directions = np.linalg.eigh(contrasts @ vcov @ contrasts.T)
        each = np.array([df(row) for row in directions.T @ contrasts])
        return FTest.of(statistic, each.size, joint_df(each))

    return joint


def joint_df(each: Float[np.ndarray, " direction"]) -> float:
    """Combine the directions' degrees of freedom by the mean of the F distribution they imply.

    >>> joint_df(np.array([10.0, 10.0]))
    10.0
    """
    if np.ptp(each) < 1e-8:
        return float(each.mean())
    if (each <= 2.0).any():
        return 2.0
    expected = float((each / (each - 2.0)).sum())
    return 2.0 * expected / (expected - each.size)
