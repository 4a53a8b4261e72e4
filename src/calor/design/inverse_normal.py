"""The inverse normal combination test: stage-wise p-values, weighted in advance, against group-sequential bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.design.group_sequential import GroupSequential
from calor.design.p_values import checked_p_values
from calor.errors import DesignError
from calor.kernels.normal import upper_quantile


@dataclass(frozen=True, eq=False)
class InverseNormal:
    """A one-sided combination test with the bounds of a group-sequential design.

    The weights are fixed by the planned fractions, so that the level holds whatever the later stages' sizes become.

    Attributes:
        design: The group-sequential design that gives bounds and weights.

    >>> from calor.design import GroupSequential, spending
    >>> test = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.pocock(0.025)))
    >>> test.statistics([0.0367, 0.0635]).round(3), test.design.efficacy_bounds.round(3)
    (array([1.79 , 2.345]), array([2.157, 2.201]))

    Reference: Lehmacher W, Wassmer G. Biometrics 1999;55:1286-1290.
    """

    design: GroupSequential

    def __post_init__(self) -> None:
        if self.design.sides != 1:
            raise DesignError.must("design", "be one-sided", "two sides", fix="Combine p-values of one direction.")

    def __str__(self) -> str:
        return f"inverse normal combination test: {self.design}"

    @property
    def weights(self) -> Float[np.ndarray, " stage"]:
        """Weight of each stage's normal score; their squares add to the last fraction."""
        return np.sqrt(np.diff(self.design.information_fractions, prepend=0.0))

    def statistics(self, p_values: Sequence[float] | Float[np.ndarray, " stage"]) -> Float[np.ndarray, " stage"]:
        """Return the combined z up to each stage done.

        Args:
            p_values: One-sided stage-wise p-values.

        Raises:
            DesignError: None or too many p-values, or one outside 0 to 1.

        >>> from calor.design import GroupSequential, spending
        >>> InverseNormal(GroupSequential([1.0], efficacy=spending.pocock(0.025))).statistics([0.025]).round(2)
        array([1.96])
        """
        p = checked_p_values(p_values, self.weights.size)
        scores = np.array([upper_quantile(float(value)) for value in p])
        weights = self.weights[: p.size]
        combined: Float[np.ndarray, " stage"] = np.cumsum(weights * scores) / np.sqrt(np.cumsum(weights**2))
        return combined
