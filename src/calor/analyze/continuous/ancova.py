"""Analysis of covariance: the primary analysis of a continuous endpoint."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.continuous.comparison import Comparison, CompleteCases, complete_cases
from calor.analyze.continuous.least_squares import LeastSquares, Robust, check_robust, least_squares
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level


@dataclass(frozen=True)
class Clustered:
    """CR2 standard errors with clusters, for participants who share a site or a reader."""

    column: str


@dataclass(frozen=True)
class Ancova(Drawable):
    """Differences between arms adjusted for baseline.

    Attributes:
        differences: Each active arm minus control.
        ls_means: Mean of each arm at the mean of the covariates, the levels of each factor weighted equally.
        percent_of_control: Each difference in percent of control's LS mean; None unless every response is positive.
        residual_sd: Residual standard deviation, in units of the endpoint.
        residual_df: Residual degrees of freedom.
        n_per_arm: Participants used in each arm, control first.
    """

    differences: tuple[Estimate, ...]
    ls_means: tuple[Estimate, ...]
    percent_of_control: tuple[float | None, ...]
    residual_sd: float
    residual_df: int
    n_per_arm: tuple[int, ...]

    def __str__(self) -> str:
        return "\n".join(_sentence(d, p) for d, p in zip(self.differences, self.percent_of_control, strict=True))

    def to_frame(self) -> pd.DataFrame:
        """Return the differences, then the LS means, one row each."""
        rows = [e.to_frame() for e in (*self.differences, *self.ls_means)]
        table = pd.concat(rows, ignore_index=True)
        table.insert(0, "quantity", ["difference"] * len(self.differences) + ["LS mean"] * len(self.ls_means))
        table["percent_of_control"] = [*self.percent_of_control, *[None] * len(self.ls_means)]
        return table


def ancova(
    table: pd.DataFrame,
    *,
    response: str,
    arm: str,
    arms: Sequence[Hashable],
    covariates: Sequence[str] = (),
    factors: Sequence[str] = (),
    level: float = 0.95,
    se: Robust | Clustered = "model",
) -> Ancova:
    """Compare arms by least squares, adjusting for baseline covariates and factors.

    Complete cases; the number left out is kept with its reasons. LS means are taken at the mean of the covariates
    with the levels of each factor weighted equally.

    Args:
        table: One row per participant.
        response: Column of the endpoint.
        arm: Column of the arm.
        arms: Values of `arm` to compare, control first.
        covariates: Numeric columns (baseline).
        factors: Categorical columns (strata, site).
        level: Confidence level.
        se: Equal variances ("model"), HC0 to HC4, CR2, or CR2 with clusters.

    Raises:
        AnalysisError: The design is singular, an arm has one participant, a value is infinite, a column is absent.

    Example:
        >>> table = pd.DataFrame({
        ...     "arm": ["placebo"] * 4 + ["aldesleukin"] * 4,
        ...     "base": [2.1, 2.3, 2.6, 2.4, 2.0, 2.2, 2.5, 2.7],
        ...     "tbr": [2.1, 2.2, 2.5, 2.2, 1.8, 1.9, 2.2, 2.3],
        ... })
        >>> print(ancova(table, response="tbr", arm="arm", arms=["placebo", "aldesleukin"], covariates=["base"]))
        aldesleukin v placebo: -0.200 (-8.9 %; 95 % CI -0.303 to -0.097; p = 0.004; ANCOVA, n = 8)

    Reference:
        Senn, Statistics in Medicine 2006 (change from baseline and analysis of covariance revisited). LS means: Searle,
        Speed and Milliken, American Statistician 1980. Robust variances: see `calor.analyze.continuous.least_squares`.
    """
    check_level(level)
    robust: Robust = "CR2" if isinstance(se, Clustered) else se
    cluster = se.column if isinstance(se, Clustered) else None
    check_robust(robust)
    comparison = Comparison(response, arm, tuple(arms), tuple(covariates), tuple(factors))
    cases = complete_cases(table, comparison, cluster=cluster)
    fit = fit_ancova(cases)
    method = ancova_name(comparison, robust, cluster)
    return from_mean_rows(cases, fit, _mean_rows(cases), level=level, robust=robust, method=method)


def from_mean_rows(
    cases: CompleteCases,
    fit: LeastSquares,
    rows: Float[np.ndarray, "arms p"],
    *,
    level: float,
    robust: Robust,
    method: str,
) -> Ancova:
    """Summarize a fit whose arm means are `rows @ coefficients`, control first."""
    contrasts = [fit.contrast(row, robust, cases.cluster) for row in rows]
    means = tuple(
        cases.estimate(str(name), contrast, level=level, method=f"adjusted mean, {method}", test=False)
        for name, contrast in zip(cases.comparison.arms, contrasts, strict=True)
    )
    differences = tuple(
        cases.estimate(label, fit.contrast(row - rows[0], robust, cases.cluster), level=level, method=method)
        for label, row in zip(cases.comparison.labels, rows[1:], strict=True)
    )
    positive = bool(cases.response.min() > 0) and means[0].estimate > 0
    percent = tuple(100 * d.estimate / means[0].estimate if positive else None for d in differences)
    return Ancova(differences, means, percent, fit.sd, fit.df, cases.n_per_arm)


def fit_ancova(cases: CompleteCases) -> LeastSquares:
    """Fit intercept, arms and adjustment terms, in that order."""
    design = np.hstack([np.ones((cases.n, 1)), cases.indicators, cases.adjustment])
    return least_squares(design, cases.response, ["(intercept)", *cases.arm_names, *cases.adjustment_names])


def ancova_name(comparison: Comparison, robust: Robust, cluster: str | None = None) -> str:
    """Name the method as a paper prints it.

    Example:
        >>> ancova_name(Comparison("tbr", "arm", ("placebo", "active"), ("base",)), "HC3")
        'ANCOVA with HC3 standard errors'
    """
    name = "ANCOVA" if comparison.covariates or comparison.factors else "unadjusted comparison of means"
    clusters = f" by {cluster}" if cluster else ""
    return name if robust == "model" else f"{name} with {robust} standard errors{clusters}"


def _mean_rows(cases: CompleteCases) -> Float[np.ndarray, "arms p"]:
    arms = len(cases.comparison.arms)
    return np.hstack([np.ones((arms, 1)), np.eye(arms)[:, 1:], np.tile(cases.balanced, (arms, 1))])


def _sentence(difference: Estimate, percent: float | None) -> str:
    share = "" if percent is None else f"{percent:.1f} %; "
    sentence = str(difference)
    start = sentence.index("(", len(difference.label)) + 1
    return f"{sentence[:start]}{share}{sentence[start:]}"
