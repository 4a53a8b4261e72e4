"""Repeated measurements as arrays: one row per participant and occasion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import qr

from calor.analyze.columns import is_finite
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Longitudinal:
    """Repeated measurements and their design.

    Attributes:
        response: What was measured.
        design: Fixed effects, one column per coefficient.
        names: The coefficients' names.
        participant: Number of the participant, 0, 1, ... without gaps.
        occasion: Number of the occasion within the covariance matrix, 0, 1, ...
        unit: Which covariance matrix each participant has (all 0 when it is one for all).
        weight: Weight of each measurement; its variance is divided by it.
    """

    response: Float[np.ndarray, " row"]
    design: Float[np.ndarray, "row coefficient"]
    names: tuple[str, ...]
    participant: Int[np.ndarray, " row"]
    occasion: Int[np.ndarray, " row"]
    unit: Int[np.ndarray, " participant"]
    weight: Float[np.ndarray, " row"]

    def __post_init__(self) -> None:
        _check_finite(self)
        _check_once(self)
        _check_estimable(self)

    @property
    def occasions(self) -> int:
        """Number of occasions, the size of the covariance matrix."""
        return int(self.occasion.max()) + 1


def _check_finite(data: Longitudinal) -> None:
    """Refuse infinite and missing values and weights that are not positive."""
    if data.response.size == 0:
        raise AnalysisError.must(
            "response", "hold at least one measurement", "none", fix="Check the response column and the arms."
        )
    if not is_finite(data.response).all():
        raise AnalysisError.must(
            "response", "be finite", "an infinite or missing value", fix="Leave such measurements out."
        )
    columns = np.flatnonzero(~is_finite(data.design).all(axis=0))
    if columns.size:
        raise AnalysisError.must(
            data.names[columns[0]],
            "be finite for every measurement used",
            "an infinite or missing value",
            fix="Impute missing covariates or leave the covariate out.",
        )
    if not (np.isfinite(data.weight) & (data.weight > 0)).all():
        raise AnalysisError.must(
            "weights", "be positive and finite", f"{data.weight.min():g}", fix="Leave out measurements without weight."
        )


def _check_once(data: Longitudinal) -> None:
    """Refuse two measurements of one participant on one occasion."""
    key = data.participant.astype(np.int64) * data.occasions + data.occasion
    if np.unique(key).size < key.size:
        raise AnalysisError.must(
            "participant",
            "have one measurement per occasion",
            f"{key.size - np.unique(key).size} more",
            fix="Keep one of each pair before the analysis.",
        )


def _check_estimable(data: Longitudinal) -> None:
    """Refuse a design with more coefficients than the data can tell apart."""
    rows, columns = data.design.shape
    if rows <= columns:
        raise AnalysisError.must(
            "response",
            f"hold more measurements than the {columns} coefficients",
            rows,
            fix="Drop covariates, or join visits.",
        )
    if float(np.ptp(data.response)) == 0.0:
        raise AnalysisError.must("response", "vary", "one value throughout", fix="There is nothing to analyze.")
    norms = np.linalg.norm(data.design, axis=0)
    scale = np.where(norms > 0, norms, 1.0)
    _, triangle, order = qr(data.design / scale, mode="economic", pivoting=True)
    aliased = np.flatnonzero(np.abs(np.diag(triangle)) < 1e-9)
    if aliased.size:
        raise AnalysisError.must(
            data.names[order[aliased[0]]],
            "tell something that the other terms do not",
            "a column that is a combination of the others",
            fix="Drop it, or the factor level or visit without data behind it.",
        )
