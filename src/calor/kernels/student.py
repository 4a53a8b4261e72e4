"""Student's t as a normal score, so that t statistics can be combined."""

from __future__ import annotations

import math

from numba import njit

from calor.kernels.counter_random import quantile

_TINY = 1e-300


@njit(cache=True)
def normal_score(t: float, df: float) -> float:
    """Return z with the same tail probability as t with `df` degrees of freedom.

    >>> round(normal_score(2.0, 10.0), 6), round(normal_score(-2.0, 1e7), 6)
    (1.79041, -2.0)
    """
    if t == 0.0:
        return 0.0
    tail = 0.5 * incomplete_beta(0.5 * df, 0.5, df / (df + t * t))
    return math.copysign(-quantile(max(tail, _TINY)), t)


@njit(cache=True)
def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularized incomplete beta function, by its continued fraction.

    >>> round(incomplete_beta(2.0, 3.0, 0.4), 10)
    0.5248

    Reference: Didonato AR, Morris AH. ACM Transactions on Mathematical Software 1992;18:360-373.
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / (a * _fraction(a, b, x))


@njit(cache=True)
def _fraction(a: float, b: float, x: float) -> float:
    """Evaluate the continued fraction 1 + d1/(1 + d2/(1 + ...)) by Lentz's method."""
    value = c = 1.0
    d = 0.0
    for i in range(1, 500):
        m = i // 2
        if i % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / (1.0 + term * d)
        c = 1.0 + term / c
        value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value
