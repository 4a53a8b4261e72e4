"""One linear model fitted to many weightings of the same participants: windows, bootstrap samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float


@dataclass(frozen=True)
class BatchedFits:
    """Weighted least-squares fits, one per row of weights.

    Attributes:
        coefficients: Coefficients of each fit; zero where it is not usable.
        unscaled: Inverse of X' W X of each fit.
        rss: Weighted residual sum of squares of each fit.
        usable: Whether the design of the fit was of full rank.
    """

    coefficients: Float[np.ndarray, "b p"]
    unscaled: Float[np.ndarray, "b p p"]
    rss: Float[np.ndarray, " b"]
    usable: Bool[np.ndarray, " b"]


def batched_least_squares(
    weights: Float[np.ndarray, "b n"], design: Float[np.ndarray, "n p"], response: Float[np.ndarray, " n"]
) -> BatchedFits:
    """Fit one model under each row of weights by way of its cross-products.

    Cross-products lose half of the digits, which resampling can afford; single fits use `least_squares`.

    Args:
        weights: Weight of each participant in each fit (counts, or 0 and 1).
        design: Columns of the model; the first is the intercept.
        response: Endpoint.

    Example:
        >>> X, y = np.column_stack([np.ones(4), [0.0, 1.0, 0.0, 1.0]]), np.array([1.0, 2.0, 2.0, 4.0])
        >>> fits = batched_least_squares(np.array([[1.0, 1, 1, 1], [1, 1, 0, 0]]), X, y)
        >>> fits.coefficients[:, 1].round(6).tolist(), fits.usable.tolist()
        ([1.5, 1.0], [True, True])

    Reference:
        Golub and Van Loan, Matrix Computations, 2013, section 5.3.2 (normal equations).
    """
    n, p = design.shape
    center = float(response.mean())
    scale = np.linalg.norm(design, axis=0)
    unit, y = design / np.where(scale > 0, scale, 1.0), response - center
    gram = (weights @ (unit[:, :, None] * unit[:, None, :]).reshape(n, p * p)).reshape(-1, p, p)
    cross = weights @ (unit * y[:, None])
    eigenvalues = np.linalg.eigvalsh(gram)
    usable = eigenvalues[:, 0] > 1e-10 * eigenvalues[:, -1]
    inverse = np.linalg.inv(np.where(usable[:, None, None], gram, np.eye(p)))
    b = np.where(usable[:, None], np.einsum("bij,bj->bi", inverse, cross), 0.0)
    rss = np.maximum(weights @ y**2 - np.einsum("bi,bi->b", b, cross), 0.0)
    coefficients = b / scale
    coefficients[usable, 0] += center
    return BatchedFits(coefficients, inverse / np.outer(scale, scale), rss, usable)
