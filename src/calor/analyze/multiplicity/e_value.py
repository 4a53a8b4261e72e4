"""E-value: how strong an unmeasured confounder would have to be to explain an association away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from calor.analyze.drawable import Drawable
from calor.errors import AnalysisError

Measure = Literal["risk ratio", "rare odds ratio", "common odds ratio", "rare hazard ratio", "common hazard ratio"]


@dataclass(frozen=True)
class EValue(Drawable):
    """Hold an E-value.

    Attributes:
        estimate: E-value of the point estimate.
        limit: E-value of the confidence limit nearer to 1; 1 when the interval includes 1.
    """

    estimate: float
    limit: float

    def outcome_ratio(self, exposure_ratio: float) -> float:
        """Return how strongly a confounder must go with the outcome to explain all, if it so goes with the exposure.

        Args:
            exposure_ratio: By what ratio the confounder goes with the exposure; above the observed ratio.

        Reference:
            Ding and VanderWeele, Epidemiology 2016 (the bounding factor).

        >>> round(EValue(2.0, 1.0).outcome_ratio(2.0), 6)  # on the diagonal both are the E-value
        2.0
        """
        bound = self.estimate**2 / (2 * self.estimate - 1)
        return bound * (exposure_ratio - 1) / (exposure_ratio - bound)

    def __str__(self) -> str:
        return f"E-value {self.estimate:.2f}, of the confidence limit nearer to 1 {self.limit:.2f}"

    def to_frame(self) -> pd.DataFrame:
        """Return both E-values as a table with one row."""
        return pd.DataFrame([{"e_value": self.estimate, "e_value_limit": self.limit}])


def e_value(ratio: float, lower: float, upper: float, *, measure: Measure = "risk ratio") -> EValue:
    """Return the E-value of an observed ratio.

    For observational comparisons, such as responders against non-responders on treatment; a randomized comparison has
    no confounding to explain away.

    Args:
        ratio: Observed ratio.
        lower: Lower confidence limit; 0 where only the upper one matters.
        upper: Upper confidence limit; infinity where only the lower one matters.
        measure: What the ratio is. `"common"` means an event in more than about 15 % by the end of follow-up: an odds
            ratio is then replaced by its square root, a hazard ratio by VanderWeele's approximation.

    Raises:
        AnalysisError: `measure` is unknown, or the ratio is not positive and between its limits.

    Example:
        >>> print(e_value(0.35, 0.0, 0.95))
        E-value 5.16, of the confidence limit nearer to 1 1.29

    Reference:
        VanderWeele TJ, Ding P. Ann Intern Med 2017;167:268-274.
    """
    if measure not in get_args(Measure):
        raise AnalysisError.must(
            "measure", f"be one of {get_args(Measure)}", repr(measure), fix="Say also whether the event is rare."
        )
    if not (np.isfinite(ratio) and 0 <= lower <= ratio <= upper and ratio > 0):
        raise AnalysisError.must(
            "ratio", "be positive, finite and between its limits", f"{ratio} ({lower}, {upper})", fix="Check the order."
        )
    if lower <= 1 <= upper:
        limit = 1.0
    else:
        limit = _of_risk_ratio(_risk_ratio(upper if ratio < 1 else lower, measure))
    return EValue(estimate=_of_risk_ratio(_risk_ratio(ratio, measure)), limit=limit)


def _risk_ratio(ratio: float, measure: Measure) -> float:
    """Put a ratio approximately on the risk-ratio scale."""
    if measure == "common odds ratio":
        return float(np.sqrt(ratio))
    if measure == "common hazard ratio":
        return float((1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio)))
    return ratio


def _of_risk_ratio(ratio: float) -> float:
    above = max(ratio, 1 / ratio)
    return float(above + np.sqrt(above * (above - 1)))
