"""First-order ante-dependence: each step between neighboring visits has its own correlation."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from calor.analyze.mixed.covariance.correlation import correlation
from calor.analyze.mixed.covariance.derivatives import Derivatives, Parametrized


def ante_dependence(visits: int) -> tuple[Parametrized, int]:
    """Build the correlation matrix whose entry (i, j) is the product of the steps from i to j.

    Args:
        visits: Number of visits, at least two, in time order; spacing is free.

    Returns:
        The correlation matrix as a function of one parameter per step, and their number.

    >>> build, parameters = ante_dependence(3)
    >>> build(np.array([1 / np.sqrt(3), 0.0])).value[0, 0].round(3).tolist()
    [1.0, 0.5, 0.0]

    Reference: Gabriel, Annals of Mathematical Statistics 1962.
    """
    first, last = np.sort(np.indices((visits, visits)), axis=0)
    count = visits - 1
    step = np.arange(count)
    spans: Bool[np.ndarray, "visit visit step"] = (first[..., None] <= step) & (step < last[..., None])
    # The derivative in a step leaves that step out of the product and is zero where the span does not cross it.
    leave = ~np.eye(count, dtype=bool)
    leave_two = leave[:, None, :] & leave[None, :, :]
    crosses = np.moveaxis(spans, -1, 0)
    crosses_two = crosses[:, None] & crosses[None, :] & leave[:, :, None, None]

    def build(parameter: Float[np.ndarray, " parameter"]) -> Derivatives:
        rho, slope, bend = correlation(parameter)
        factor = np.where(spans, rho, 1.0)
        value = factor.prod(-1)
        once = np.where(leave[:, None, None, :], factor, 1.0).prod(-1) * crosses
        twice = np.where(leave_two[:, :, None, None, :], factor, 1.0).prod(-1) * crosses_two
        second = twice * np.multiply.outer(slope, slope)[..., None, None]
        second[step, step] = once * bend[:, None, None]
        return Derivatives(value[None], (once * slope[:, None, None])[None], second[None])

    return build, count
