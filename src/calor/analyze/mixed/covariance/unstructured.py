"""Unstructured: every variance and every covariance free."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def unstructured(visits: int) -> tuple[Parametrized, int]:
    """Build L L' for a unit lower triangular L, whose rows are scaled afterwards (modified Cholesky).

    Args:
        visits: Number of visits.

    Returns:
        The matrix as a function of the entries below the diagonal of L, and how many there are.

    >>> build, parameters = unstructured(2)
    >>> build(np.array([0.5])).value[0].tolist()
    [[1.0, 0.5], [0.5, 1.25]]

    Reference: Pinheiro and Bates, Statistics and Computing 1996 (unconstrained parametrizations).
    """
    rows, columns = np.tril_indices(visits, -1)
    count = rows.size
    unit = np.zeros((count, visits, visits))
    unit[np.arange(count), rows, columns] = 1.0
    second = np.einsum("iab,jcb->ijac", unit, unit)
    second = second + np.swapaxes(second, -1, -2)

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        lower = np.eye(visits)
        lower[rows, columns] = parameter
        half = unit @ lower.T
        return Derivatives((lower @ lower.T)[None], (half + np.swapaxes(half, -1, -2))[None], second[None])

    return build, count
