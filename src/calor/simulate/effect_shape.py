"""How the treatment effect depends on the true marker: step, line, logistic or spline."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from calor.errors import SimulationError

Effect = Callable[[Float[np.ndarray, " marker"]], Float[np.ndarray, " marker"]]


def step(at: float, *, below: float, above: float) -> Effect:
    """Return a hazard ratio of `below` under the true marker `at`, and `above` from it on.

    >>> step(2.0, below=1.0, above=0.7)(np.array([1.0, 3.0]))
    array([1. , 0.7])
    """
    _positive(below=below, above=above, at=at)
    return lambda marker: np.where(marker < at, below, above)


def line(*, at_one: float, per_doubling: float) -> Effect:
    """Return a hazard ratio that is multiplied by `per_doubling` with every doubling of the marker.

    >>> line(at_one=1.0, per_doubling=0.9)(np.array([1.0, 4.0])).round(2)
    array([1.  , 0.81])
    """
    _positive(at_one=at_one, per_doubling=per_doubling)
    return lambda marker: np.asarray(at_one * per_doubling ** np.log2(marker))


def logistic(midpoint: float, *, low: float, high: float, steepness: float) -> Effect:
    """Return a hazard ratio that moves on the log scale from `low` to `high`, half of it done at `midpoint`.

    Args:
        midpoint: Marker at which half the change is done.
        low: Hazard ratio for a very low marker.
        high: Hazard ratio for a very high one.
        steepness: Slope in the log marker.

    >>> logistic(2.0, low=1.0, high=0.49, steepness=3.0)(np.array([2.0])).round(2)
    array([0.7])
    """
    _positive(midpoint=midpoint, low=low, high=high, steepness=steepness)

    def ratio(marker: Float[np.ndarray, " marker"]) -> Float[np.ndarray, " marker"]:
        share = 1 / (1 + np.exp(-steepness * np.log(marker / midpoint)))
        return np.asarray(low ** (1 - share) * high**share)

    return ratio


def spline(markers: Sequence[float], ratios: Sequence[float]) -> Effect:
    """Return a monotone-preserving cubic through hazard ratios, level outside them.

    >>> spline([1.0, 2.0, 5.0], [1.0, 0.8, 0.7])(np.array([0.5, 2.0])).round(2)
    array([1. , 0.8])

    Reference: Fritsch FN, Carlson RE. SIAM Journal on Numerical Analysis 1980;17:238-246.
    """
    x, y = np.array(markers, dtype=float), np.array(ratios, dtype=float)
    positive = all(bool(np.all((v > 0) & (v < np.inf))) for v in (x, y))
    if x.size != y.size or x.size < 2 or not positive or np.any(np.diff(x) <= 0):
        raise SimulationError.must("markers, ratios", "rise and be positive", (x, y), fix="Give two points or more.")
    curve = PchipInterpolator(np.log(x), np.log(y))
    return lambda marker: np.asarray(np.exp(curve(np.clip(np.log(marker), np.log(x[0]), np.log(x[-1])))))


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise SimulationError.must(name, "be positive", value, fix="Give a ratio; 1 is no effect.")
