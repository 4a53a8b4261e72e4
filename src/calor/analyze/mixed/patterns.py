"""Participants grouped by which occasions they have: the likelihood needs only each group's cross-products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import solve_triangular

from calor.analyze.mixed.longitudinal import Longitudinal


@dataclass(frozen=True)
class Patterns:
    """Cross-products of design and response by pattern of observed occasions.

    The design is made orthonormal and the response replaced by its least-squares residual, so that the normal
    equations lose no digits; `to_names` leads back to the named coefficients.

    Attributes:
        unit: Covariance matrix of each pattern.
        seen: 1 where the pattern has the occasion, else 0.
        size: Participants with the pattern.
        cross: Sum over participants of z_s z_t', where z holds the design's row and the response.
        pattern: Pattern of each participant.
        rows: Design and response of each participant, zero where not observed.
        to_names: Takes coefficients of the orthonormal design to the named ones.
        origin: Least-squares coefficients, to be added back.
        log_det: Logarithm of the determinant of X'X.
        log_weight: Sum of the logarithms of the weights.
        measurements: Number of measurements.
    """

    unit: Int[np.ndarray, " pattern"]
    seen: Float[np.ndarray, "pattern occasion"]
    size: Float[np.ndarray, " pattern"]
    cross: Float[np.ndarray, "pattern occasion occasion column column"]
    pattern: Int[np.ndarray, " participant"]
    rows: Float[np.ndarray, "participant occasion column"]
    to_names: Float[np.ndarray, "coefficient coefficient"]
    origin: Float[np.ndarray, " coefficient"]
    log_det: float
    log_weight: float
    measurements: int


def patterns(data: Longitudinal) -> Patterns:
    """Group participants by covariance matrix and observed occasions.

    >>> from calor.analyze.mixed.longitudinal import Longitudinal
    >>> zero = np.zeros(2, dtype=int)
    >>> data = Longitudinal(np.array([1.0, 2.0, 4.0]), np.ones((3, 1)), ("mean",), np.array([0, 0, 1]),
    ...                     np.array([0, 1, 0]), zero, np.ones(3))
    >>> patterns(data).seen.tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    root = np.sqrt(data.weight)
    weighted = data.design * root[:, None]
    basis, triangle = np.linalg.qr(weighted)
    inner = basis.T @ (data.response * root)
    residual = data.response * root - basis @ inner
    coefficients = basis.shape[1]
    participants, occasions = data.unit.size, data.occasions

    rows = np.zeros((participants, occasions, coefficients + 1))
    rows[data.participant, data.occasion, :-1] = basis
    rows[data.participant, data.occasion, -1] = residual
    seen = np.zeros((participants, occasions))
    seen[data.participant, data.occasion] = 1.0

    keys, first, pattern, size = np.unique(
        np.column_stack([data.unit, seen]), axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    pattern = pattern.reshape(-1)
    to_names = solve_triangular(triangle, np.eye(coefficients))
    return Patterns(
        unit=data.unit[first],
        seen=keys[:, 1:],
        size=size.astype(float),
        cross=_cross_products(rows, pattern, size.size),
        pattern=pattern,
        rows=rows,
        to_names=to_names,
        origin=to_names @ inner,
        log_det=2.0 * float(np.log(np.abs(np.diag(triangle))).sum()),
        log_weight=float(np.log(data.weight).sum()),
        measurements=data.response.size,
    )


def _cross_products(
    rows: Float[np.ndarray, "participant occasion column"], pattern: Int[np.ndarray, " participant"], count: int
) -> Float[np.ndarray, "pattern occasion occasion column column"]:
    """Sum the participants' outer products within each pattern."""
    participants, occasions, columns = rows.shape
    flat = rows.reshape(participants, occasions * columns)
    order = np.argsort(pattern, kind="stable")
    bounds = np.searchsorted(pattern[order], np.arange(count + 1))
    cross = np.empty((count, occasions * columns, occasions * columns))
    for number in range(count):
        members = flat[order[bounds[number] : bounds[number + 1]]]
        np.matmul(members.T, members, out=cross[number])
    shaped = cross.reshape(count, occasions, columns, occasions, columns)
    return np.ascontiguousarray(shaped.transpose(0, 1, 3, 2, 4))
