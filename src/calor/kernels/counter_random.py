"""Random numbers that are a function of (seed, trial, position), so that no order of work can change a trial.

The finalizer of SplitMix64 is applied to a counter and keyed with two 64-bit words per trial, so that two trials share
no stretch of numbers.

Reference: Steele GL, Lea D, Flood CH. OOPSLA 2014 (SplitMix64). Salmon JK et al. SC11 2011 (counter-based generators).
    Wichura MJ. Applied Statistics 1988;37:477-484, algorithm AS 241 (normal quantile).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SECOND = np.uint64(0xD1B54A32D192ED03)
_30, _27, _31, _11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_SCALE = 2.0**-53


@njit(cache=True, inline="always")
def mixed(word: np.uint64, key: np.uint64) -> np.uint64:
    """Return a word whose every bit depends on every bit of `word` and `key`."""
    w = np.uint64(word)
    z = (w ^ (w >> _30)) * _MIX_1
    z = z ^ np.uint64(key)
    z = (z ^ (z >> _27)) * _MIX_2
    return z ^ (z >> _31)


@njit(cache=True)
def trial_keys(seed: int, trial: int) -> tuple[np.uint64, np.uint64]:
    """Return the two keys of a trial.

    >>> trial_keys(1, 0) == trial_keys(1, 0), trial_keys(1, 0) == trial_keys(1, 1)
    (True, False)
    """
    s, t = np.uint64(seed), np.uint64(trial)
    first = mixed(mixed(s * _GOLDEN + _SECOND, np.uint64(0)) + t * _GOLDEN, s)
    second = mixed(first + t * _SECOND + _GOLDEN, mixed(t + _SECOND, s))
    return first, second


@njit(cache=True, inline="always")
def uniform(first: np.uint64, second: np.uint64, position: int) -> float:
    """Return a number strictly between 0 and 1, of 53 random bits.

    >>> 0.0 < uniform(*trial_keys(1, 0), 3) < 1.0
    True
    """
    bits = mixed(np.uint64(first) + np.uint64(position) * _GOLDEN, np.uint64(second))
    return (np.float64(np.int64(bits >> _11)) + 0.5) * _SCALE


@njit(cache=True)
def quantile(p: float) -> float:
    """Return the standard normal quantile, to 16 digits (Wichura's AS 241).

    >>> round(quantile(0.975), 12)
    1.95996398454
    """
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = 2509.0809287301226727 * r + 33430.575583588128105
        top = ((top * r + 67265.770927008700853) * r + 45921.953931549871457) * r + 13731.693765509461125
        top = ((top * r + 1971.5909503065514427) * r + 133.14166789178437745) * r + 3.387132872796366608
        low = 5226.495278852854561 * r + 28729.085735721942674
        low = ((low * r + 39307.89580009271061) * r + 21213.794301586595867) * r + 5394.1960214247511077
        low = ((low * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1.0
        return q * top / low
    r = math.sqrt(-math.log(p if q < 0.0 else 1.0 - p))
    if r <= 5.0:
        r -= 1.6
        top = 7.7454501427834140764e-4 * r + 0.0227238449892691845833
        top = ((top * r + 0.24178072517745061177) * r + 1.27045825245236838258) * r + 3.64784832476320460504
        top = ((top * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734
        low = 1.05075007164441684324e-9 * r + 5.475938084995344946e-4
        low = ((low * r + 0.0151986665636164571966) * r + 0.14810397642748007459) * r + 0.68976733498510000455
        low = ((low * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        top = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
        top = ((top * r + 0.0012426609473880784386) * r + 0.026532189526576123093) * r + 0.29656057182850489123
        top = ((top * r + 1.7848265399172913358) * r + 5.4637849111641143699) * r + 6.6579046435011037772
        low = 2.04426310338993978564e-15 * r + 1.4215117583164458887e-7
        low = ((low * r + 1.8463183175100546818e-5) * r + 7.868691311456132591e-4) * r + 0.0148753612908506148525
        low = ((low * r + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1.0
    return math.copysign(top / low, q)


@njit(cache=True)
def normal(first: np.uint64, second: np.uint64, position: int) -> float:
    """Return a standard normal number.

    >>> abs(normal(*trial_keys(1, 0), 3)) < 9.0
    True
    """
    return quantile(uniform(first, second, position))
