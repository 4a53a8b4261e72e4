"""Two means compared by Student's or Welch's t-test."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.analyze.continuous.least_squares import Contrast
from calor.analyze.continuous.two_samples import check_samples
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError


def t_test(
    active: Float[np.ndarray, " a"],
    control: Float[np.ndarray, " c"],
    *,
    equal_variances: bool = False,
    level: float = 0.95,
    label: str = "active v control",
) -> Estimate:
    """Estimate the difference of two means.

    Args:
        active: Values in the active arm, complete.
        control: Values in the control arm, complete.
        equal_variances: Student's t-test if true, Welch's if false.
        level: Confidence level.
        label: What the difference is called.

    Raises:
        AnalysisError: An arm has fewer than two values, a value is not finite, or neither arm varies.

    Example:
        >>> print(t_test(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0, 8.0])))
        active v control: -3.000 (95 % CI -6.898 to 0.898; p = 0.100; Welch's t-test, n = 7)

    Reference:
        Student, Biometrika 1908; Welch, Biometrika 1947.
    """
    check_level(level)
    check_samples(active, control)
    a, c = np.var(active, ddof=1) / len(active), np.var(control, ddof=1) / len(control)
    if a + c == 0:
        raise AnalysisError.must("active", "vary, or control must", "all values tied", fix="Check the column.")
    df = len(active) + len(control) - 2
    if equal_variances:
        pooled = ((len(active) - 1) * len(active) * a + (len(control) - 1) * len(control) * c) / df
        contrast = Contrast(_difference(active, control), _se(pooled * (1 / len(active) + 1 / len(control))), float(df))
    else:
        welch = (a + c) ** 2 / (a**2 / (len(active) - 1) + c**2 / (len(control) - 1))
        contrast = Contrast(_difference(active, control), _se(a + c), float(welch))
    lower, upper = contrast.interval(level)
    return Estimate(
        label=label,
        estimate=contrast.estimate,
        lower=lower,
        upper=upper,
        level=level,
        scale="difference",
        method="Student's t-test" if equal_variances else "Welch's t-test",
        n=len(active) + len(control),
        se=contrast.se,
        p_value=contrast.p_value,
        df=contrast.df,
    )


def _difference(active: Float[np.ndarray, " a"], control: Float[np.ndarray, " c"]) -> float:
    return float(np.mean(active) - np.mean(control))


def _se(variance: float) -> float:
    return float(np.sqrt(variance))
