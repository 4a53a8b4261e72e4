"""Exact (discrete) partial likelihood for tied event times, by recursion over the risk set."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def exact_partial_likelihood(
    beta: np.ndarray,
    x: np.ndarray,
    start: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    stratum: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Evaluate the conditional likelihood of which d of the participants at risk had the event.

    The denominator is the elementary symmetric polynomial of order d of the risk scores (Cox 1972), built with its
    derivatives by the recursion of Gail, Lubin and Rubinstein (Biometrika 1981), one participant at a time.

    Args:
        beta: Coefficients.
        x: Covariates, centered.
        start: Entry time.
        time: Exit time; rows are sorted by stratum, then by it.
        event: True for an event at exit.
        stratum: Integer code of the stratum.

    Returns:
        Log-likelihood, score and information.
    """
    n, p = x.shape
    eta = x @ beta
    score, information = np.zeros(p), np.zeros((p, p))
    loglik = 0.0
    i = n - 1
    last = n - 1
    while i >= 0:
        if stratum[i] != stratum[last]:
            last = i
        now = time[i]
        deaths = 0
        j = i
        while j >= 0 and stratum[j] == stratum[i] and time[j] == now:
            if event[j]:
                deaths += 1
                loglik += eta[j]
                for a in range(p):
                    score[a] += x[j, a]
            j -= 1
        if deaths > 0:
            poly = np.zeros(deaths + 1)
            first = np.zeros((deaths + 1, p))
            second = np.zeros((deaths + 1, p, p))
            poly[0] = 1.0
            top = -np.inf
            for r in range(j + 1, last + 1):
                if start[r] < now and eta[r] > top:
                    top = eta[r]
            logscale = 0.0
            for r in range(j + 1, last + 1):
                if start[r] >= now:
                    continue
                risk = np.exp(eta[r] - top)
                for d in range(deaths, 0, -1):
                    for a in range(p):
                        for b in range(a + 1):
                            second[d, a, b] += risk * (
                                second[d - 1, a, b]
                                + x[r, a] * first[d - 1, b]
                                + x[r, b] * first[d - 1, a]
                                + x[r, a] * x[r, b] * poly[d - 1]
                            )
                    for a in range(p):
                        first[d, a] += risk * (first[d - 1, a] + x[r, a] * poly[d - 1])
                    poly[d] += risk * poly[d - 1]
                if poly[deaths] > 1e200:  # many ties overflow; every order shares one scale
                    poly *= 1e-200
                    first *= 1e-200
                    second *= 1e-200
                    logscale += 200.0 * np.log(10.0)
            loglik -= np.log(poly[deaths]) + logscale + deaths * top
            for a in range(p):
                mean_a = first[deaths, a] / poly[deaths]
                score[a] -= mean_a
                for b in range(a + 1):
                    value = second[deaths, a, b] / poly[deaths] - mean_a * first[deaths, b] / poly[deaths]
                    information[a, b] += value
                    if a != b:
                        information[b, a] += value
        i = j
    return loglik, score, information
