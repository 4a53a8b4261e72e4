"""Rate ratios of recurrent events with a robust variance: the model of Lin, Wei, Yang and Ying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pandas as pd

from calor.analyze.continuous.terms import Categories, terms
from calor.analyze.estimate import check_level
from calor.analyze.survival.cox import fit_cox
from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.analyze.survival.lin_wei import lin_wei
from calor.analyze.survival.recurrent import recurrent
from calor.errors import AnalysisError


def lwyy(
    table: pd.DataFrame,
    *,
    start: str,
    stop: str,
    event: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    level: float = 0.95,
) -> HazardRatios:
    """Estimate ratios of the rate of recurrent events, with participants as the unit of variance.

    Args:
        table: One row per interval at risk; the index is the participant.
        start: Column of interval starts; 0 is randomization.
        stop: Column of interval ends.
        event: Column of 1 (the interval ends with an event) and 0.
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        ties: "efron" or "breslow" (SAS's default).
        level: Confidence level.

    Returns:
        The rate ratios with robust standard errors.

    Raises:
        AnalysisError: Unusable rows (see `recurrent` and `terms`), an arm or category without events, a likelihood
            without a maximum.

    Reference:
        Lin, Wei, Yang and Ying, JRSS B 2000; Andersen and Gill, Annals of Statistics 1982.

    Example:
        >>> table = pd.DataFrame(
        ...     {"from": [0, 4, 0, 0, 3, 0], "to": [4, 9, 8, 3, 7, 6], "mi": [1, 1, 0, 1, 0, 1], "arm": list("ppappa")},
        ...     index=["S1", "S1", "S2", "S3", "S3", "S4"],
        ... )
        >>> fit = lwyy(table, start="from", stop="to", event="mi", covariates=["arm"], categories={"arm": ("p", "a")})
        >>> print(fit)
        rate ratio, a v p: 0.500 (95 % CI 0.125 to 1.999; p = 0.327; LWYY (efron), robust, n = 4)
    """
    check_level(level)
    if ties not in ("efron", "breslow"):
        raise AnalysisError.must("ties", "be efron or breslow", ties, fix="Efron is the default.")
    data = recurrent(table, start=start, stop=stop, event=event)
    model = terms(table, covariates, categories)
    fit = fit_cox(data, model, ties=ties, level=level, method="LWYY")
    return replace(lin_wei(fit, table.index.tolist()), n=table.index.nunique(), measure="rate ratio")
