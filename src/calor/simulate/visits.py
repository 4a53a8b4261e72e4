"""A continuous endpoint at visits, as it may truly be: means, covariance, effect by part or true marker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.errors import SimulationError
from calor.kernels import visits as kernel
from calor.simulate.effect_shape import Effect

Numbers = Sequence[float] | Float[np.ndarray, " number"]


@dataclass(frozen=True, eq=False)
class Visits:
    """Responses at baseline and at visits; the endpoint is the last visit's, and benefit is a higher response.

    Turn the sign of an endpoint for which a low value is good. Who drops out, or has a competing event, has no visit
    afterwards.

    Attributes:
        months: Of each visit, from randomization.
        effect: Active minus control at the last visit: one for each part, or a function of the true marker.
        sd: Standard deviation at baseline and each visit: one for all, or one for each.
        correlation: Between any two of baseline and visits: one number, or the whole matrix.
        control: Mean under control at baseline and each visit; None for zeros.
        onset: Share of the effect that is there at each visit; None for all of it from the first.
        level: Shift of every mean: one for each part, or a function of the true marker; None for none.

    >>> Visits([1.0, 3.0], effect=[0.4, 0.1], correlation=0.5).numbers(np.array([0.0, 1.0])).benefit
    array([0.4, 0.1])
    """

    months: Sequence[float]
    effect: Sequence[float] | Effect
    sd: float | Sequence[float] = 1.0
    correlation: float | Float[np.ndarray, "visit visit"] = 0.5
    control: Sequence[float] | None = None
    onset: Sequence[float] | None = None
    level: Sequence[float] | Effect | None = None

    def __post_init__(self) -> None:
        months = np.array(self.months, dtype=float)
        if months.size == 0 or not np.all(np.isfinite(months)) or np.any(np.diff(months, prepend=0.0) <= 0):
            raise SimulationError.must("months", "rise from above 0", list(self.months), fix="Give [1, 3, 6].")
        for name, size in (("sd", months.size + 1), ("control", months.size + 1), ("onset", months.size)):
            given = getattr(self, name)
            shapes = ((size,), ()) if name == "sd" else ((size,),)
            if given is not None and (np.shape(given) not in shapes or not np.all(np.isfinite(given))):
                raise SimulationError.must(name, f"be {size} finite numbers", given, fix="Give one for each visit.")
        if np.any(np.asarray(self.sd) <= 0):
            raise SimulationError.must("sd", "be positive", self.sd, fix="Give 1 for a standardized endpoint.")
        if not np.linalg.eigvalsh(self.correlations).min() > 1e-9 or np.any(np.diag(self.correlations) != 1):
            got = np.asarray(self.correlation).tolist()
            raise SimulationError.must("correlation", "be positive definite", got, fix="Give 0.5, or a whole matrix.")

    @property
    def correlations(self) -> Float[np.ndarray, "visit visit"]:
        """Correlation matrix of baseline and visits."""
        size = len(self.months) + 1
        matrix = np.array(self.correlation, dtype=float)
        if matrix.ndim == 0:
            matrix = np.where(np.eye(size) == 1, 1.0, matrix)
        if matrix.shape != (size, size) or not np.allclose(matrix, matrix.T):
            rule, got = f"be a number, or {size} by {size} and symmetric", self.correlation
            raise SimulationError.must("correlation", rule, got, fix="Count the baseline.")
        return matrix

    def numbers(self, places: Float[np.ndarray, " place"]) -> kernel.Visits:
        """Return the visits as numbers, for the kernel.

        Args:
            places: The markers of the kernel's grid; where there is none, the numbers of the parts.
        """
        size = len(self.months) + 1
        sd = np.broadcast_to(np.asarray(self.sd, dtype=float), size)
        return kernel.Visits(
            months=np.array(self.months, dtype=float),
            control=np.zeros(size) if self.control is None else np.array(self.control, dtype=float),
            root=np.linalg.cholesky(self.correlations * np.outer(sd, sd)),
            level=np.zeros(places.size) if self.level is None else _table(self.level, places),
            benefit=_table(self.effect, places),
            onset=np.ones(size - 1) if self.onset is None else np.array(self.onset, dtype=float),
        )


def _table(given: Sequence[float] | Effect, places: Float[np.ndarray, " place"]) -> Float[np.ndarray, " place"]:
    return np.asarray(given(places) if callable(given) else np.array(given, dtype=float))
