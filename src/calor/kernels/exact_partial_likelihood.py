"""Exact (discrete) partial likelihood for tied event times, by recursion over the risk set."""

from __future__ import annotations

import numpy as np
from numba import njit

from calor.kernels.partial_likelihood import Rows

_HUGE = 1e200


@njit(cache=True)
def _grow(poly: np.ndarray, first: np.ndarray, second: np.ndarray, x: np.ndarray, risk: float) -> None:
    """Let one more participant join the risk set: e_d becomes e_d + risk * e_(d-1), with derivatives."""
    p = x.shape[0]
    for d in range(poly.shape[0] - 1, 0, -1):
        for a in range(p):
            for b in range(a + 1):
                second[d, a, b] += risk * (
                    second[d - 1, a, b] + x[a] * first[d - 1, b] + x[b] * first[d - 1, a] + x[a] * x[b] * poly[d - 1]
                )
        for a in range(p):
            first[d, a] += risk * (first[d - 1, a] + x[a] * poly[d - 1])
        poly[d] += risk * poly[d - 1]


@njit(cache=True, error_model="numpy")
def _tied_time(
    rows: Rows, eta: np.ndarray, begin: int, end: int, deaths: int, score: np.ndarray, information: np.ndarray
) -> float:
    """Subtract the denominator of one event time (rows begin..end-1 are followed at least to it); return its log."""
    p = rows.x.shape[1]
    now = rows.time[begin]
    poly, first, second = np.zeros(deaths + 1), np.zeros((deaths + 1, p)), np.zeros((deaths + 1, p, p))
    poly[0] = 1.0
    top = eta[begin:end].max()
    log_scale = deaths * top
    for r in range(begin, end):
        if rows.start[r] >= now:
            continue
        _grow(poly, first, second, rows.x[r], np.exp(eta[r] - top))
        if poly[deaths] > _HUGE:  # many ties overflow; all orders share one scale
            poly /= _HUGE
            first /= _HUGE
            second /= _HUGE
            log_scale += np.log(_HUGE)
    mean = first[deaths] / poly[deaths]
    score -= mean
    for a in range(p):
        for b in range(a + 1):
            value = second[deaths, a, b] / poly[deaths] - mean[a] * mean[b]
            information[a, b] += value
            if a != b:
                information[b, a] += value
    return float(np.log(poly[deaths]) + log_scale)


@njit(cache=True)
def exact_partial_likelihood(beta: np.ndarray, rows: Rows) -> tuple[float, np.ndarray, np.ndarray]:
    """Evaluate the conditional likelihood of which d of the participants at risk had the event.

    The denominator is the elementary symmetric polynomial of order d of the risk scores (Cox 1972), built with its
    derivatives by the recursion of Gail, Lubin and Rubinstein (Biometrika 1981), one participant at a time.

    Args:
        beta: Coefficients.
        rows: Sorted data; case weights do not enter.

    Returns:
        Log-likelihood, score and information.
    """
    n, p = rows.x.shape
    eta = rows.x @ beta
    score, information = np.zeros(p), np.zeros((p, p))
    loglik = 0.0
    i = n - 1
    end = n
    while i >= 0:
        if i < n - 1 and rows.stratum[i] != rows.stratum[i + 1]:
            end = i + 1
        deaths = 0
        now = i
        while i >= 0 and rows.stratum[i] == rows.stratum[now] and rows.time[i] == rows.time[now]:
            if rows.event[i]:
                deaths += 1
                loglik += eta[i]
                score += rows.x[i]
            i -= 1
        if deaths > 0:
            loglik -= _tied_time(rows, eta, i + 1, end, deaths, score, information)
    return loglik, score, information
