"""Finkelstein-Schoenfeld test of a hierarchical composite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from scipy.stats import norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.analyze.survival.hierarchy import Hierarchy, compare
from calor.analyze.survival.time_to_event import Arm, need_two_arms, read_arms, read_strata
from calor.errors import AnalysisError


@dataclass(frozen=True)
class FinkelsteinSchoenfeld(Drawable):
    """Result of the test.

    Attributes:
        statistic: Wins minus losses of the active arm against everyone of its stratum.
        variance: Its permutation variance.
        z: Statistic over its standard deviation; positive favors the active arm.
        p_value: Two-sided p-value.
        n: Participants.
    """

    statistic: float
    variance: float
    z: float
    p_value: float
    n: int

    def __str__(self) -> str:
        return f"Finkelstein-Schoenfeld: z {self.z:.2f}, {format_p(self.p_value)}, n = {self.n}"

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table with one row."""
        return pd.DataFrame([vars(self)])


def finkelstein_schoenfeld(
    table: pd.DataFrame, *, hierarchy: Hierarchy, arm: str, arms: Sequence[Arm], strata: Sequence[str] = ()
) -> FinkelsteinSchoenfeld:
    """Test that neither arm does better on endpoints in order of importance.

    Args:
        table: One row per participant.
        hierarchy: Endpoints, most important first: `EventTime` and `Measure`.
        arm: Column of the arms.
        arms: The two arms, control first.
        strata: Columns whose combinations are compared apart.

    Returns:
        The test.

    Raises:
        AnalysisError: Unusable rows, not two arms, no pair that an endpoint decides.

    Reference:
        Finkelstein and Schoenfeld, Statistics in Medicine 1999.

    Example:
        >>> from calor.analyze.survival.hierarchy import EventTime
        >>> table = pd.DataFrame({"days": [9, 4, 9, 9, 7, 8], "died": [0, 1, 0, 0, 1, 1], "arm": list("papapa")})
        >>> print(finkelstein_schoenfeld(table, hierarchy=[EventTime("days", "died")], arm="arm", arms=("p", "a")))
        Finkelstein-Schoenfeld: z -0.70, p = 0.487, n = 6
    """
    codes, names = read_arms(table, arm, arms)
    need_two_arms(names)
    layers, layer_names = read_strata(table, strata)
    statistic = variance = 0.0
    for stratum in range(len(layer_names)):
        everyone = np.flatnonzero(layers == stratum)
        score = compare(table, hierarchy, everyone, everyone).sum(axis=(0, 2)).astype(float)
        active = codes[everyone] == 1
        n, n1 = len(everyone), int(active.sum())
        statistic += float(score[active].sum())
        if n > 1:
            variance += n1 * (n - n1) / (n * (n - 1)) * float((score**2).sum())
    if variance == 0:
        fix = "Add an endpoint that differs between participants."
        raise AnalysisError.must("hierarchy", "decide pairs of different arms", "none", fix=fix)
    z = statistic / sqrt(variance)
    return FinkelsteinSchoenfeld(statistic, variance, z, float(2 * norm.sf(abs(z))), len(table))
