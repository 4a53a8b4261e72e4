"""Toeplitz: the correlation depends on how many visits lie between."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.correlation import correlation
from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def toeplitz(visits: int) -> tuple[Parametrized, int]:
    """Build a correlation matrix that is constant along each diagonal.

    Args:
        visits: Number of visits, at least two, in time order and taken as equally spaced.

    Returns:
        The correlation matrix as a function of one parameter per lag, and their number.

    >>> build, parameters = toeplitz(3)
    >>> build(np.array([1 / np.sqrt(3), 0.0])).value[0, 0].round(3).tolist()
    [1.0, 0.5, 0.0]
    """
    lag = np.abs(np.subtract.outer(np.arange(visits), np.arange(visits)))
    count = visits - 1
    at_lag = (lag == np.arange(1, visits)[:, None, None]).astype(float)

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        rho, slope, bend = correlation(parameter)
        value = np.eye(visits) + np.tensordot(rho, at_lag, 1)
        second = np.zeros((count, count, visits, visits))
        second[np.arange(count), np.arange(count)] = bend[:, None, None] * at_lag
        return Derivatives(value[None], (slope[:, None, None] * at_lag)[None], second[None])

    return build, count
