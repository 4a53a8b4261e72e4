"""Degrees of freedom counted rather than estimated: between-within and residual."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.inference import FTest, Inference, wald_f
from calor.analyze.mixed.marginal_model import MarginalFit
from calor.errors import AnalysisError


def between_within(fit: MarginalFit, vcov: Float[np.ndarray, "coefficient coefficient"]) -> Inference:
    """Give contrasts of participant-level terms the participants' degrees of freedom, others the measurements'.

    A contrast over both kinds gets the smaller; the intercept counts as within.

    Args:
        fit: A fitted model.
        vcov: Covariance of the coefficients to go with them.

    Raises:
        AnalysisError: No degrees of freedom are left.

    >>> from calor.analyze.mixed.covariance.structures import visit_covariance
    >>> from calor.analyze.mixed.longitudinal import Longitudinal
    >>> from calor.analyze.mixed.marginal_model import fit_marginal_model
    >>> y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 6.0, 1.0, 5.0])
    >>> who, when = np.arange(8) // 2, np.arange(8) % 2
    >>> design = np.column_stack([np.ones(8), when])
    >>> data = Longitudinal(y, design, ("first", "change"), who, when, np.zeros(4, dtype=int), np.ones(8))
    >>> fit = fit_marginal_model(data, visit_covariance("unstructured", data))
    >>> between_within(fit, fit.vcov).df(np.array([0.0, 1.0]))
    3.0

    Reference: Schluchter and Elashoff, Journal of Statistical Computation and Simulation 1990.
    """
    design, participant = fit.data.design, fit.data.participant
    # A column is between participants when it equals its own first value for each of them.
    first = np.unique(participant, return_index=True)[1]
    between = (design == design[first][participant]).all(axis=0)
    intercept = (design == design[0]).all(axis=0) & design.any(axis=0)
    participants = first.size
    df_between = participants - int(between.sum())
    df_within = participant.size - participants - int((~between).sum())
    each = np.where(between & ~intercept, df_between, df_within).astype(float)
    return _counted(fit, vcov, lambda contrast: float(each[contrast != 0].min()), "between-within")


def residual_df(fit: MarginalFit, vcov: Float[np.ndarray, "coefficient coefficient"]) -> Inference:
    """Give every contrast the number of measurements less the number of coefficients.

    Correlated measurements carry less information than that: kept for comparison with older reports.

    Args:
        fit: A fitted model.
        vcov: Covariance of the coefficients to go with them.

    >>> from calor.analyze.mixed.covariance.structures import visit_covariance
    >>> from calor.analyze.mixed.longitudinal import Longitudinal
    >>> from calor.analyze.mixed.marginal_model import fit_marginal_model
    >>> y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 6.0, 1.0, 5.0])
    >>> who, when = np.arange(8) // 2, np.arange(8) % 2
    >>> design = np.column_stack([np.ones(8), when])
    >>> data = Longitudinal(y, design, ("first", "change"), who, when, np.zeros(4, dtype=int), np.ones(8))
    >>> fit = fit_marginal_model(data, visit_covariance("unstructured", data))
    >>> residual_df(fit, fit.vcov).df(np.array([0.0, 1.0]))
    6.0
    """
    left = float(fit.data.response.size - fit.coefficients.size)
    return _counted(fit, vcov, lambda _: left, "residual")


def _counted(
    fit: MarginalFit,
    vcov: Float[np.ndarray, "coefficient coefficient"],
    df: Callable[[Float[np.ndarray, " coefficient"]], float],
    name: str,
) -> Inference:
    """Join a covariance of the coefficients with a rule that counts degrees of freedom."""

    def checked(contrast: Float[np.ndarray, " coefficient"]) -> float:
        value = df(contrast)
        if value < 1.0:
            raise AnalysisError.must(
                "df", "leave at least one degree of freedom", value, fix="Drop covariates, or choose satterthwaite."
            )
        return value

    def joint(contrasts: Float[np.ndarray, "contrast coefficient"]) -> FTest:
        involved = np.abs(contrasts).sum(axis=0)
        return FTest.of(wald_f(fit.coefficients, vcov, contrasts), contrasts.shape[0], checked(involved))

    return Inference(f"{name} degrees of freedom", fit.coefficients, vcov, checked, joint)
