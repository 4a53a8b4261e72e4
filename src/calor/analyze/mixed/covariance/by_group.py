"""Each group of participants with a covariance of its own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def by_group(covariance: Parametrized, groups: int) -> Parametrized:
    """Give each group its own copy of a structure's parameters.

    Args:
        covariance: The structure of one group, one matrix for all of it.
        groups: Number of groups; they become the units.

    Returns:
        The covariances as a function of the groups' parameters, one group after the other.

    >>> from calor.analyze.mixed.covariance.unstructured import unstructured
    >>> both = by_group(unstructured(2)[0], 2)
    >>> both(np.array([0.5, -0.5])).value[:, 0, 1].tolist()
    [0.5, -0.5]
    """

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        parts = [covariance(own) for own in parameter.reshape(groups, -1)]
        count, visits = parts[0].first.shape[1], parts[0].value.shape[-1]
        first = np.zeros((groups, groups, count, visits, visits))
        second = np.zeros((groups, groups, count, groups, count, visits, visits))
        for group, part in enumerate(parts):
            first[group, group] = part.first[0]
            second[group, group, :, group] = part.second[0]
        total = groups * count
        return Derivatives(
            np.concatenate([part.value for part in parts]),
            first.reshape(groups, total, visits, visits),
            second.reshape(groups, total, total, visits, visits),
        )

    return build
