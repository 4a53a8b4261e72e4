"""Restricted (and full) likelihood of a linear model for repeated measures, with exact gradient and Hessian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.derivatives import Derivatives
from calor.analyze.mixed.patterns import Patterns

Method = Literal["REML", "ML"]


@dataclass(frozen=True)
class Likelihood:
    """Minus the log likelihood at one parameter, and what inference takes from it.

    Coefficients are those of the orthonormal design of `Patterns`.

    Attributes:
        value: Minus the log likelihood.
        gradient: Its first derivative.
        hessian: Its second derivative: the observed information at the optimum.
        expected: The expected information.
        coefficient: Generalized least-squares coefficients.
        phi: Their covariance, (X'V^-1 X)^-1.
        gamma: Sum of z'V^-1 V_j V^-1 z over participants, z the design with the response behind it.
        inverse: V^-1 of each pattern, zero where an occasion is not observed.
        middle: V_j V^-1 of each pattern.
        covariance: The covariance matrices and their derivatives.
    """

    value: float
    gradient: Float[np.ndarray, " parameter"]
    hessian: Float[np.ndarray, "parameter parameter"]
    expected: Float[np.ndarray, "parameter parameter"]
    coefficient: Float[np.ndarray, " coefficient"]
    phi: Float[np.ndarray, "coefficient coefficient"]
    gamma: Float[np.ndarray, "parameter column column"]
    inverse: Float[np.ndarray, "pattern occasion occasion"]
    middle: Float[np.ndarray, "pattern parameter occasion occasion"]
    covariance: Derivatives


@dataclass(frozen=True)
class _Value:
    value: float
    inverse: Float[np.ndarray, "pattern occasion occasion"]
    coefficient: Float[np.ndarray, " coefficient"]
    phi: Float[np.ndarray, "coefficient coefficient"]


def minus_log_likelihood(data: Patterns, covariance: Derivatives, method: Method) -> _Value | None:
    """Evaluate minus the log likelihood; None where a covariance is not positive definite.

    Reference: Patterson and Thompson, Biometrika 1971; Harville, Journal of the American Statistical Association 1977.
    """
    both = data.seen[:, :, None] * data.seen[:, None, :]
    blank = np.eye(data.seen.shape[1]) * (1.0 - data.seen)[:, :, None]
    observed = covariance.value[data.unit] * both + blank
    if not np.isfinite(observed).all():
        return None
    try:
        triangle = np.linalg.cholesky(observed)
        inverse = np.linalg.inv(observed) * both
        normal = (inverse.reshape(-1) @ data.cross.reshape(inverse.size, -1)).reshape(data.cross.shape[-2:])
        root = np.linalg.cholesky(normal[:-1, :-1])
    except np.linalg.LinAlgError:
        return None
    phi = np.linalg.inv(normal[:-1, :-1])
    coefficient = phi @ normal[:-1, -1]
    residual = float(normal[-1, -1] - normal[:-1, -1] @ coefficient)
    diagonal = np.log(np.diagonal(triangle, axis1=1, axis2=2))
    log_det = 2.0 * float(data.size @ diagonal.sum(axis=1)) - data.log_weight
    free = data.measurements
    if method == "REML":
        free -= coefficient.size
        log_det += 2.0 * float(np.log(np.diag(root)).sum()) + data.log_det
    value = 0.5 * (free * np.log(2.0 * np.pi) + log_det + residual)
    return _Value(value, inverse, coefficient, phi) if np.isfinite(value) else None


def differentiate(data: Patterns, covariance: Derivatives, at: _Value, method: Method) -> Likelihood:
    """Add gradient, Hessian and expected information to a likelihood.

    With K = n V^-1 - V^-1 S V^-1 in each pattern, where S sums z M z' and M holds Phi (REML) and the outer product of
    (-beta, 1), the gradient is 1/2 sum <V_j, K> and the Hessian differentiates it once more.

    Reference: Lindstrom and Bates, Journal of the American Statistical Association 1988; Kenward and Roger,
        Biometrics 1997 (expected information).
    """
    restricted = method == "REML"
    phi, inverse, size = at.phi, at.inverse, data.size[:, None, None]
    contrast = np.append(-at.coefficient, 1.0)
    spread = np.zeros((contrast.size, contrast.size))
    spread[:-1, :-1] = phi
    occasions, columns = data.cross.shape[1], contrast.size
    summed = data.cross.reshape(-1, columns * columns) @ np.column_stack(
        [spread.reshape(-1), np.multiply.outer(contrast, contrast).reshape(-1)]
    )
    fixed, random = (summed[:, i].reshape(inverse.shape) @ inverse for i in (0, 1))
    scatter = random + fixed if restricted else random

    first = covariance.first[data.unit]
    middle = first @ inverse[:, None]
    outer = inverse[:, None] @ middle
    parameters = first.shape[1]
    gamma = (np.swapaxes(outer, 0, 1).reshape(parameters, -1) @ data.cross.reshape(-1, columns * columns)).reshape(
        parameters, columns, columns
    )

    kernel = size * inverse - inverse @ scatter
    per_unit = np.zeros_like(covariance.value)
    np.add.at(per_unit, data.unit, kernel)
    gradient = 0.5 * np.einsum("ujab,uab->j", covariance.first, per_unit)
    curvature = np.tensordot(covariance.second, per_unit, axes=([0, 3, 4], [0, 1, 2]))

    turned = np.swapaxes(middle, -1, -2).swapaxes(0, 1).reshape(parameters, -1)
    identity = np.eye(occasions)

    def trace(weight: Float[np.ndarray, "pattern occasion occasion"]) -> Float[np.ndarray, "parameter parameter"]:
        return np.asarray((weight[:, None] @ middle).swapaxes(0, 1).reshape(parameters, -1) @ turned.T)

    moved = gamma[:, :-1, :-1] @ phi
    adjusted = moved.reshape(parameters, -1) @ np.swapaxes(moved, 1, 2).reshape(parameters, -1).T
    pull = (gamma @ contrast)[:, :-1]
    hessian = curvature + trace(2.0 * scatter - size * identity) - 2.0 * pull @ phi @ pull.T
    expected = trace(size * identity - 2.0 * fixed) + adjusted if restricted else trace(size * identity)
    if restricted:
        hessian = hessian - adjusted
    return Likelihood(
        value=at.value,
        gradient=gradient,
        hessian=0.25 * (hessian + hessian.T),
        expected=0.25 * (expected + expected.T),
        coefficient=at.coefficient,
        phi=phi,
        gamma=gamma,
        inverse=inverse,
        middle=middle,
        covariance=covariance,
    )
