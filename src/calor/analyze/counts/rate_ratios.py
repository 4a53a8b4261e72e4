"""Ratios of event rates from a regression of counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.columns import finite_column, need_columns, refuse_rows
from calor.analyze.continuous.terms import Terms
from calor.analyze.counts.wald_ratio import wald_ratio
from calor.analyze.drawable import Drawable
from calor.analyze.estimate import Estimate
from calor.analyze.survival.time_to_event import need_event
from calor.errors import AnalysisError


@dataclass(frozen=True)
class RateRatios(Drawable):
    """A fitted log-linear model of event counts.

    Attributes:
        terms: Covariates of the model.
        coefficients: Log rate at reference (per unit of follow-up), then log rate ratios.
        covariance: Their covariance.
        dispersion: Pearson's chi-square over its degrees of freedom; above 1, counts vary more than the model says.
        theta: Shape of the negative binomial (variance = mean + mean^2 / theta); None for the Poisson.
        n: Participants.
        events: Events.
        level: Confidence level.
        method: The method's name as a paper would print it.
        loglik: Log-likelihood, constants included; None where it is not reported.
    """

    terms: Terms
    coefficients: Float[np.ndarray, " p"]
    covariance: Float[np.ndarray, "p p"]
    dispersion: float
    theta: float | None
    n: int
    events: int
    level: float
    method: str
    loglik: float | None = None

    @property
    def se(self) -> Float[np.ndarray, " p"]:
        """Standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))

    def rate_ratio(self, name: str) -> Estimate:
        """Return the rate ratio of one column of the model, with its Wald interval and p-value."""
        i = 1 + self.terms.index(name)
        label = f"rate ratio, {self.terms.label(name)}"
        beta, se = float(self.coefficients[i]), float(self.se[i])
        return wald_ratio(label, beta, se, level=self.level, method=self.method, n=self.n)

    def __str__(self) -> str:
        return "\n".join(str(self.rate_ratio(name)) for name in self.terms.names)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per covariate."""
        frame = pd.concat([self.rate_ratio(name).to_frame() for name in self.terms.names], ignore_index=True)
        frame.insert(0, "name", list(self.terms.names))
        return frame


def read_counts(
    table: pd.DataFrame, events: str, follow_up: str, model: Terms
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Return counts and follow-up, refusing what a rate cannot be built from.

    >>> from calor.analyze.continuous.terms import terms
    >>> table = pd.DataFrame({"mi": [2, 1], "years": [2, 1], "x": [0, 1]})
    >>> read_counts(table, "mi", "years", terms(table, ["x"]))[0]
    array([2., 1.])
    """
    need_columns(table, [events, follow_up])
    if table.empty:
        raise AnalysisError.must("table", "have rows", "none", fix="Give a table with one row per participant.")
    y, time = finite_column(table, events), finite_column(table, follow_up)
    refuse_rows(table, (y < 0) | (y != np.round(y)), events, "be 0, 1, 2, ...", "Count the participant's events.")
    refuse_rows(table, time <= 0, follow_up, "be above zero", "Leave out who was not followed, and say so.")
    need_event(y, events)
    for name, column in zip(model.names, model.values.T, strict=True):
        values = np.unique(column)
        if len(values) == 2 and any(y[column == value].sum() == 0 for value in values):
            fix = "Use rate_ratio, the exact comparison: a modeled rate ratio does not exist here."
            raise AnalysisError.must(events, "happen in each arm", f"none on one side of {name}", fix=fix)
    return y, time
