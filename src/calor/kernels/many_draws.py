"""Fill arrays with the random numbers of one trial, in loops that the compiler can vectorize."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from calor.kernels.counter_random import mixed

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_12, _32 = np.uint64(12), np.uint64(32)
_ONE = np.uint64(0x3FF0000000000000)
_ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)
_EXPONENT = np.int64(-(1 << 52))
_LN_2 = math.log(2.0)


@njit(cache=True)
def fill_uniform(
    first: np.uint64, second: np.uint64, stream: np.int64 | int, start: np.int64 | int, out: np.ndarray
) -> None:
    """Fill with uniform numbers in [2**-53, 1): numbers `start` and following of a stream.

    Args:
        first: The trial's first key.
        second: Its second key.
        stream: Number of the stream, so that each use has numbers of its own.
        start: Number of the first entry within the stream.
        out: Written here.
    """
    bits = out.view(np.uint64)
    key = np.uint64(second)
    begin = np.uint64(first) + ((np.uint64(stream) << _32) + np.uint64(start)) * _GOLDEN
    for i in range(out.size):
        bits[i] = (mixed(begin + np.uint64(i) * _GOLDEN, key) >> _12) | _ONE
    for i in range(out.size):
        out[i] = out[i] - (1.0 - 2.0**-53)


@njit(cache=True, error_model="numpy")
def fill_exponential(
    first: np.uint64, second: np.uint64, stream: np.int64 | int, start: np.int64 | int, out: np.ndarray
) -> None:
    """Fill with standard exponential numbers: minus the logarithm of `fill_uniform`'s.

    The logarithm of the mantissa is the series of 2 atanh((x - 1) / (x + 1)), to 1e-13 on [0.7, 1.4].
    """
    fill_uniform(first, second, stream, start, out)
    word = out.view(np.int64)
    for i in range(out.size):
        above = word[i] - _ROOT_HALF
        power = np.float64(above >> 52)
        word[i] = word[i] - (above & _EXPONENT)
        f = out[i] - 1.0
        s = f / (2.0 + f)
        q = s * s
        series = 1.0 / 13.0 + q * (1.0 / 15.0 + q * (1.0 / 17.0))
        series = 1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q * series))
        series = 1.0 + q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * series))
        out[i] = -(power * _LN_2 + 2.0 * s * series)
