"""Cox partial likelihood of checked data: what every proportional-hazards method here maximizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float, Int

from calor.analyze.survival.newton import Point
from calor.analyze.survival.time_to_event import TimeToEvent
from calor.errors import AnalysisError
from calor.kernels.exact_partial_likelihood import exact_partial_likelihood
from calor.kernels.partial_likelihood import Rows, Sweep, sweep

Ties = Literal["efron", "breslow", "exact"]


@dataclass(frozen=True)
class PartialLikelihood:
    """Sorted data and the way with ties.

    Attributes:
        rows: Data by stratum and exit time, covariates centered.
        order: Where each sorted row came from.
        ties: Handling of tied event times.
    """

    rows: Rows
    order: Int[np.ndarray, " row"]
    ties: Ties

    def sweep(self, beta: Float[np.ndarray, " p"], *, third: bool = False) -> Sweep:
        """Return the contributions of each event time under Breslow's or Efron's ties."""
        return sweep(beta, self.rows, self.ties == "efron", third)

    def point(self, beta: Float[np.ndarray, " p"]) -> Point:
        """Return value, score and information."""
        if self.ties == "exact":
            return Point(*exact_partial_likelihood(beta, self.rows))
        parts = self.sweep(beta)
        return Point(float(parts.loglik.sum()), parts.score.sum(axis=0), parts.information.sum(axis=0))


def check_ties(ties: str) -> None:
    """Refuse an unknown way with ties.

    >>> check_ties("efron")
    """
    if ties not in get_args(Ties):
        raise AnalysisError.must("ties", f"be one of {', '.join(get_args(Ties))}", ties, fix="Efron is the default.")


def partial_likelihood(
    data: TimeToEvent,
    values: Float[np.ndarray, "row p"],
    ties: Ties,
    weight: Float[np.ndarray, " row"] | None = None,
) -> PartialLikelihood:
    """Sort the data for the sweep and center the covariates, which changes no coefficient.

    Args:
        data: Checked times.
        values: Covariates, rows as in `data`.
        ties: Handling of tied event times.
        weight: Case weights; None weighs all alike.

    Returns:
        The likelihood.

    Example:
        >>> import pandas as pd
        >>> from calor.analyze.survival.time_to_event import time_to_event
        >>> data = time_to_event(pd.DataFrame({"t": [1, 2], "e": [1, 0]}), time="t", event="e")
        >>> partial_likelihood(data, np.array([[0.0], [1.0]]), "breslow").point(np.zeros(1)).loglik  # -log 2
        -0.693...
    """
    order = np.lexsort((data.time, data.stratum))
    start, stratum = data.start[order], data.stratum[order]
    x = (values - values.mean(axis=0))[order]
    rows = Rows(
        x=np.ascontiguousarray(x),
        start=start,
        time=data.time[order],
        event=data.event[order],
        weight=np.ones(len(order)) if weight is None else weight[order],
        stratum=stratum,
        by_start=np.lexsort((start, stratum)),
    )
    return PartialLikelihood(rows, order, ties)
