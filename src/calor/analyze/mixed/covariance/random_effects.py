"""Random effects: the covariance Z G Z' + s^2 I that random intercepts and slopes imply."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized
from calor.analyze.mixed.covariance.scale import scaled
from calor.analyze.mixed.covariance.unstructured import unstructured


def random_effects(design: Float[np.ndarray, "unit occasion effect"]) -> Parametrized:
    """Build Z G Z' + s^2 I for correlated random effects.

    Args:
        design: Z, the random effects' design of each unit.

    Returns:
        The covariance as a function of G's parameters (modified Cholesky) and log(s).

    >>> covariance = random_effects(np.ones((1, 2, 1)))
    >>> covariance(np.array([0.0, 0.0])).value[0].tolist()
    [[2.0, 1.0], [1.0, 2.0]]

    Reference: Laird and Ware, Biometrics 1982.
    """
    effects = design.shape[-1]
    between = scaled(unstructured(effects)[0], effects, each_visit=True)
    identity = np.eye(design.shape[1])

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        inner = between(parameter[:-1])
        residual = np.exp(2.0 * parameter[-1]) * identity
        transposed = np.swapaxes(design, 1, 2)
        value = design @ inner.value[0] @ transposed + residual
        units, count = design.shape[0], parameter.size
        first = np.empty((units, count, *identity.shape))
        first[:, :-1] = design[:, None] @ inner.first @ transposed[:, None]
        first[:, -1] = 2.0 * residual
        second = np.zeros((units, count, count, *identity.shape))
        second[:, :-1, :-1] = design[:, None, None] @ inner.second @ transposed[:, None, None]
        second[:, -1, -1] = 4.0 * residual
        return Derivatives(value, first, second)

    return build
