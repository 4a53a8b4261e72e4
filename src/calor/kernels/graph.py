"""Graphs of weighted hypotheses: drop one, test in sequence, weights of every intersection.

Reference:
    Bretz F, Maurer W, Brannath W, Posch M. A graphical approach to sequentially rejective multiple test procedures.
    Statistics in Medicine 2009, algorithm 1.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def drop(weights: np.ndarray, transitions: np.ndarray, gone: int) -> None:
    """Take one hypothesis out of a graph in place, passing its weight along its edges."""
    m = weights.size
    old = transitions.copy()
    for i in range(m):
        if i == gone:
            continue
        weights[i] += weights[gone] * old[gone, i]
        loop = old[i, gone] * old[gone, i]
        for k in range(m):
            if k in (i, gone) or loop >= 1.0:
                transitions[i, k] = 0.0
            else:
                transitions[i, k] = (old[i, k] + old[i, gone] * old[gone, k]) / (1.0 - loop)
    weights[gone] = 0.0
    transitions[gone, :] = 0.0
    transitions[:, gone] = 0.0


@njit(cache=True)
def sequentially_rejective(weights: np.ndarray, transitions: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Return the adjusted p-values of the weighted Bonferroni shortcut; 1 for a hypothesis no weight ever reaches."""
    m = p.size
    w, g = weights.copy(), transitions.copy()
    active = np.ones(m, dtype=np.bool_)
    adjusted = np.ones(m)
    running = 0.0
    for _ in range(m):
        best, smallest = -1, np.inf
        for i in range(m):
            if active[i] and w[i] > 0.0 and p[i] / w[i] < smallest:
                best, smallest = i, p[i] / w[i]
        if best < 0:
            break
        running = max(running, min(1.0, smallest))
        adjusted[best] = running
        active[best] = False
        drop(w, g, best)
    return adjusted


@njit(cache=True)
def intersection_weights(weights: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """Return the weights of all 2**m intersections; row b holds the set of hypotheses whose bits are on in b."""
    m = weights.size
    table = np.zeros((1 << m, m))
    for members in range(1, 1 << m):
        w, g = weights.copy(), transitions.copy()
        for i in range(m):
            if not (members >> i) & 1:
                drop(w, g, i)
        table[members] = w
    return table
