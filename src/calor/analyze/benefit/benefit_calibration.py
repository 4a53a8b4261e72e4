"""Calibration for benefit: do participants predicted to benefit more, benefit more?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.analyze.continuous.least_squares import Contrast, least_squares
from calor.analyze.continuous.t_test import t_test
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate, check_level
from calor.analyze.whole_number import whole_number
from calor.errors import AnalysisError


@dataclass(frozen=True)
class BenefitCalibration(Drawable):
    """Predicted against observed effect.

    Attributes:
        slope: Observed change of the effect per unit of predicted effect; 1 is ideal, 0 is no information.
        at_mean: Observed effect at the mean prediction, to be set against `mean_predicted`.
        mean_predicted: Mean predicted effect.
        groups: Columns predicted, observed, lower, upper, n, by quantile of the prediction.
    """

    slope: Estimate
    at_mean: Estimate
    mean_predicted: float
    groups: pd.DataFrame

    def __str__(self) -> str:
        return (
            f"{self.slope}. At the mean prediction of {self.mean_predicted:.3f} the effect was "
            f"{self.at_mean.estimate:.3f} ({self.at_mean.lower:.3f} to {self.at_mean.upper:.3f})."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per group."""
        return self.groups


def benefit_calibration(
    effects: Float[np.ndarray, " n"],
    response: Float[np.ndarray, " n"],
    arm: Int[np.ndarray, " n"],
    *,
    groups: int = 4,
    level: float = 0.95,
) -> BenefitCalibration:
    """Regress the endpoint on arm, predicted effect and their product.

    The predictions must come from other participants (another trial, or out of fold); otherwise they flatter
    themselves.

    Args:
        effects: Predicted effect of each participant, active minus control.
        response: Endpoint.
        arm: 0 for control, 1 for active.
        groups: Number of groups by predicted effect, each compared by Welch's t-test.
        level: Confidence level.

    Raises:
        AnalysisError: Lengths differ, predictions are all equal, or a group lacks two participants of an arm.

    Example:
        >>> rng = np.random.default_rng(2)
        >>> arm, effects = np.arange(400) % 2, rng.normal(-0.2, 0.2, 400)
        >>> found = benefit_calibration(effects, 2.2 + arm * effects + rng.normal(0, 0.25, 400), arm)
        >>> found.slope.lower < 1 < found.slope.upper
        True

    Reference:
        van Klaveren et al., Journal of Clinical Epidemiology 2019 (models with treatment interaction); Chernozhukov
        et al., 2018 (best linear predictor of the effect).
    """
    check_level(level)
    check_predictions(effects, response, arm)
    groups = whole_number("groups", groups, least=2, fix="Use 4.")
    centered = effects - effects.mean()
    design = np.column_stack([np.ones(len(arm)), arm, centered, arm * centered])
    fit = least_squares(design, response, ["(intercept)", "active", "predicted", "active:predicted"])

    def wrap(label: str, contrast: Contrast, *, slope: bool) -> Estimate:
        lower, upper = contrast.interval(level)
        return Estimate(
            label=label,
            estimate=contrast.estimate,
            lower=lower,
            upper=upper,
            level=level,
            scale="slope" if slope else "difference",
            method="calibration for benefit, HC3",
            n=len(arm),
            se=contrast.se,
            p_value=contrast.p_value,
            df=contrast.df,
        )

    return BenefitCalibration(
        slope=wrap("Observed per predicted effect", fit.coefficient("active:predicted", "HC3"), slope=True),
        at_mean=wrap("Effect at the mean prediction", fit.coefficient("active", "HC3"), slope=False),
        mean_predicted=float(effects.mean()),
        groups=_by_group(effects, response, arm, groups, level),
    )


def check_predictions(
    effects: Float[np.ndarray, " n"], response: Float[np.ndarray, " n"], arm: Int[np.ndarray, " n"]
) -> None:
    """Refuse predictions that cannot be judged.

    Raises:
        AnalysisError: Lengths differ, a value is not finite, the arm is not 0 or 1, or predictions are all equal.
    """
    if not len(effects) == len(response) == len(arm):
        got = f"{len(effects)}, {len(response)} and {len(arm)}"
        raise AnalysisError.must("effects", "be as long as response and arm", got, fix="Align them.")
    for name, values in (("effects", effects), ("response", response)):
        if not np.isfinite(values).all():
            first = int(np.flatnonzero(~np.isfinite(values))[0])
            raise AnalysisError.must(name, "be finite", values[first], where=f"position {first}", fix="Leave it out.")
    if not set(np.unique(arm)) == {0, 1}:
        raise AnalysisError.must("arm", "be 0 for control and 1 for active", np.unique(arm), fix="Recode it.")
    if np.ptp(effects) <= 1e-12 * max(1.0, float(np.abs(effects).max())):
        raise AnalysisError.must("effects", "differ", "one predicted effect for all", fix="There is nothing to check.")


def _by_group(
    effects: Float[np.ndarray, " n"],
    response: Float[np.ndarray, " n"],
    arm: Int[np.ndarray, " n"],
    groups: int,
    level: float,
) -> pd.DataFrame:
    place = np.argsort(np.argsort(effects, kind="stable"), kind="stable") * groups // len(effects)
    rows = []
    for g in range(groups):
        active, control = response[(place == g) & (arm == 1)], response[(place == g) & (arm == 0)]
        if min(len(active), len(control)) < 2:
            got = f"{len(active)} and {len(control)} in group {g + 1}"
            raise AnalysisError.must(
                "groups", "leave two participants of each arm in every group", got, fix="Use fewer."
            )
        found = t_test(active, control, level=level)
        rows.append((effects[place == g].mean(), found.estimate, found.lower, found.upper, found.n))
    return pd.DataFrame(rows, columns=["predicted", "observed", "lower", "upper", "n"])
