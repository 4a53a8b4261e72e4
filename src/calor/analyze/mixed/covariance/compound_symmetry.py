"""Compound symmetry: any two visits are equally correlated."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def compound_symmetry(visits: int) -> tuple[Parametrized, int]:
    """Build a correlation matrix with one correlation, kept above -1 / (visits - 1).

    Args:
        visits: Number of visits, at least two.

    Returns:
        The correlation matrix as a function of one parameter, and the number of parameters, 1.

    >>> build, parameters = compound_symmetry(3)
    >>> float(build(np.array([0.0])).value[0, 0, 1])
    0.25
    """
    floor = 1.0 / (visits - 1)
    off = 1.0 - np.eye(visits)

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        share = expit(parameter[0])
        slope = share * (1.0 - share) * (1.0 + floor)
        bend = slope * (1.0 - 2.0 * share)
        value = np.eye(visits) + (share * (1.0 + floor) - floor) * off
        return Derivatives(value[None], (slope * off)[None, None], (bend * off)[None, None, None])

    return build, 1
