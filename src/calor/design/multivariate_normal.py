"""Probabilities of the multivariate normal distribution, and what may be its correlation matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr
from scipy.stats import multivariate_normal

from calor.errors import DesignError

_LATTICE_SHIFT = 2013  # shifts the integration lattice, so that one question always has one answer


def check_correlation(
    correlation: Sequence[Sequence[float]] | Float[np.ndarray, "k k"], size: int
) -> Float[np.ndarray, "k k"]:
    """Return a matrix as an array, refusing one that is no correlation matrix.

    Raises:
        DesignError: Not square of the right size, not symmetric, no unit diagonal, or not positive semi-definite.

    >>> check_correlation([[1, 0.5], [0.5, 1]], 2)[0, 1]
    np.float64(0.5)
    """
    matrix = np.asarray(correlation, dtype=float)
    fix = "Give the correlation of every pair of test statistics."
    if matrix.shape != (size, size):
        raise DesignError.must("correlation", f"be {size} by {size}", f"shape {matrix.shape}", fix=fix)
    if not np.all(np.isfinite(matrix)) or not np.allclose(matrix, matrix.T, rtol=0, atol=1e-10):
        raise DesignError.must("correlation", "be finite and symmetric", matrix.tolist(), fix=fix)
    if not np.allclose(np.diag(matrix), 1, rtol=0, atol=1e-10):
        raise DesignError.must("correlation", "have 1 on the diagonal", np.diag(matrix).tolist(), fix=fix)
    smallest = float(np.linalg.eigvalsh(matrix)[0])
    if smallest < -1e-10:
        rule = "be positive semi-definite"
        raise DesignError.must("correlation", rule, f"smallest eigenvalue {smallest:.3g}", fix=fix)
    return matrix


def probability_below(
    upper: Float[np.ndarray, " k"], correlation: Float[np.ndarray, "k k"], error: float = 1e-6
) -> float:
    """Return the probability that standard normals with this correlation all stay at or below `upper`.

    Reference:
        Genz A. Numerical computation of multivariate normal probabilities. J Comput Graph Stat 1992.

    >>> round(probability_below(np.zeros(2), np.array([[1, 0.5], [0.5, 1]])), 6)
    0.333333
    """
    finite = upper < np.inf
    if upper.size == 0 or not finite.any():
        return 1.0
    if finite.sum() == 1:
        return float(ndtr(upper[finite][0]))
    return float(
        multivariate_normal.cdf(
            upper[finite],
            cov=correlation[np.ix_(finite, finite)],
            allow_singular=True,
            abseps=error,
            releps=0.0,
            maxpts=2_000_000,
            rng=np.random.default_rng(_LATTICE_SHIFT),
        )
    )
