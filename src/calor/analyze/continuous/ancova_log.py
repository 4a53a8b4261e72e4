"""ANCOVA on the logarithm: the ratio of geometric means."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from calor.analyze.columns import need_columns, numeric_column, refuse_rows
from calor.analyze.continuous.ancova import Clustered, ancova
from calor.analyze.continuous.least_squares import Robust
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, format_p


@dataclass(frozen=True)
class LogAncova(Drawable):
    """Ratios between arms of an endpoint that is log-normal (hs-CRP, interleukin-6).

    Attributes:
        ratios: Geometric mean of each active arm divided by control's; the standard error is the logarithm's.
        geometric_means: Adjusted geometric mean of each arm.
        residual_sd: Residual standard deviation of the logarithm.
        n_per_arm: Participants used in each arm, control first.
    """

    ratios: tuple[Estimate, ...]
    geometric_means: tuple[Estimate, ...]
    residual_sd: float
    n_per_arm: tuple[int, ...]

    def __str__(self) -> str:
        return "\n".join(_sentence(ratio) for ratio in self.ratios)

    def to_frame(self) -> pd.DataFrame:
        """Return the ratios, then the geometric means, one row each."""
        table = pd.concat([e.to_frame() for e in (*self.ratios, *self.geometric_means)], ignore_index=True)
        table.insert(0, "quantity", ["ratio"] * len(self.ratios) + ["geometric mean"] * len(self.geometric_means))
        return table


def ancova_log(
    table: pd.DataFrame,
    *,
    response: str,
    arm: str,
    arms: Sequence[Hashable],
    covariates: Sequence[str] = (),
    factors: Sequence[str] = (),
    level: float = 0.95,
    se: Robust | Clustered = "model",
) -> LogAncova:
    """Compare arms by least squares on the logarithm of the endpoint.

    Covariates enter as they are: pass the logarithm of the baseline where the model wants it.

    Args:
        table: One row per participant.
        response: Column of the endpoint, positive.
        arm: Column of the arm.
        arms: Values of `arm` to compare, control first.
        covariates: Numeric columns.
        factors: Categorical columns.
        level: Confidence level.
        se: As for `ancova`.

    Raises:
        AnalysisError: A response is not positive, or what `ancova` refuses.

    Example:
        >>> table = pd.DataFrame({"arm": ["placebo"] * 3 + ["active"] * 3, "crp": [4.0, 8.0, 16.0, 2.0, 4.0, 8.0]})
        >>> print(ancova_log(table, response="crp", arm="arm", arms=["placebo", "active"]))
        active v placebo: geometric mean ratio 0.500 (-50.0 %; 95 % CI 0.104 to 2.407; p = 0.288; unadjusted comparison
        of means of the logarithm, n = 6)

    Reference:
        Keene, Statistics in Medicine 1995 (the log transformation is special).
    """
    need_columns(table, [response])
    values = numeric_column(table, response)
    refuse_rows(table, values <= 0, response, "be positive on the log scale", "Impute below the limit.")
    found = ancova(
        table.assign(**{response: np.log(values)}),
        response=response,
        arm=arm,
        arms=arms,
        covariates=covariates,
        factors=factors,
        level=level,
        se=se,
    )
    ratios = tuple(_exponentiate(d) for d in found.differences)
    means = tuple(_exponentiate(m) for m in found.ls_means)
    return LogAncova(ratios, means, found.residual_sd, found.n_per_arm)


def percent_change(ratio: float) -> float:
    """Return a ratio as a change in percent.

    >>> percent_change(0.75)
    -25.0
    """
    return 100 * (ratio - 1)


def _exponentiate(estimate: Estimate) -> Estimate:
    return replace(
        estimate,
        estimate=float(np.exp(estimate.estimate)),
        lower=float(np.exp(estimate.lower)),
        upper=float(np.exp(estimate.upper)),
        scale="ratio",
        method=f"{estimate.method} of the logarithm",
    )


def _sentence(ratio: Estimate) -> str:
    p = "" if ratio.p_value is None else f"; {format_p(ratio.p_value)}"
    return (
        f"{ratio.label}: geometric mean ratio {ratio.estimate:.3f} ({percent_change(ratio.estimate):.1f} %; "
        f"{ratio.level * 100:.3g} % CI {ratio.lower:.3f} to {ratio.upper:.3f}{p}; {ratio.method}, n = {ratio.n})"
    )
