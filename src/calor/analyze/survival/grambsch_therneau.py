"""Score test of proportional hazards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import rankdata

from calor.analyze.drawable import Drawable
from calor.analyze.estimate import format_p
from calor.analyze.survival.at_risk import at_risk
from calor.analyze.survival.hazard_ratios import ChiSquareTest, HazardRatios, chi_square_test
from calor.analyze.survival.partial_likelihood import PartialLikelihood
from calor.errors import AnalysisError

Transform = Literal["km", "identity", "rank", "log"]


@dataclass(frozen=True)
class ProportionalHazardsTest(Drawable):
    """Tests that the log hazard ratios do not change with transformed time.

    Attributes:
        by_term: Test of each covariate.
        overall: Test of all together.
        transform: Transform of time along which a change is sought.
    """

    by_term: dict[str, ChiSquareTest]
    overall: ChiSquareTest
    transform: Transform

    def __str__(self) -> str:
        tests = "; ".join(f"{term} {format_p(test.p_value)}" for term, test in self.by_term.items())
        return f"Proportional hazards ({self.transform}): {tests}; all together {format_p(self.overall.p_value)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per covariate, and one for all together."""
        tests = {**self.by_term, "all": self.overall}
        return pd.DataFrame(
            [{"term": n, "chi_square": t.statistic, "df": t.df, "p_value": t.p_value} for n, t in tests.items()]
        )


def grambsch_therneau(fit: HazardRatios, *, transform: Transform = "km") -> ProportionalHazardsTest:
    """Test whether each covariate's log hazard ratio is constant in time.

    The score test of adding covariate times g(t) to the model, with its exact information: what R's `cox.zph`
    computes since survival 3.0 (earlier versions approximated the information as constant).

    Args:
        fit: A fit by `cox` with Efron's or Breslow's ties.
        transform: g(t): "km" (1 minus the Kaplan-Meier estimate before t), "identity", "rank" or "log".

    Returns:
        A test per covariate and one for all.

    Raises:
        AnalysisError: An unknown transform, exact ties, or too few event times to see a change.

    Reference:
        Grambsch and Therneau, Biometrika 1994.

    Example:
        >>> from calor.analyze.survival.cox import cox
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 1, 1], "x": [0, 1, 0, 1, 0, 1]})
        >>> print(grambsch_therneau(cox(table, time="days", event="mi", covariates=["x"])))
        Proportional hazards (km): x p = 0.079; all together p = 0.079
    """
    if transform not in get_args(Transform):
        fix = "Kaplan-Meier is the default."
        raise AnalysisError.must("transform", f"be one of {', '.join(get_args(Transform))}", transform, fix=fix)
    if fit.likelihood.ties == "exact":
        raise AnalysisError.must("fit", "have Efron's or Breslow's ties", "exact ties", fix="Fit with Efron's ties.")
    parts = fit.likelihood.sweep(fit.coefficients)
    g = _transformed(fit.likelihood, transform)[parts.row]
    g = g - g.mean()
    score = g @ parts.score
    base = parts.information.sum(axis=0)
    cross = np.einsum("t,tab->ab", g, parts.information)
    square = np.einsum("t,tab->ab", g * g, parts.information)
    left = square - cross @ np.linalg.solve(base, cross)  # information of the added columns, given the model's own

    def test(columns: list[int]) -> ChiSquareTest:
        block = left[np.ix_(columns, columns)]
        if np.linalg.eigvalsh(block)[0] <= 1e-12 * np.trace(square[np.ix_(columns, columns)]):
            fix = "Report the hazard ratio without this test."
            raise AnalysisError.must("fit", "rest on several event times", len(g), fix=fix)
        return chi_square_test(float(score[columns] @ np.linalg.solve(block, score[columns])), len(columns))

    owners = fit.terms.terms
    by_term = {term: test([i for i, owner in enumerate(owners) if owner == term]) for term in dict.fromkeys(owners)}
    return ProportionalHazardsTest(by_term, test(list(range(len(owners)))), transform)


def _transformed(likelihood: PartialLikelihood, transform: Transform) -> Float[np.ndarray, " row"]:
    rows = likelihood.rows

    def km() -> Float[np.ndarray, " row"]:
        counts = at_risk(rows.time, rows.event, rows.start if rows.start.any() else None)
        survival = np.cumprod(1 - counts.events / counts.at_risk)
        return np.asarray(1 - np.r_[1.0, survival][np.searchsorted(counts.time, rows.time, side="left")])

    transforms: dict[Transform, Callable[[], Float[np.ndarray, " row"]]] = {
        "km": km,
        "identity": lambda: rows.time,
        "rank": lambda: np.asarray(rankdata(rows.time)),
        "log": lambda: np.log(rows.time),
    }
    return np.asarray(transforms[transform]())
