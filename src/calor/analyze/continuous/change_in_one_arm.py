"""Why change is not plotted against baseline within one arm: regression to the mean."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
from jaxtyping import Float

from calor.errors import AnalysisError


def change_in_one_arm(baseline: Float[np.ndarray, " n"], followup: Float[np.ndarray, " n"]) -> NoReturn:
    """Refuse to relate the change from baseline to baseline within one arm.

    Baseline stands on both sides of that relation, so any endpoint measured with error shows one without a drug.
    The refusal says how strong a relation these data would show under no effect, and names the analysis that does
    answer the question.

    Args:
        baseline: Endpoint at baseline.
        followup: The same endpoint at follow-up, same participants.

    Raises:
        AnalysisError: Always.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> before = rng.normal(2.3, 0.28, 32)
        >>> try:
        ...     change_in_one_arm(before, 1.15 + 0.5 * before + rng.normal(0, 0.24, 32))
        ... except AnalysisError as error:
        ...     print(error)
        `change` must be compared between arms, got change against baseline in one arm: ... Use `interaction`: ...

    Reference:
        Oldham, Journal of Chronic Diseases 1962; Tu and Gilthorpe, Statistics in Medicine 2007.
    """
    both = np.isfinite(baseline) & np.isfinite(followup)
    if both.sum() < 3 or np.ptp(baseline[both]) == 0 or np.ptp(followup[both]) == 0:
        artefact = "baseline stands on both sides"
    else:
        expected = null_correlation(float(np.corrcoef(baseline[both], followup[both])[0, 1]))
        artefact = f"with no drug effect regression to the mean alone gives a correlation of {expected:.2f}"
    raise AnalysisError.must(
        "change",
        "be compared between arms",
        f"change against baseline in one arm: {artefact}",
        fix="Use `interaction`: treatment by baseline in an ANCOVA of both arms holds its 5 %.",
    )


def null_correlation(correlation: float) -> float:
    """Return the correlation of change with baseline when both measurements have one variance.

    >>> round(null_correlation(0.5), 2)
    -0.5

    Reference:
        Oldham, Journal of Chronic Diseases 1962: -sqrt((1 - r) / 2).

    Raises:
        AnalysisError: `correlation` is outside -1 to 1.
    """
    if not -1 <= correlation <= 1:
        raise AnalysisError.must("correlation", "lie between -1 and 1", correlation, fix="Give that of the two values.")
    return -float(np.sqrt((1 - correlation) / 2))
