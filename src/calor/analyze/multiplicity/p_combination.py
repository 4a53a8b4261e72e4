"""Combine independent p-values: Fisher and Stouffer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.analyze.multiplicity.multiplicity import check_p_values
from calor.errors import AnalysisError


@dataclass(frozen=True)
class CombinedP(Drawable):
    """Hold one p-value made of several.

    Attributes:
        method: `"Fisher"` or `"Stouffer"`.
        statistic: Chi-squared (Fisher) or normal (Stouffer) statistic.
        p_value: Combined p-value, one-sided if the parts are.
        parts: Number of p-values combined.
    """

    method: str
    statistic: float
    p_value: float
    parts: int

    def __str__(self) -> str:
        return f"{self.method} combination of {self.parts} p-values: {format_p(self.p_value)}"

    def to_frame(self) -> pd.DataFrame:
        """Return the combination as a table with one row."""
        return pd.DataFrame([{"method": self.method, "statistic": self.statistic, "p_value": self.p_value}])


def fisher_combination(p_values: Sequence[float]) -> CombinedP:
    """Combine independent p-values by the sum of their logarithms.

    It is sensitive to one very small p-value.

    Args:
        p_values: Independent p-values, all one-sided in the same direction.

    Raises:
        AnalysisError: A p-value is missing or not above 0 and up to 1.

    Example:
        >>> print(fisher_combination([0.03, 0.08, 0.2]))
        Fisher combination of 3 p-values: p = 0.018

    Reference:
        Fisher RA. Statistical Methods for Research Workers, 4th ed., 1932, section 21.1.
    """
    p = _check(p_values)
    statistic = float(-2 * np.log(p).sum())
    return CombinedP("Fisher", statistic, float(chi2.sf(statistic, 2 * p.size)), p.size)


def stouffer_combination(p_values: Sequence[float], weights: Sequence[float] | None = None) -> CombinedP:
    """Combine independent one-sided p-values by the weighted sum of their normal scores.

    With weights fixed in advance it is the inverse-normal combination of adaptive designs.

    Args:
        p_values: Independent one-sided p-values in the same direction.
        weights: Positive weights, equal by default; the square roots of the planned sample sizes are usual.

    Raises:
        AnalysisError: A p-value is missing or not strictly between 0 and 1, or weights are not positive or not as many.

    Example:
        >>> print(stouffer_combination([0.03, 0.08, 0.2]))
        Stouffer combination of 3 p-values: p = 0.009

    Reference:
        Stouffer SA, et al. The American Soldier, vol. 1, 1949. Lehmacher W, Wassmer G. Biometrics 1999;55:1286-1290.
    """
    p = _check(p_values)
    if (p == 1).any():
        raise AnalysisError.must("p_values", "lie below 1", 1.0, fix="Use Fisher's combination.")
    w = np.ones(p.size) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != p.shape or not ((w > 0) & np.isfinite(w)).all():
        raise AnalysisError.must("weights", f"be {p.size} positive numbers", weights, fix="Give one per p-value.")
    statistic = float(w @ norm.isf(p) / np.sqrt((w**2).sum()))
    return CombinedP("Stouffer", statistic, float(norm.sf(statistic)), p.size)


def _check(p_values: Sequence[float]) -> np.ndarray:
    p = check_p_values([f"p-value {at}" for at in range(1, len(p_values) + 1)], p_values)
    if (p == 0).any():
        raise AnalysisError.must("p_values", "lie above 0", 0.0, fix="Give the p-value unrounded.")
    return p
