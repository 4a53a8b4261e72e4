"""Quade's rank analysis of covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.continuous.least_squares import f_test, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Exclusion, format_p
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Quade(Drawable):
    """A test that the arms share one distribution given the covariates; it has no estimate of its own."""

    f: float
    df1: int
    df2: int
    p_value: float
    n: int
    excluded: tuple[Exclusion, ...]

    def __str__(self) -> str:
        return f"Quade's rank ANCOVA: F({self.df1}, {self.df2}) = {self.f:.2f}, {format_p(self.p_value)}, n = {self.n}"

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a table with one row."""
        return pd.DataFrame([{"f": self.f, "df1": self.df1, "df2": self.df2, "p_value": self.p_value, "n": self.n}])


def quade(table: pd.DataFrame, comparison: Comparison) -> Quade:
    """Compare arms by ranks, adjusting for the ranks of the covariates.

    Ranks of the endpoint are regressed on ranks of the covariates over all arms; the arms are compared by the
    analysis of variance of the residuals.

    Args:
        table: One row per participant.
        comparison: Arms, endpoint and at least one covariate; no factors.

    Raises:
        AnalysisError: No covariate, a factor, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 20, "base": rng.lognormal(2, 1, 40)})
        >>> table["crp"] = table.base * np.where(table.arm == "active", 0.6, 1.0) * rng.lognormal(0, 0.4, 40)
        >>> print(quade(table, Comparison("crp", "arm", ("placebo", "active"), ("base",))))
        Quade's rank ANCOVA: F(1, 38) = 25.65, p < 0.001, n = 40

    Reference:
        Quade, JASA 1967.
    """
    if not comparison.covariates or comparison.factors:
        raise AnalysisError.must(
            "comparison",
            "have covariates and no factors",
            comparison.covariates,
            fix="Use `rank_sum` without covariates.",
        )
    cases = complete_cases(table, comparison)
    ranked = np.column_stack([rankdata(column) for column in cases.adjustment.T])
    one = np.ones((cases.n, 1))
    names = ["(intercept)", *cases.adjustment_names]
    residuals = least_squares(np.hstack([one, ranked]), rankdata(cases.response), names).residuals
    full = least_squares(np.hstack([one, cases.indicators]), residuals, ["(intercept)", *cases.arm_names])
    test = f_test(full, least_squares(one, residuals, ["(intercept)"]))
    return Quade(test.f, test.df1, test.df2, test.p_value, cases.n, cases.excluded)
