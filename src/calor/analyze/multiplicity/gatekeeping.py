"""Multistage gatekeeping: families of hypotheses in order, each tested at the level the family before it leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from calor.analyze.multiplicity.multiplicity import AdjustedP, check_p_values
from calor.errors import AnalysisError


def gatekeeping(families: Sequence[Mapping[str, float]], *, truncation: Sequence[float]) -> AdjustedP:
    """Test families in order with truncated Holm tests, the last family with Holm's own.

    A family's truncation says how much of its level is kept for its own second and later rejections: 0 is Bonferroni,
    which passes on each rejected hypothesis's share (parallel gatekeeping); 1 is Holm, which passes on nothing until
    all are rejected (serial gatekeeping).

    Args:
        families: For each family in order, its hypotheses' names with their raw p-values.
        truncation: Truncation of each family but the last, 0 to 1.

    Raises:
        AnalysisError: As in `multiplicity.adjust`, or there is no family or one is empty, or `truncation` does not have
            one number from 0 to 1 for each family but the last.

    Example:
        >>> families = [{"TBR": 0.012, "hs-CRP": 0.2}, {"IL-6": 0.009}]
        >>> print(gatekeeping(families, truncation=[0.0]))
        Adjusted by multistage gatekeeping: TBR p = 0.024, hs-CRP p = 0.400, IL-6 p = 0.024

    Reference:
        Dmitrienko A, Tamhane AC, Wiens BL. Biom J 2008;50:667-677.
    """
    if not families or not all(families):
        raise AnalysisError.must("families", "each hold a hypothesis", list(families), fix="Leave out empty families.")
    if len(truncation) != len(families) - 1 or not all(0 <= share <= 1 for share in truncation):
        raise AnalysisError.must(
            "truncation",
            f"be {len(families) - 1} numbers from 0 to 1",
            list(truncation),
            fix="Give one for each family but the last.",
        )
    names = [name for family in families for name in family]
    p_values = [p for family in families for p in family.values()]
    check_p_values(names, p_values)
    p = [np.array(list(family.values()), dtype=float) for family in families]
    shares = [*truncation, 1.0]
    adjusted = _smallest_levels(p, shares)
    return AdjustedP(tuple(names), tuple(map(float, p_values)), tuple(map(float, adjusted)), "multistage gatekeeping")


def _rejected(p: Sequence[Float[np.ndarray, " k"]], shares: Sequence[float], alpha: float) -> Bool[np.ndarray, " all"]:
    """Run the procedure at one level."""
    level, decisions = alpha, []
    for values, share in zip(p, shares, strict=True):
        decision = _truncated_holm(values, share, level)
        decisions.append(decision)
        accepted = int((~decision).sum())
        # The error rate still spent on the accepted hypotheses stays behind; the rest goes to the next family.
        level -= (share + (1 - share) * accepted / values.size) * level if accepted else 0.0
    return np.concatenate(decisions)


def _truncated_holm(values: Float[np.ndarray, " k"], share: float, level: float) -> Bool[np.ndarray, " k"]:
    """Step down, each step at a mixture of Holm's and Bonferroni's critical values."""
    decision = np.zeros(values.size, dtype=bool)
    for step, at in enumerate(np.argsort(values, kind="stable")):
        critical = level * (share / (values.size - step) + (1 - share) / values.size)
        # Strict comparison with 0 keeps a family without any level from rejecting p = 0.
        if critical <= 0 or values[at] > critical * (1 + 1e-12):
            break
        decision[at] = True
    return decision


def _smallest_levels(p: Sequence[Float[np.ndarray, " k"]], shares: Sequence[float]) -> Float[np.ndarray, " all"]:
    """Return for each hypothesis the smallest level that rejects it; rejections only grow with the level."""
    high = np.where(_rejected(p, shares, 1.0), 1.0, np.inf)
    low = np.zeros(high.size)
    for at in np.flatnonzero(np.isfinite(high)):
        while high[at] - low[at] > 1e-13:
            middle = (low[at] + high[at]) / 2
            if _rejected(p, shares, float(middle))[at]:
                high[at] = middle
            else:
                low[at] = middle
    return np.minimum(high, 1.0)
