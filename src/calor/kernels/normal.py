"""Normal density, tails and quantile, accurate in the far tails."""

from __future__ import annotations

import math

from numba import njit

_SQRT_2 = math.sqrt(2.0)
_INV_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)


@njit(cache=True)
def density(z: float) -> float:
    """Return the standard normal density at `z`.

    >>> round(density(0.0), 6)
    0.398942
    """
    return _INV_SQRT_2PI * math.exp(-0.5 * z * z)


@njit(cache=True)
def upper_tail(z: float) -> float:
    """Return P(Z > z), with full relative accuracy in the upper tail.

    >>> f"{upper_tail(8.0):.6e}"
    '6.220961e-16'
    """
    return 0.5 * math.erfc(z / _SQRT_2)


@njit(cache=True)
def lower_tail(z: float) -> float:
    """Return P(Z < z), with full relative accuracy in the lower tail.

    >>> f"{lower_tail(-8.0):.6e}"
    '6.220961e-16'
    """
    return 0.5 * math.erfc(-z / _SQRT_2)


@njit(cache=True)
def upper_quantile(p: float) -> float:
    """Return z with P(Z > z) = p, by Newton steps on the logarithm of the tail.

    The start is the rational approximation 26.2.23 of Abramowitz and Stegun (1964); the logarithm of the tail is
    concave, so that the steps converge from any start.

    >>> round(upper_quantile(0.025), 6), round(upper_quantile(1e-20), 6)
    (1.959964, 9.26234)
    """
    if p <= 0.0:
        return math.inf
    if p >= 1.0:
        return -math.inf
    if p > 0.5:
        return -upper_quantile(1.0 - p)
    r = math.sqrt(-2.0 * math.log(p))
    z = r - (2.515517 + r * (0.802853 + r * 0.010328)) / (1.0 + r * (1.432788 + r * (0.189269 + r * 0.001308)))
    for _ in range(20):
        tail = upper_tail(z)
        step = (math.log(tail) - math.log(p)) * tail / density(z)
        z += step
        if abs(step) < 1e-13 * (1.0 + abs(z)):
            break
    return z
