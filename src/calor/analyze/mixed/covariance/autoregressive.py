"""First-order autoregressive: the correlation falls by the same factor from visit to visit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.correlation import correlation
from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def autoregressive(visits: int) -> tuple[Parametrized, int]:
    """Build the correlation matrix rho^|i - j|.

    Args:
        visits: Number of visits, at least two, in time order and taken as equally spaced.

    Returns:
        The correlation matrix as a function of one parameter, and the number of parameters, 1.

    >>> build, parameters = autoregressive(3)
    >>> build(np.array([1 / np.sqrt(3)])).value[0, 0].round(3).tolist()
    [1.0, 0.5, 0.25]
    """
    lag = np.abs(np.subtract.outer(np.arange(visits), np.arange(visits))).astype(float)

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        rho, slope, bend = correlation(parameter[0])
        once = lag * rho ** np.maximum(lag - 1.0, 0.0)
        twice = lag * (lag - 1.0) * rho ** np.maximum(lag - 2.0, 0.0)
        return Derivatives(
            (rho**lag)[None], (once * slope)[None, None], (twice * slope**2 + once * bend)[None, None, None]
        )

    return build, 1
