"""A matrix that depends on parameters, with its first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Derivatives:
    """A matrix per unit and how it moves with the parameters.

    A unit is a set of participants who share one matrix: everyone, one arm, or one set of coordinates.

    Attributes:
        value: The matrix itself.
        first: Its derivative in each parameter.
        second: Its second derivative in each pair of parameters.
    """

    value: Float[np.ndarray, "unit visit visit"]
    first: Float[np.ndarray, "unit parameter visit visit"]
    second: Float[np.ndarray, "unit parameter parameter visit visit"]


Parametrized = Callable[[Float[np.ndarray, " parameter"]], Derivatives]


@dataclass(frozen=True)
class Covariance:
    """A covariance structure ready to be fitted.

    Attributes:
        name: What a paper calls it.
        start: Parameters to start from.
        at: The matrices and their derivatives at given parameters.
    """

    name: str
    start: Float[np.ndarray, " parameter"]
    at: Parametrized
