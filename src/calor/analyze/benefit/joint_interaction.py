"""Imaging and blood together: does the effect depend on each biomarker, given the others?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.analyze.benefit.interaction import BiomarkerScale, transform
from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.continuous.least_squares import FTest, LeastSquares, f_test, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level, format_p
from calor.errors import AnalysisError


@dataclass(frozen=True)
class JointInteraction(Drawable):
    """Interactions of treatment with several biomarkers in one model.

    Attributes:
        slopes: Difference in slope for each biomarker, the others held fixed.
        joint: F test that the effect depends on none of them.
        effect_at_medians: Treatment effect where each biomarker is at its median.
        correlation: Correlations of the biomarkers on the model's scale; the higher, the less the slopes can be
            told apart.
    """

    slopes: tuple[Estimate, ...]
    joint: FTest
    effect_at_medians: Estimate
    correlation: pd.DataFrame

    def __str__(self) -> str:
        lines = [str(s) for s in self.slopes]
        lines.append(f"All together: F({self.joint.df1}, {self.joint.df2}) = {self.joint.f:.2f}, "
                     f"{format_p(self.joint.p_value)}")  # fmt: skip
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return the slopes, one row per biomarker."""
        return pd.concat([s.to_frame() for s in self.slopes], ignore_index=True)


def joint_interaction(
    table: pd.DataFrame, comparison: Comparison, *, biomarkers: Mapping[str, BiomarkerScale], level: float = 0.95
) -> JointInteraction:
    """Estimate how the treatment effect depends on several baseline biomarkers at once.

    A biomarker that is also a covariate (the baseline of an imaging endpoint) is entered once.

    Args:
        table: One row per participant.
        comparison: Two arms, the endpoint and the covariates.
        biomarkers: Scale ("log" or "linear") of each biomarker.
        level: Confidence level.

    Raises:
        AnalysisError: Fewer than two biomarkers, or what `interaction` refuses.

    Example:
        >>> rng = np.random.default_rng(4)
        >>> table = pd.DataFrame({"arm": ["placebo", "active"] * 40, "base": rng.normal(2.3, 0.3, 80)})
        >>> table["crp"] = np.exp(rng.normal(2.2, 1.3, 80))
        >>> table["tbr"] = table.base - 0.15 * (table.arm == "active") * np.log(table.crp) + rng.normal(0, 0.25, 80)
        >>> two = Comparison("tbr", "arm", ("placebo", "active"), ("base",))
        >>> found = joint_interaction(table, two, biomarkers={"crp": "log", "base": "linear"})
        >>> [s.label for s in found.slopes]
        ['active v placebo, per log unit of crp', 'active v placebo, per unit of base']

    Reference:
        Royston and Sauerbrei, Multivariable Model-Building, 2008, chapter 7.
    """
    check_level(level)
    comparison.require_two_arms()
    if len(biomarkers) < 2:
        raise AnalysisError.must("biomarkers", "be at least two", list(biomarkers), fix="Use `interaction` for one.")
    rest = tuple(c for c in comparison.covariates if c not in biomarkers)
    reduced = Comparison(comparison.response, comparison.arm, comparison.arms, rest, comparison.factors)
    cases = complete_cases(table, reduced, extra=list(biomarkers))
    markers = np.column_stack([transform(cases.extra[b], b, scale) for b, scale in biomarkers.items()])
    main = np.hstack([np.ones((cases.n, 1)), cases.indicators, markers, cases.adjustment])
    names = ["(intercept)", *cases.arm_names, *biomarkers, *cases.adjustment_names]
    crossed = [f"{cases.arm_names[0]}:{b}" for b in biomarkers]
    full = least_squares(np.hstack([main, cases.indicators * markers]), cases.response, [*names, *crossed])
    slopes = tuple(
        cases.estimate(
            f"{comparison.labels[0]}, per {'log unit' if scale == 'log' else 'unit'} of {b}",
            full.coefficient(name),
            level=level,
            method="ANCOVA with joint interactions",
            scale="slope",
        )
        for (b, scale), name in zip(biomarkers.items(), crossed, strict=True)
    )
    weights = _effect_at(full, np.median(markers, axis=0))
    label, method = f"{comparison.labels[0]} at the medians", "ANCOVA with joint interactions"
    at_medians = cases.estimate(label, full.contrast(weights), level=level, method=method)
    correlation = pd.DataFrame(np.corrcoef(markers.T), index=list(biomarkers), columns=list(biomarkers))
    return JointInteraction(slopes, f_test(full, least_squares(main, cases.response, names)), at_medians, correlation)


def _effect_at(fit: LeastSquares, markers: np.ndarray) -> np.ndarray:
    weights = np.zeros(len(fit.names))
    weights[1], weights[-len(markers) :] = 1.0, markers
    return weights
