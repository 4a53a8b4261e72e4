"""Spatial: the correlation falls with the distance between visits, exponentially or as a Gaussian."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def spatial(power_of_rho: Float[np.ndarray, "unit visit visit"]) -> tuple[Parametrized, int]:
    """Build the correlation matrices rho^d for given distances d, with 0 < rho < 1.

    Args:
        power_of_rho: Distance between visits for the exponential form, its square for the Gaussian form.

    Returns:
        The correlation matrices as a function of logit(rho), and the number of parameters, 1.

    >>> build, parameters = spatial(np.array([[[0.0, 2.0], [2.0, 0.0]]]))
    >>> float(build(np.array([0.0])).value[0, 0, 1])
    0.25
    """

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        rho = expit(parameter[0])
        value = rho**power_of_rho
        first = power_of_rho * value * (1.0 - rho)
        second = power_of_rho * (1.0 - rho) * (first - value * rho)
        return Derivatives(value, first[:, None], second[:, None, None])

    return build, 1


def distances(coordinates: Float[np.ndarray, "unit visit axis"]) -> Float[np.ndarray, "unit visit visit"]:
    """Measure the Euclidean distance between every two visits of each unit.

    >>> distances(np.array([[[0.0, 0.0], [3.0, 4.0]]]))[0, 0].tolist()
    [0.0, 5.0]
    """
    gap = coordinates[:, :, None, :] - coordinates[:, None, :, :]
    return np.asarray(np.sqrt((gap**2).sum(-1)))
