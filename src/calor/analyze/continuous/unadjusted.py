"""Unadjusted and change-score differences beside the ANCOVA: what a baseline imbalance does to each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.continuous.least_squares import least_squares
from calor.analyze.continuous.t_test import t_test
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError


@dataclass(frozen=True)
class Unadjusted(Drawable):
    """Three estimates of one effect and the imbalance that separates them.

    Attributes:
        followup: Difference of means at follow-up.
        change: Difference of mean changes from baseline.
        ancova: Difference adjusted for baseline.
        imbalance: Difference of baseline means, active minus control.
        baseline_slope: Slope b of follow-up on baseline. The follow-up difference is the ANCOVA's plus b times the
            imbalance, the change difference the ANCOVA's plus (b - 1) times the imbalance.
    """

    followup: Estimate
    change: Estimate
    ancova: Estimate
    imbalance: Estimate
    baseline_slope: float

    @property
    def disagree(self) -> bool:
        """Whether the imbalance moves an unadjusted difference by over half of the ANCOVA's standard error."""
        shift = max(abs(e.estimate - self.ancova.estimate) for e in (self.followup, self.change))
        return shift > 0.5 * (self.ancova.se or 0.0)

    def __str__(self) -> str:
        lines = [str(e) for e in (self.ancova, self.followup, self.change)]
        if self.disagree:
            lines.append(
                f"The baseline differed by {self.imbalance.estimate:.3f}, which moves the follow-up difference by "
                f"{self.followup.estimate - self.ancova.estimate:.3f} and the change difference by "
                f"{self.change.estimate - self.ancova.estimate:.3f}; the ANCOVA allows for it."
            )
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return the four estimates, one row each."""
        rows = [e.to_frame() for e in (self.ancova, self.followup, self.change, self.imbalance)]
        return pd.concat(rows, ignore_index=True)


def unadjusted(
    table: pd.DataFrame, comparison: Comparison, *, baseline: str, level: float = 0.95, equal_variances: bool = True
) -> Unadjusted:
    """Set the unadjusted and the change-score difference beside the ANCOVA on baseline.

    Args:
        table: One row per participant.
        comparison: Two arms and the endpoint; its covariates and factors are left aside.
        baseline: Column of the endpoint at baseline.
        level: Confidence level.
        equal_variances: Student's t-test if true, Welch's if false, where nothing is adjusted for.

    Raises:
        AnalysisError: More than two arms, or what `ancova` refuses.

    Example:
        >>> rng = np.random.default_rng(2)
        >>> table = pd.DataFrame({"arm": ["placebo"] * 30 + ["active"] * 30})
        >>> table["base"] = np.where(table.arm == "active", 2.26, 2.39) + rng.normal(0, 0.28, 60)
        >>> table["tbr"] = 1.1 + 0.5 * table.base - 0.17 * (table.arm == "active") + rng.normal(0, 0.25, 60)
        >>> result = unadjusted(table, Comparison("tbr", "arm", ("placebo", "active")), baseline="base")
        >>> result.change.label
        'active v placebo, change'

    Reference:
        Senn, Statistics in Medicine 2006; Vickers and Altman, BMJ 2001. Welch, Biometrika 1947.
    """
    check_level(level)
    comparison.require_two_arms()
    if baseline == comparison.response:
        raise AnalysisError.must("baseline", "be another column than the endpoint", baseline, fix="Name the baseline.")
    cases = complete_cases(table, Comparison(comparison.response, comparison.arm, comparison.arms, (baseline,)))
    before, after = cases.adjustment[:, 0], cases.response
    label = comparison.labels[0]
    design = np.column_stack([np.ones(cases.n), cases.arm, before])
    fit = least_squares(design, after, ["(intercept)", "active", baseline])
    ancova = cases.estimate(f"{label}, ANCOVA", fit.coefficient("active"), level=level, method="ANCOVA")
    active = cases.arm == 1

    def compare(values: np.ndarray, what: str) -> Estimate:
        found = t_test(
            values[active], values[~active], equal_variances=equal_variances, level=level, label=f"{label}, {what}"
        )
        return replace(found, excluded=cases.excluded)

    followup, change, imbalance = (
        compare(after, "follow-up"),
        compare(after - before, "change"),
        compare(before, "baseline"),
    )
    return Unadjusted(followup, change, ancova, imbalance, fit.coefficient(baseline).estimate)
