"""Weights of Fleming and Harrington: where on the survivor function a log-rank test looks."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from jaxtyping import Float

from calor.errors import DesignError


@dataclass(frozen=True)
class FlemingHarrington:
    """Weights S**rho * (1 - S)**gamma of the pooled survivor function S.

    Attributes:
        rho: Above 0 weighs early differences.
        gamma: Above 0 weighs late differences; both 0 is the log-rank test.

    Raises:
        DesignError: A power that is negative or infinite.

    Reference:
        Fleming TR, Harrington DP. Counting Processes and Survival Analysis. Wiley 1991, ch. 7.

    >>> FlemingHarrington(0, 0.5).at(np.array([1.0, 0.75, 0.36]))
    array([0. , 0.5, 0.8])
    """

    rho: float
    gamma: float

    def __post_init__(self) -> None:
        for name, value in (("rho", self.rho), ("gamma", self.gamma)):
            if not 0 <= value < inf:
                raise DesignError.must(name, "be finite and not negative", value, fix="0 and 0 is the log-rank test.")

    def at(self, survival: Float[np.ndarray, "*node"]) -> Float[np.ndarray, "*node"]:
        """Return the weight where the pooled survivor function has these values."""
        return np.asarray(survival**self.rho * (1 - survival) ** self.gamma)

    def __str__(self) -> str:
        return f"FH({self.rho:g}, {self.gamma:g})"
