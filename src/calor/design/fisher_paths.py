"""The null distribution of Fisher's product over the stages of a trial that may stop early.

With Y = -log p the product is a sum S_k = w_1 Y_1 + ... + w_k Y_k of weighted exponentials. The density of S_k among
those who continue has kinks only where a bound has cut an earlier stage, so it is kept as Chebyshev series between the
kinks and integrated exactly.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from jaxtyping import Float
from numpy.polynomial import Chebyshev
from scipy.linalg import expm
from scipy.optimize import brentq
from scipy.special import chdtri

Piece = tuple[float, float, Chebyshev]

_DEGREE = 24
_WIDEST = 6.0  # exponential scales that a series of this degree follows to machine precision


def stage_level(critical: float, weights: Float[np.ndarray, " stage"]) -> float:
    """Return the probability that a weighted product of uniform p-values is at most `critical`.

    Minus the logarithm of the product is a sum of exponentials, the time to pass through phases of rates 1 / w.

    >>> round(stage_level(0.0087, np.ones(2)), 4)
    0.05
    """
    if critical >= 1.0:
        return 1.0
    generator = np.diag(-1.0 / weights) + np.diag(1.0 / weights[:-1], 1)
    return float(expm(generator * -math.log(critical))[0].sum())


def stage_critical(level: float, weights: Float[np.ndarray, " stage"]) -> float:
    """Return the value that a weighted product of uniform p-values falls below with probability `level`.

    >>> round(stage_critical(0.025, np.ones(3)), 6)
    0.000728
    """
    unit = 0.5 * float(chdtri(2 * weights.size, level))
    shortest, longest = unit * float(weights.min()), unit * float(weights.max())
    if longest - shortest < 1e-12 * longest:
        return math.exp(-longest)
    root = brentq(lambda s: math.log(stage_level(math.exp(-s), weights) / level), shortest, longest, xtol=1e-13)
    return math.exp(-float(root))


def rejection_by_stage(
    critical: Float[np.ndarray, " stage"],
    futility_p: Float[np.ndarray, " stage"],
    weights: Float[np.ndarray, " stage"],
    start: float = 0.0,
) -> Float[np.ndarray, " stage"]:
    """Return the probability under the null of rejecting at each stage.

    Args:
        critical: Critical value of each stage's product; 0 where a stage cannot reject.
        futility_p: Stage-wise p-value above which the trial stops without rejection.
        weights: Weight of each stage's -log p.
        start: Minus the logarithm of the product so far.

    >>> rejection_by_stage(np.array([0.01, 0.002]), np.array([0.5, 1.0]), np.ones(2)).round(6)
    array([0.01    , 0.007824])

    Reference: Wassmer G. Biometrics 1999;55:696-701.
    """
    with np.errstate(divide="ignore"):
        bounds = -np.log(critical)
    rejected = np.zeros(critical.size)
    pieces: list[Piece] = []
    for k in range(critical.size):
        w, bound, least = weights[k], bounds[k], -weights[k] * math.log(futility_p[k])
        if k == 0:
            rejected[0] = min(1.0, math.exp(-(bound - start) / w))
            cuts = [start + least]
        else:
            rejected[k] = sum(_rejected_from(piece, bound, w) for piece in pieces)
            cuts = sorted({piece[0] + least for piece in pieces} | {piece[1] + least for piece in pieces})
        if k == critical.size - 1:
            break
        top = bound if math.isfinite(bound) else max(start, 0.0) + 60.0 * float(weights.sum())
        edges = _panels([cut for cut in cuts if cut < top] + [top], _WIDEST * float(weights.min()))
        before = pieces
        pieces = [(low, high, _density(before, w, least, low, high, start)) for low, high in itertools.pairwise(edges)]
    return rejected


def _panels(edges: list[float], widest: float) -> list[float]:
    """Return the edges with others put between them, so that no piece is wider than `widest` or empty."""
    panels = edges[:1]
    for high in edges[1:]:
        parts = math.ceil((high - panels[-1]) / widest)
        if high - panels[-1] > 1e-13:
            panels += np.linspace(panels[-1], high, parts + 1)[1:].tolist()
    return panels


def _rejected_from(piece: Piece, bound: float, w: float) -> float:
    """Return the probability that those on a piece reach the bound with their next p-value."""
    low, high, density = piece
    if not math.isfinite(bound):
        return 0.0
    middle = min(max(bound, low), high)
    certain = density.integ(lbnd=middle)(high) if middle < high else 0.0
    if middle <= low:
        return float(certain)
    reach = Chebyshev.interpolate(lambda s: density(s) * np.exp(-(bound - s) / w), _DEGREE, [low, middle])
    return float(certain + reach.integ(lbnd=low)(middle))


def _density(before: list[Piece], w: float, least: float, low: float, high: float, start: float) -> Chebyshev:
    """Return the density of the sum on (low, high), from the pieces one stage earlier."""
    if not before:
        return Chebyshev.interpolate(lambda s: np.exp(-(s - start) / w) / w, _DEGREE, [low, high])
    tilted = [(a, b, _tilted(f, w, low, a, b)) for a, b, f in before]

    def value(s: Float[np.ndarray, " node"]) -> Float[np.ndarray, " node"]:
        total = np.zeros_like(s)
        for a, b, integral in tilted:
            total += integral(np.clip(s - least, a, b))
        return total * np.exp(-(s - low) / w) / w

    return Chebyshev.interpolate(value, _DEGREE, [low, high])


def _tilted(density: Chebyshev, w: float, origin: float, a: float, b: float) -> Chebyshev:
    """Return the integral from a of density(s) exp((s - origin) / w)."""
    return Chebyshev.interpolate(lambda s: density(s) * np.exp((s - origin) / w), _DEGREE, [a, b]).integ(lbnd=a)
