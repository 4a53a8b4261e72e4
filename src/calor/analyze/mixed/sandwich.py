"""Sandwich covariance of the coefficients: empirical (CR0), bias-reduced (CR2) and jackknife (CR3)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.inference import Inference
from calor.analyze.mixed.marginal_model import MarginalFit
from calor.analyze.mixed.satterthwaite import spectral_f_test

Sandwich = Literal["empirical", "bias-reduced", "jackknife"]
_POWER: dict[str, float] = {"empirical": 0.0, "bias-reduced": -0.5, "jackknife": -1.0}


def sandwich(fit: MarginalFit, kind: Sandwich) -> Inference:
    """Estimate the coefficients' covariance from the participants' own residuals.

    The residuals of participant i are multiplied by a power of I - H_ii: 0 for CR0, -1/2 for CR2, -1 for CR3 (without
    the factor (n - 1) / n). Degrees of freedom are Bell and McCaffrey's, the fitted covariance taken as true.

    Args:
        fit: A fitted model.
        kind: Which sandwich.

    >>> from calor.analyze.mixed.covariance.structures import visit_covariance
    >>> from calor.analyze.mixed.longitudinal import Longitudinal
    >>> from calor.analyze.mixed.marginal_model import fit_marginal_model
    >>> y = np.array([1.0, 2.0, 4.0, 3.0, 2.0, 6.0, 1.0, 5.0])
    >>> who, when = np.arange(8) // 2, np.arange(8) % 2
    >>> data = Longitudinal(y, np.eye(2)[when], ("first", "second"), who, when, np.zeros(4, dtype=int), np.ones(8))
    >>> result = sandwich(fit_marginal_model(data, visit_covariance("unstructured", data)), "bias-reduced")
    >>> round(result.df(np.array([1.0, 0.0])), 6), round(float(result.vcov[0, 0]), 6)
    (3.0, 0.5)

    Reference: Bell and McCaffrey, Survey Methodology 2002; Pustejovsky and Tipton, Journal of Business and Economic
        Statistics 2018.
    """
    design, residual = _whitened(fit)
    phi = fit.optimum.phi
    hat = design @ phi @ np.swapaxes(design, 1, 2)
    adjusted = _matrix_power(np.eye(hat.shape[-1]) - hat, _POWER[kind]) @ design
    score = np.einsum("ito,it->io", adjusted, residual)
    vcov = fit.to_names(phi @ (score.T @ score) @ phi)
    root = np.linalg.cholesky(phi)

    def df(contrast: Float[np.ndarray, " coefficient"]) -> float:
        load = adjusted @ (phi @ (fit.patterns.to_names.T @ contrast))
        pull = np.einsum("ito,it->io", design, load) @ root
        gram = np.diag((load**2).sum(axis=1)) - pull @ pull.T
        return float(np.trace(gram) ** 2 / (gram**2).sum())

    return Inference(f"{kind} sandwich", fit.coefficients, vcov, df, spectral_f_test(fit.coefficients, vcov, df))


def _whitened(
    fit: MarginalFit,
) -> tuple[Float[np.ndarray, "participant occasion coefficient"], Float[np.ndarray, "participant occasion"]]:
    """Multiply each participant's design and residuals by the inverse root of their covariance."""
    data, best = fit.patterns, fit.optimum
    # The symmetric root; unobserved occasions have zero rows and stay zero.
    values, vectors = np.linalg.eigh(best.inverse)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]) @ np.swapaxes(vectors, 1, 2)
    rows = root[data.pattern] @ data.rows
    return rows[..., :-1], rows[..., -1] - rows[..., :-1] @ best.coefficient


def _matrix_power(
    matrix: Float[np.ndarray, "participant occasion occasion"], power: float
) -> Float[np.ndarray, "participant occasion occasion"]:
    """Raise symmetric matrices to a power, directions of eigenvalue zero left out (a pseudo-inverse)."""
    if power == 0.0:
        return np.broadcast_to(np.eye(matrix.shape[-1]), matrix.shape)
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-9
    scaled = np.where(kept, np.where(kept, values, 1.0) ** power, 0.0)
    return np.asarray((vectors * scaled[:, None, :]) @ np.swapaxes(vectors, 1, 2))
