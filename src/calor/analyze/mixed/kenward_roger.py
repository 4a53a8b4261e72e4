"""Kenward-Roger standard errors and degrees of freedom."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.natural import LINEAR, natural_bend
from calor.analyze.mixed.inference import FTest, Inference, wald_f
from calor.analyze.mixed.marginal_model import MarginalFit
from calor.errors import AnalysisError

Form = Literal["second-order", "linear", "SAS"]
_NAMES: dict[Form, str] = {
    "second-order": "Kenward-Roger",
    "linear": "Kenward-Roger (linear)",
    "SAS": "Kenward-Roger (as SAS)",
}


def kenward_roger(
    fit: MarginalFit, *, form: Form = "second-order", information: Literal["observed", "expected"] = "observed"
) -> Inference:
    """Inflate the coefficients' covariance for having estimated the variances, and match F to its moments.

    Args:
        fit: A model fitted by REML.
        form: The second derivatives of the covariance enter the standard errors, and depend on how the structure is
            parametrized: by log standard deviations and unbounded correlations ("second-order", what R's mmrm does),
            or by variances and correlations ("SAS"). "linear" leaves them out, and so does SAS for the structures
            that are linear in their covariances (unstructured, compound symmetry, Toeplitz).
        information: Which information gives the covariance of the variance parameters.

    Raises:
        AnalysisError: The model was not fitted by REML.

    >>> from calor.analyze.mixed.covariance.structures import visit_covariance
    >>> from calor.analyze.mixed.longitudinal import Longitudinal
    >>> from calor.analyze.mixed.marginal_model import fit_marginal_model
    >>> y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 6.0, 1.0, 5.0, 3.0, 3.0, 0.0, 1.0])
    >>> who, when = np.arange(12) // 2, np.arange(12) % 2
    >>> data = Longitudinal(y, np.eye(2)[when], ("first", "second"), who, when, np.zeros(6, dtype=int), np.ones(12))
    >>> result = kenward_roger(fit_marginal_model(data, visit_covariance("unstructured", data)), form="linear")
    >>> test = result.joint(np.eye(2))  # Hotelling's T-square has 2 and 6 - 2 degrees of freedom
    >>> test.numerator_df, round(test.denominator_df, 6)
    (2, 4.0)

    Reference: Kenward and Roger, Biometrics 1997.
    """
    if fit.method != "REML":
        raise AnalysisError.must(
            "df", "be satterthwaite, between-within or residual after ML", "kenward-roger", fix='Or fit by "REML".'
        )
    weights = np.linalg.inv(fit.optimum.hessian if information == "observed" else fit.optimum.expected)
    gradient = fit.vcov_gradient
    adjusted = _adjusted_vcov(fit, weights, form)

    def df(contrast: Float[np.ndarray, " coefficient"]) -> float:
        slope = gradient @ contrast @ contrast / float(contrast @ fit.vcov @ contrast)
        return 2.0 / float(slope @ weights @ slope)

    def joint(contrasts: Float[np.ndarray, "contrast coefficient"]) -> FTest:
        statistic = wald_f(fit.coefficients, adjusted, contrasts)
        unit = np.linalg.solve(np.linalg.cholesky(contrasts @ fit.vcov @ contrasts.T), contrasts)
        scale, denominator = _moment_match(unit @ gradient @ unit.T, weights)
        return FTest.of(scale * statistic, contrasts.shape[0], denominator)

    return Inference(_NAMES[form], fit.coefficients, adjusted, df, joint)


def _adjusted_vcov(
    fit: MarginalFit, weights: Float[np.ndarray, "parameter parameter"], form: Form
) -> Float[np.ndarray, "coefficient coefficient"]:
    """Compute Phi + 2 Phi [sum W_ij (Q_ij - P_i Phi P_j - R_ij / 4)] Phi."""
    best, data = fit.optimum, fit.patterns
    inverse, phi = best.inverse, best.phi
    weighted = np.tensordot(weights, best.middle, axes=(1, 1)).swapaxes(0, 1)
    kernel = inverse @ (best.middle @ weighted).sum(axis=1)
    if form == "second-order" or (form == "SAS" and fit.structure not in LINEAR):
        second = np.tensordot(best.covariance.second, weights, axes=([1, 2], [0, 1]))
        if form == "SAS":
            visits, units = fit.covariance.shape[-1], 1 if fit.structure.startswith("spatial") else len(second)
            bend = natural_bend(fit.structure, fit.parameters, visits=visits, units=units)
            second = second - np.tensordot(best.covariance.first, bend * np.diag(weights), axes=(1, 0))
        kernel = kernel - 0.25 * inverse @ second[data.unit] @ inverse
    columns = data.cross.shape[-1]
    whole = (kernel.reshape(-1) @ data.cross.reshape(kernel.size, -1)).reshape(columns, columns)
    slope = best.gamma[:, :-1, :-1]
    moved = np.tensordot(weights, slope, axes=(1, 0))
    excess = whole[:-1, :-1] - (slope @ phi @ moved).sum(axis=0)
    adjusted = fit.to_names(phi + 2.0 * phi @ excess @ phi)
    return np.asarray(0.5 * (adjusted + adjusted.T))


def _moment_match(
    slope: Float[np.ndarray, "parameter contrast contrast"], weights: Float[np.ndarray, "parameter parameter"]
) -> tuple[float, float]:
    """Give the factor of F and its denominator degrees of freedom.

    Args:
        slope: Derivative of the contrasts' covariance in each parameter, in units where that covariance is 1.
        weights: Covariance of the parameters.

    Raises:
        AnalysisError: The F distribution to be matched would have no mean.
    """
    count = slope.shape[-1]
    traces = np.trace(slope, axis1=1, axis2=2)
    a1 = float(traces @ weights @ traces)
    flat = slope.reshape(slope.shape[0], -1)
    a2 = float(np.sum((weights @ flat) * flat))
    if count == 1:
        return 1.0, 2.0 / a2
    if a2 > count * (1.0 - 1e-6):
        raise AnalysisError.must(
            "contrasts", f"be fewer than {count} for so few participants", count, fix="Test fewer visits at once."
        )
    b = (a1 + 6.0 * a2) / (2.0 * count)
    g = ((count + 1.0) * a1 - (count + 4.0) * a2) / ((count + 2.0) * a2)
    below = 3.0 * count + 2.0 * (1.0 - g)
    c1, c2, c3 = g / below, (count - g) / below, (count + 2.0 - g) / below
    mean = 1.0 / (1.0 - a2 / count)
    variance = (2.0 / count) * (1.0 + c1 * b) / ((1.0 - c2 * b) ** 2 * (1.0 - c3 * b))
    ratio = variance / (2.0 * mean**2)
    denominator = 4.0 + (count + 2.0) / (count * ratio - 1.0)
    return denominator / (mean * (denominator - 2.0)), denominator
