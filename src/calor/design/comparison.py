"""Comparison: allocation, null value and direction of two arms, which every endpoint's sample size needs."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

import numpy as np
from jaxtyping import Float

from calor.errors import DesignError


@dataclass(frozen=True)
class Comparison:
    """How treatment is compared with control.

    Attributes:
        allocation_ratio: Treatment to control.
        null: Effect under the null hypothesis. None is no effect (0 for a difference, 1 for a ratio); another value is
            a margin, of non-inferiority or of superiority by more than nothing.
        benefit: The direction in which a one-sided test rejects; None is the side on which the assumed effect lies.

    Raises:
        DesignError: A ratio that is not positive, a null that is not finite, an unknown direction.

    >>> Comparison(allocation_ratio=2).shares.round(3)
    array([0.333, 0.667])
    """

    allocation_ratio: float = 1.0
    null: float | None = None
    benefit: Literal["higher", "lower"] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.allocation_ratio < inf:
            fix = "2 gives two treated to one control."
            raise DesignError.must("allocation_ratio", "be positive and finite", self.allocation_ratio, fix=fix)
        if self.null is not None and not -inf < self.null < inf:
            raise DesignError.must("null", "be finite", self.null, fix="Leave it out for no effect.")
        if self.benefit not in (None, "higher", "lower"):
            raise DesignError.must("benefit", "be higher, lower or None", repr(self.benefit), fix="Choose one.")

    @property
    def shares(self) -> Float[np.ndarray, " arm"]:
        """Share of participants under control and under treatment."""
        return np.array([1.0, self.allocation_ratio]) / (1 + self.allocation_ratio)

    def direction(self, distance: float) -> float:
        """Return 1 if a one-sided test rejects for effects above the null, -1 below; `distance` is effect less null."""
        if self.benefit is None:
            return 1.0 if distance >= 0 else -1.0
        return 1.0 if self.benefit == "higher" else -1.0

    def directed(self, distance: float) -> float:
        """Return the direction of benefit, refusing an effect at the null or on the wrong side of it."""
        direction = self.direction(distance)
        if not distance * direction > 0:
            rule = f"lie on the side of benefit of the null ({self.benefit or 'either side'})"
            fix = "No number of participants shows an effect that is not there."
            raise DesignError.must("effect", rule, f"{distance:+g} from it", fix=fix)
        return direction


SUPERIORITY = Comparison()
