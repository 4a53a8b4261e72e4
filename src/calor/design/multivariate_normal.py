"""Probabilities of the multivariate normal distribution, and what may be its correlation matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, owens_t
from scipy.stats import multivariate_normal

from calor.errors import DesignError

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_REACH = 8.5  # SDs, beyond which lies 1e-17
_INTEGRATED = 4  # variables that nested integration answers in well under a second
_SINGULAR = 1e-4  # smallest eigenvalue below which conditional spreads vanish
_LATTICE_POINTS = 2_000_000
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

    Up to four variables are integrated to about 1e-10: two in closed form by Owen's T, the others by conditioning. More
    of them, or a singular correlation, are left to a lattice rule with the error asked for.

    Reference:
        Owen DB. Tables for computing bivariate normal probabilities. Annals of Mathematical Statistics 1956. Genz A.
        Numerical computation of multivariate normal probabilities. J Comput Graph Stat 1992.

    >>> round(probability_below(np.zeros(2), np.array([[1, 0.5], [0.5, 1]])), 6)
    0.333333
    """
    finite = upper < np.inf
    bounds, matrix = upper[finite], correlation[np.ix_(finite, finite)]
    if bounds.size == 0:
        return 1.0
    if bounds.min() == -np.inf:
        return 0.0
    if bounds.size == 1:
        return float(ndtr(bounds[0]))
    if bounds.size <= _INTEGRATED and np.linalg.eigvalsh(matrix)[0] > _SINGULAR:
        return float(_below(bounds[None, :], matrix)[0])
    lattice = np.random.default_rng(_LATTICE_SHIFT)
    found = multivariate_normal.cdf(
        bounds, cov=matrix, allow_singular=True, abseps=error, releps=0.0, maxpts=_LATTICE_POINTS, rng=lattice
    )
    return float(found)


def _below(bounds: Float[np.ndarray, "row k"], correlation: Float[np.ndarray, "k k"]) -> Float[np.ndarray, " row"]:
    """Return the probability for each row of bounds, conditioning on the first variable until two are left."""
    if bounds.shape[1] == 2:
        return _bivariate(bounds[:, 0], bounds[:, 1], float(correlation[0, 1]))
    others = correlation[0, 1:]
    spread = np.sqrt(1 - others**2)
    left = (correlation[1:, 1:] - np.outer(others, others)) / np.outer(spread, spread)
    start = np.minimum(bounds[:, 0], 0.0) - _REACH
    panels = int(np.ceil(2 * _REACH / (2 * min(1.0, float(spread.min())))))
    edges = np.arange(panels)[:, None] + (_NODES + 1) / 2
    width = (np.minimum(bounds[:, 0], _REACH) - start) / panels
    x = start[:, None] + width[:, None] * edges.ravel()
    weight = np.tile(_WEIGHTS, panels) * width[:, None] / 2 * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    conditional = (bounds[:, None, 1:] - x[..., None] * others) / spread
    inner = _below(conditional.reshape(-1, others.size), left).reshape(x.shape)
    return np.asarray((weight * inner).sum(axis=1))


def _bivariate(
    h: Float[np.ndarray, " row"], k: Float[np.ndarray, " row"], correlation: float
) -> Float[np.ndarray, " row"]:
    """Return P(X <= h, Y <= k) by Owen's T."""
    h, k = np.where(h == 0, 1e-300, h), np.where(k == 0, 1e-300, k)  # the limit from above
    spread = np.sqrt(1 - correlation**2)
    total = (ndtr(h) + ndtr(k)) / 2 - np.where(h * k < 0, 0.5, 0.0)
    with np.errstate(over="ignore"):
        slopes = (k - correlation * h) / (h * spread), (h - correlation * k) / (k * spread)
    return np.asarray(total - owens_t(h, slopes[0]) - owens_t(k, slopes[1]))
