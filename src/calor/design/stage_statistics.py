"""What the data of a two-arm trial with stages must answer, whatever the endpoint.

Arm 1 is the treated arm. Means, rates and log-rank statistics answer the same questions: the p-values of each stage's
own data and of all data so far, for any null value and either direction, and the estimate so far.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float

from calor.errors import DesignError

Stages = Float[np.ndarray, " stage"]


class StageData(Protocol):
    """Data of one or more stages, whatever the endpoint."""

    @property
    def null(self) -> float:
        """The value of no effect."""

    @property
    def effects(self) -> Stages:
        """Estimate from all data up to each stage."""

    @property
    def support(self) -> tuple[float, float]:
        """The values that the effect can take."""

    @property
    def limits(self) -> tuple[float, float]:
        """Range in which an interval's limits are sought."""

    @property
    def stage_information(self) -> Stages:
        """Information of each stage, over that of all data."""

    @property
    def standard_error(self) -> float:
        """Standard error of the estimate from all data (of its logarithm, for a hazard ratio)."""

    def stage_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of each stage's own data."""

    def overall_p(self, null: float, *, greater: bool = True) -> Stages:
        """Return the one-sided p-values of all data up to each stage."""


def checked_stages(name: str, values: Stages, stages: int) -> Stages:
    """Return one finite number per stage as an array.

    Raises:
        DesignError: A number is missing or infinite, or there are too many or too few.

    >>> checked_stages("n1", [40, 38], 2)
    array([40., 38.])
    """
    column = np.array(values, dtype=float)
    if column.shape != (stages,) or stages == 0 or not np.all(np.isfinite(column)):
        raise DesignError.must(name, f"be {stages} finite numbers", list(values), fix="Give one per stage.")
    return column


def checked_at_least(name: str, values: Stages, least: float) -> None:
    """Refuse values below the least that makes sense, naming the stage.

    Raises:
        DesignError: A value is too low.

    >>> checked_at_least("n1", np.array([40.0, 38.0]), 2)
    """
    if np.any(np.asarray(values) < least):
        stage = int(np.argmax(np.asarray(values) < least)) + 1
        raise DesignError.must(
            name,
            f"be at least {least:g}",
            float(np.asarray(values)[stage - 1]),
            where=f"stage {stage}",
            fix="Check it.",
        )


def check_strata(stages: Sequence[int]) -> None:
    """Refuse strata that do not have the same stages.

    Args:
        stages: Number of stages of each stratum.

    Raises:
        DesignError: None, or different numbers of stages.

    >>> check_strata([2, 2])
    """
    if not stages or len(set(stages)) != 1:
        raise DesignError.must("strata", "have the same stages", list(stages), fix="Drop the stages not followed.")
