"""Conditional power of Fisher's combination test: the stages left, integrated one inside the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.special import log_ndtr, ndtr, ndtri_exp

from calor.design.fisher_combination import FisherCombination
from calor.errors import DesignError

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
_REACH = 9.0  # SDs; beyond lies 1e-19

Array = Float[np.ndarray, "..."]


def conditional_power(
    test: FisherCombination, p_values: Sequence[float], shifts: Sequence[float]
) -> Float[np.ndarray, " stage"]:
    """Return the probability of rejecting by each remaining stage, given the p-values so far.

    Args:
        test: The combination test.
        p_values: One-sided stage-wise p-values of the stages done.
        shifts: Expected stage-wise z of each remaining stage's own data.

    Raises:
        DesignError: No stage is left, or not one finite shift per remaining stage.

    >>> design = FisherCombination([1 / 3, 2 / 3, 1], 0.025, futility_p=(0.5, 0.5), method="full_last_level")
    >>> conditional_power(design, [0.0968, 0.0826], [1.16]).round(2)
    array([0.43])

    Reference: Wassmer G, Brannath W. Group Sequential and Confirmatory Adaptive Designs in Clinical Trials. Springer
        2016.
    """
    left = test.weights.size - len(p_values)
    means = np.array(shifts, dtype=float)
    if left < 1 or means.shape != (left,) or not np.all(np.isfinite(means)):
        raise DesignError.must("shifts", f"be {left} finite numbers", shifts, fix="Give one per stage left.")
    start = np.array(-test.log_products(p_values)[-1])
    bounds = -np.log(test.critical_values[-left:])
    weights = test.weights[-left:]
    limits = np.append(np.asarray(test.futility_p, dtype=float), 1.0)[-left:]
    return np.array([float(_reject_by(start, bounds[:k], weights, means, limits)) for k in range(1, left + 1)])


def _reject_by(total: Array, bounds: Array, weights: Array, means: Array, limits: Array) -> Array:
    """Return the probability of reaching a bound at one of the stages, from sums of -w log p so far."""
    needed = np.maximum(bounds[0] - total, 0.0) / weights[0]
    reject_from = -ndtri_exp(np.minimum(-needed, -1e-300))
    rejected = ndtr(means[0] - reject_from)
    if bounds.size == 1:
        return np.asarray(rejected)
    stop_below = -ndtri_exp(np.log(limits[0])) if limits[0] < 1 else -np.inf
    low = np.maximum(stop_below, means[0] - _REACH)
    high = np.clip(reject_from, low, means[0] + _REACH)
    half = 0.5 * (high - low)[..., None]
    z = low + half * (1.0 + _NODES)
    later = _reject_by(total[..., None] - weights[0] * log_ndtr(-z), bounds[1:], weights[1:], means[1:], limits[1:])
    density = np.exp(-0.5 * (z - means[0]) ** 2) / np.sqrt(2 * np.pi)
    return np.asarray(rejected + np.sum(half * _WEIGHTS * density * later, axis=-1))
