"""Dose as a number in an ANCOVA: one slope, one test of a trend with dose."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pandas as pd

from calor.analyze.continuous.comparison import Comparison, complete_cases
from calor.analyze.continuous.least_squares import Robust, check_robust, least_squares
from calor.analyze.estimate import Estimate, check_level
from calor.errors import AnalysisError


def dose_trend(
    table: pd.DataFrame,
    *,
    response: str,
    arm: str,
    doses: Mapping[Hashable, float],
    covariates: Sequence[str] = (),
    factors: Sequence[str] = (),
    level: float = 0.95,
    se: Robust = "model",
) -> Estimate:
    """Estimate the slope of the endpoint on dose, adjusting for baseline.

    Args:
        table: One row per participant.
        response: Column of the endpoint.
        arm: Column of the arm.
        doses: Dose of each arm, control (often 0) first; the slope is per unit of these.
        covariates: Numeric columns.
        factors: Categorical columns.
        level: Confidence level.
        se: As for `ancova`.

    Raises:
        AnalysisError: Doses that do not differ or are not finite, or what `ancova` refuses.

    Example:
        >>> table = pd.DataFrame({"arm": ["0", "0", "54", "54", "81", "81"], "chg": [2.0, 3.0, 1.5, 2.0, 1.0, 1.2]})
        >>> print(dose_trend(table, response="chg", arm="arm", doses={"0": 0, "54": 54, "81": 81}))
        chg per unit of dose: -0.017 (95 % CI -0.031 to -0.003; p = 0.029; linear dose response, n = 6)

    Reference:
        Tukey, Ciminera and Heyse, Biometrics 1985 (arithmetic dose scale).
    """
    check_level(level)
    check_robust(se)
    values = np.array([float(d) for d in doses.values()])
    if not np.isfinite(values).all() or len(set(values)) < 2:
        raise AnalysisError.must(
            "doses", "be finite and not all equal", list(doses.values()), fix="Give each arm its dose."
        )
    comparison = Comparison(response, arm, tuple(doses), tuple(covariates), tuple(factors))
    cases = complete_cases(table, comparison)
    design = np.column_stack([np.ones(cases.n), values[cases.arm], cases.adjustment])
    fit = least_squares(design, cases.response, ["(intercept)", "dose", *cases.adjustment_names])
    adjusted = ", ANCOVA" if cases.adjustment.size else ""
    return cases.estimate(
        f"{response} per unit of dose",
        fit.coefficient("dose", se),
        level=level,
        method=f"linear dose response{adjusted}",
        scale="slope",
    )
