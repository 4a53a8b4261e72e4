"""From correlation to covariance: one standard deviation for all visits, or one for each."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def scaled(correlation: Parametrized, visits: int, *, each_visit: bool) -> Parametrized:
    """Multiply rows and columns of a correlation matrix by standard deviations.

    Args:
        correlation: The correlation matrix as a function of its own parameters.
        visits: Number of visits.
        each_visit: Whether each visit has its own standard deviation (heterogeneous).

    Returns:
        The covariance as a function of the logarithms of the standard deviations, then the correlation's parameters.

    >>> from calor.analyze.mixed.covariance.autoregressive import autoregressive
    >>> covariance = scaled(autoregressive(2)[0], 2, each_visit=False)
    >>> covariance(np.array([np.log(2.0), 0.0])).value[0].round(12).tolist()
    [[4.0, 0.0], [0.0, 4.0]]
    """
    scales = visits if each_visit else 1
    at = np.eye(visits) if each_visit else np.ones((1, visits))
    # d log(sd_a sd_b) / d log sd_i
    share = at[:, :, None] + at[:, None, :]
    share_two = share[:, None] * share[None, :]

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        sd = np.broadcast_to(np.exp(parameter[:scales]), visits)
        inner = correlation(parameter[scales:])
        product = np.multiply.outer(sd, sd)
        value, first, second = inner.value * product, inner.first * product, inner.second * product
        units, count = first.shape[:2]
        total = scales + count
        whole = np.empty((units, total, total, visits, visits))
        whole[:, :scales, :scales] = value[:, None, None] * share_two
        cross = share[:, None] * first[:, None]
        whole[:, :scales, scales:] = cross
        whole[:, scales:, :scales] = np.swapaxes(cross, 1, 2)
        whole[:, scales:, scales:] = second
        return Derivatives(value, np.concatenate([value[:, None] * share, first], axis=1), whole)

    return build
