"""Fallback procedure: hypotheses in order, each with its own share of alpha and what those before it won."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from calor.analyze.multiplicity.multiplicity import AdjustedP, check_p_values
from calor.errors import AnalysisError

_MOST = 15


def fallback(hypotheses: Sequence[str], p_values: Sequence[float], weights: Sequence[float]) -> AdjustedP:
    """Test hypotheses in a fixed order, passing on the level of each one rejected.

    It is a closed procedure: in an intersection, each hypothesis tests at its own weight and those of the hypotheses
    skipped just before it. Weights (1, 0, ..., 0) give the fixed-sequence test.

    Args:
        hypotheses: Names in the protocol's order, at most 15.
        p_values: Raw p-values in the same order.
        weights: Shares of alpha, summing to 1.

    Raises:
        AnalysisError: As in `multiplicity.adjust`, or the weights are negative, do not sum to 1 or do not match.

    Example:
        >>> print(fallback(["MACE", "TBR"], [0.03, 0.004], [0.8, 0.2]))
        Adjusted by fallback: MACE p = 0.037, TBR p = 0.020

    Reference:
        Wiens BL. Pharm Stat 2003;2:211-215. Wiens BL, Dmitrienko A. J Biopharm Stat 2005;15:929-942 (closed form).
    """
    p = check_p_values(hypotheses, p_values)
    w = np.asarray(weights, dtype=float)
    if w.size != p.size or not (w >= 0).all() or abs(w.sum() - 1) > 1e-9:
        raise AnalysisError.must(
            "weights",
            f"be {p.size} shares from 0 that sum to 1",
            list(weights),
            fix="Divide alpha among the hypotheses.",
        )
    if p.size > _MOST:
        raise AnalysisError.must(
            "hypotheses", f"number at most {_MOST}", p.size, fix="Group the hypotheses into families and gatekeep."
        )
    adjusted = np.zeros(p.size)
    for size in range(1, p.size + 1):
        for subset in combinations(range(p.size), size):
            adjusted[list(subset)] = np.maximum(adjusted[list(subset)], _intersection(p, w, subset))
    return AdjustedP(tuple(hypotheses), tuple(map(float, p)), tuple(map(float, adjusted)), "fallback")


def _intersection(p: np.ndarray, weights: np.ndarray, subset: tuple[int, ...]) -> float:
    """Return the p-value of an intersection: the least of p over the weight collected since the member before."""
    least, before = 1.0, -1
    for member in subset:
        weight = weights[before + 1 : member + 1].sum()
        if weight > 0:
            least = min(least, p[member] / weight)
        before = member
    return float(least)
