"""Least squares by a QR decomposition: the one fit behind every analysis of covariance, real or simulated."""

from __future__ import annotations

import numpy as np
from numba import njit

_SINGULAR = 1e-10


@njit(cache=True)
def qr_fit(design: np.ndarray, response: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Fit a linear model whose columns are linearly independent.

    Args:
        design: X, one row per participant, rows contiguous.
        response: y.

    Returns:
        Coefficients, residuals, Q of X = Q R, and the inverse of R.

    Reference: Golub GH, Van Loan CF. Matrix Computations. 2013, section 5.3.
    """
    basis, upper = np.linalg.qr(design)
    inverse = upper_inverse(upper)
    coefficients, residuals = np.zeros(upper.shape[0]), response.copy()
    for j in range(upper.shape[0]):
        projected = 0.0
        for i in range(response.size):
            projected += basis[i, j] * response[i]
        for i in range(response.size):
            residuals[i] -= projected * basis[i, j]
        for k in range(j + 1):
            coefficients[k] += inverse[k, j] * projected
    return coefficients, residuals, basis, inverse


@njit(cache=True, error_model="numpy")
def upper_inverse(upper: np.ndarray) -> np.ndarray:
    """Return the inverse of an upper triangular matrix.

    >>> upper_inverse(np.array([[2.0, 1.0], [0.0, 4.0]]))
    array([[ 0.5  , -0.125],
           [ 0.   ,  0.25 ]])
    """
    size = upper.shape[0]
    inverse = np.zeros((size, size))
    for j in range(size):
        inverse[j, j] = 1.0 / upper[j, j]
        for i in range(j - 1, -1, -1):
            total = 0.0
            for k in range(i + 1, j + 1):
                total += upper[i, k] * inverse[k, j]
            inverse[i, j] = -total / upper[i, i]
    return inverse


@njit(cache=True)
def independent(design: np.ndarray) -> bool:
    """Say whether rows outnumber columns and no column is a combination of the others."""
    if design.shape[0] <= design.shape[1]:
        return False
    upper = np.linalg.qr(design)[1]
    for j in range(design.shape[1]):
        length = 0.0
        for i in range(j + 1):
            length += upper[i, j] ** 2
        if upper[j, j] ** 2 <= _SINGULAR**2 * length:
            return False
    return True
