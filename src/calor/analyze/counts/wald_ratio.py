"""Wald interval and test of a ratio estimated on the log scale."""

from __future__ import annotations

from math import exp, inf

from scipy.stats import norm

from calor.analyze.estimate import Estimate
from calor.errors import AnalysisError

# The exponential of more than this is infinite in floating point.
LARGEST = 709.0


def wald_ratio(label: str, log_ratio: float, se: float, *, level: float, method: str, n: int) -> Estimate:
    """Build the estimate of a ratio from its logarithm and standard error.

    Args:
        label: What it is a ratio of.
        log_ratio: Logarithm of the ratio.
        se: Standard error of the logarithm, above zero.
        level: Confidence level.
        method: The method's name as a paper would print it.
        n: Participants.

    Returns:
        The ratio with an interval symmetric on the log scale and the two-sided normal p-value.

    Raises:
        AnalysisError: The ratio overflows or has no standard error.

    Example:
        >>> print(wald_ratio("hazard ratio", 0.0, 0.1, level=0.95, method="Cox", n=60))
        hazard ratio: 1.000 (95 % CI 0.822 to 1.217; p = 1.000; Cox, n = 60)
    """
    if abs(log_ratio) >= LARGEST or not se > 0:
        got = f"a log ratio of {log_ratio:.3g} with standard error {se:.3g}"
        fix = "Give a covariate in a unit in which participants differ by about 1; add participants if they are few."
        raise AnalysisError.must(label, "be estimable", got, fix=fix)
    half = float(norm.ppf((1 + level) / 2)) * se
    return Estimate(
        label=label,
        estimate=exp(log_ratio),
        se=se,
        lower=exp(log_ratio - half),
        upper=exp(log_ratio + half) if log_ratio + half < LARGEST else inf,
        level=level,
        p_value=float(2 * norm.sf(abs(log_ratio) / se)),
        scale="ratio",
        method=method,
        n=n,
    )
