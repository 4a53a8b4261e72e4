"""Cox regression of the hazard of one cause, the others ending follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from calor.analyze.continuous.terms import Categories, terms
from calor.analyze.estimate import check_level
from calor.analyze.survival.competing_risks import check_cause, competing_risks
from calor.analyze.survival.cox import fit_cox
from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.analyze.survival.partial_likelihood import Ties, check_ties


def cause_specific_cox(
    table: pd.DataFrame,
    *,
    time: str,
    status: str,
    covariates: Sequence[str],
    categories: Categories | None = None,
    cause: int = 1,
    ties: Ties = "efron",
    level: float = 0.95,
) -> HazardRatios:
    """Estimate hazard ratios of one cause among those still free of every cause.

    Args:
        table: One row per participant.
        time: Column of follow-up times, above zero.
        status: Column of 0 (censored) and 1, 2, ... (cause of the event that came first).
        covariates: Columns and interactions, see `terms`.
        categories: Values of categorical covariates, reference first: `{"arm": ("placebo", "aldesleukin")}`.
        cause: The cause.
        ties: "efron", "breslow" or "exact" (discrete time).
        level: Confidence level.

    Returns:
        The hazard ratios.

    Raises:
        AnalysisError: Unusable rows (see `competing_risks` and `terms`), a cause that did not happen, or not in each
            category, a likelihood without a maximum.

    Reference:
        Prentice et al., Biometrics 1978.

    Example:
        >>> table = pd.DataFrame({"days": range(1, 13), "status": [1, 2, 0] * 4, "age": [60, 50, 55, 70] * 3})
        >>> cause_specific_cox(table, time="days", status="status", covariates=["age"]).events
        4
    """
    check_level(level)
    check_ties(ties)
    data = competing_risks(table, time=time, status=status)
    check_cause(data, cause)
    times = replace(data.any_cause, event=data.cause == cause)
    return fit_cox(times, terms(table, covariates, categories), ties=ties, level=level, method="Cause-specific Cox")
