"""Intraclass correlation: the six forms of Shrout and Fleiss, each with its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import f as f_distribution

from calor.errors import ImageError

Form = Literal["ICC1_1", "ICC2_1", "ICC3_1", "ICC1_k", "ICC2_k", "ICC3_k"]
FORMS: tuple[Form, ...] = get_args(Form)
ZERO = 1e-12
"""Mean squares below this share of the ratings' mean square are rounding."""


@dataclass(frozen=True)
class MeanSquares:
    """Two-way analysis of variance of targets by raters, one rating each.

    Attributes:
        targets: Between targets (MSR).
        raters: Between raters (MSC).
        error: Residual (MSE).
        within: Within targets (MSW).
        n: Targets.
        k: Raters.
    """

    targets: float
    raters: float
    error: float
    within: float
    n: int
    k: int


@dataclass(frozen=True)
class IntraclassCorrelation:
    """One form.

    Attributes:
        form: Its name: model 1, 2 or 3; one rating (1) or the mean of k.
        estimate: The correlation; None where it is undefined.
        lower: Lower confidence limit; None where undefined.
        upper: Upper confidence limit; None where undefined.
        level: Confidence level, 0 to 1.
        n: Targets.
        k: Raters.
        reason: Why it is undefined.
    """

    form: Form
    estimate: float | None
    lower: float | None
    upper: float | None
    level: float
    n: int
    k: int
    reason: str = ""

    def __str__(self) -> str:
        name = f"ICC({self.form[3]},{self.form[-1]})"
        if self.estimate is None or self.lower is None or self.upper is None:
            return f"{name}: undefined ({self.reason})"
        span = f"{self.level * 100:.3g} % CI {self.lower:.3f} to {self.upper:.3f}"
        return f"{name}: {self.estimate:.3f} ({span}; {self.n} targets, {self.k} raters)"


def mean_squares(ratings: Float[np.ndarray, "target rater"]) -> MeanSquares:
    """Split the ratings' variation.

    >>> round(mean_squares(np.array([[9.0, 2], [6, 1], [8, 4]])).targets, 4)
    3.5

    Raises:
        ImageError: There are fewer than two targets or raters, or a rating is missing.
    """
    table = np.asarray(ratings, float)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise ImageError.must(
            "ratings", "be a full table of at least 2 targets and 2 raters", np.shape(ratings),
            fix="Leave out targets that not every rater has read, and say so.",
        )  # fmt: skip
    n, k = table.shape
    center = table - table.mean()
    rows, columns = center.mean(axis=1), center.mean(axis=0)
    total, between, raters = (center**2).sum(), k * (rows**2).sum(), n * (columns**2).sum()
    error = ((center - rows[:, None] - columns) ** 2).sum()
    floor = ZERO * max(float((table**2).mean()), np.finfo(float).tiny)
    squares = (between / (n - 1), raters / (k - 1), error / ((n - 1) * (k - 1)), (total - between) / (n * (k - 1)))
    msr, msc, mse, msw = (0.0 if s < floor else float(s) for s in squares)
    return MeanSquares(msr, msc, mse, msw, n, k)


def intraclass_correlation(
    ratings: Float[np.ndarray, "target rater"], form: Form = "ICC2_1", *, level: float = 0.95
) -> IntraclassCorrelation:
    """Estimate one form of the intraclass correlation with its interval.

    Model 1: each target has its own raters. Model 2: raters are a sample, absolute agreement. Model 3: these raters
    only, consistency.

    >>> table = np.array([[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])
    >>> print(intraclass_correlation(table, "ICC2_1"))
    ICC(2,1): 0.290 (95 % CI 0.019 to 0.761; 6 targets, 4 raters)

    Args:
        ratings: One row per target, one column per rater.
        form: Which of the six.
        level: Confidence level.

    Raises:
        ImageError: The table is incomplete, or the form or level unknown.

    Reference:
        Shrout and Fleiss, Psychol Bull 1979;86:420-428; McGraw and Wong, Psychol Methods 1996;1:30-46.
    """
    if form not in FORMS:
        raise ImageError.must("form", f"be one of {', '.join(FORMS)}", form, fix="Shrout and Fleiss name six.")
    if not 0 < level < 1:
        raise ImageError.must("level", "lie between 0 and 1", level, fix="Give 0.95 for a 95 % interval.")
    squares = mean_squares(ratings)
    if squares.targets == 0 and squares.within == 0:
        reason = "all ratings are equal: there is no variance to share"
        return IntraclassCorrelation(form, None, None, None, level, squares.n, squares.k, reason)
    single, lower, upper = _SINGLE[form[3]](squares, level)
    if form[-1] == "k":
        single, lower, upper = (_of_mean(value, squares.k) for value in (single, lower, upper))
    return IntraclassCorrelation(form, single, lower, upper, level, squares.n, squares.k)


def all_forms(ratings: Float[np.ndarray, "target rater"], *, level: float = 0.95) -> pd.DataFrame:
    """Return all six forms as a table.

    >>> all_forms(np.array([[2.0, 3], [3, 4], [4, 5]]))["estimate"].round(3).tolist()
    [0.6, 0.667, 1.0, 0.75, 0.8, 1.0]
    """
    return pd.DataFrame([vars(intraclass_correlation(ratings, form, level=level)) for form in FORMS])


def _one_way(s: MeanSquares, level: float) -> tuple[float, float, float]:
    return _from_ratio(s.targets, s.within, s.n - 1, s.n * (s.k - 1), s.k, level)


def _consistency(s: MeanSquares, level: float) -> tuple[float, float, float]:
    return _from_ratio(s.targets, s.error, s.n - 1, (s.n - 1) * (s.k - 1), s.k, level)


def _from_ratio(above: float, below: float, df1: float, df2: float, k: int, level: float) -> tuple[float, float, float]:
    high = float(f_distribution.ppf((1 + level) / 2, df1, df2))
    low = float(f_distribution.ppf((1 + level) / 2, df2, df1))

    def at(share: float) -> float:
        return (above * share - below) / (above * share + (k - 1) * below)

    return at(1.0), at(1 / high), at(low)


def _agreement(s: MeanSquares, level: float) -> tuple[float, float, float]:
    """Absolute agreement; the limits' degrees of freedom are Satterthwaite's."""
    n, k = s.n, s.k
    rest = k * s.raters + (k * n - k - n) * s.error
    estimate = (s.targets - s.error) / (s.targets + (k - 1) * s.error + k * (s.raters - s.error) / n)
    a, b = k * estimate * s.raters, (n * (1 + (k - 1) * estimate) - k * estimate) * s.error
    spread = (n - 1) * a**2 + b**2
    df = (k - 1) * (n - 1) * (a + b) ** 2 / spread if spread > 0 else float((k - 1) * (n - 1))
    df = max(df, 1e-6)
    high = float(f_distribution.ppf((1 + level) / 2, n - 1, df))
    low = float(f_distribution.ppf((1 + level) / 2, df, n - 1))
    lower = n * (s.targets - high * s.error) / (high * rest + n * s.targets)
    upper = n * (low * s.targets - s.error) / (rest + n * low * s.targets)
    return estimate, lower, upper


_SINGLE = {"1": _one_way, "2": _agreement, "3": _consistency}


def _of_mean(single: float, k: int) -> float:
    """Spearman and Brown's step from one rating to the mean of k."""
    below = 1 + (k - 1) * single
    return -np.inf if below <= 0 else k * single / below
