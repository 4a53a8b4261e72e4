"""Robust (sandwich) variance of a proportional-hazards fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from jaxtyping import Float

from calor.analyze.survival.hazard_ratios import HazardRatios
from calor.errors import AnalysisError


def lin_wei(fit: HazardRatios, clusters: Sequence[object] | None = None) -> HazardRatios:
    """Replace the model's covariance by the sandwich, which holds when the model is wrong or rows are correlated.

    Args:
        fit: A fit by `cox` or one that builds on it, with Efron's or Breslow's ties.
        clusters: Participant (or center) of each row of the fitted table, whose residuals are summed; None takes every
            row for itself.

    Returns:
        The same fit with the robust covariance.

    Raises:
        AnalysisError: Exact ties, clusters of another length than the rows, or no more clusters than coefficients.

    Reference:
        Lin and Wei, JASA 1989; with clusters, Lin, Wei, Yang and Ying, JRSS B 2000.

    Example:
        >>> from calor.analyze.survival.cox import cox
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 1, 1], "x": [0, 1, 0, 1, 0, 1]})
        >>> fit = cox(table, time="days", event="mi", covariates=["x"])
        >>> fit.se.round(3), lin_wei(fit).se.round(3)
        (array([1.173]), array([1.181]))
    """
    if fit.likelihood.ties == "exact":
        fix = "Fit with Efron's ties."
        raise AnalysisError.must("fit", "have Efron's or Breslow's ties", "exact ties", fix=fix)
    weighted = score_residuals(fit) * fit.likelihood.rows.weight[:, None]
    influence = weighted @ np.linalg.inv(fit.likelihood.point(fit.coefficients).information)
    if clusters is not None:
        if len(clusters) != len(influence):
            got = f"{len(clusters)} for {len(influence)} rows"
            raise AnalysisError.must("clusters", "name one for each row", got, fix="Take the column of the same table.")
        codes, names = pd.factorize(np.asarray(clusters, dtype=object)[fit.likelihood.order])
        if (codes < 0).any():
            raise AnalysisError.must("clusters", "be known", "missing values", fix="Complete or remove these rows.")
        summed = np.zeros((len(names), influence.shape[1]))
        np.add.at(summed, codes, influence)
        influence = summed
    if len(influence) <= influence.shape[1]:
        fix = "Use the model's own covariance."
        raise AnalysisError.must("clusters", "outnumber the coefficients", len(influence), fix=fix)
    return replace(fit, covariance=influence.T @ influence, method=f"{fit.method}, robust")


def score_residuals(fit: HazardRatios) -> Float[np.ndarray, "row p"]:
    """Return each row's share of the score at the estimate, rows in the likelihood's sorted order.

    Reference:
        Therneau, Grambsch and Fleming, Biometrika 1990.

    Example:
        >>> from calor.analyze.survival.cox import cox
        >>> table = pd.DataFrame({"days": [5, 8, 3, 9, 7, 2], "mi": [1, 0, 1, 0, 1, 1], "x": [0, 1, 0, 1, 0, 1]})
        >>> bool(abs(score_residuals(cox(table, time="days", event="mi", covariates=["x"])).sum()) < 1e-8)
        True
    """
    rows = fit.likelihood.rows
    parts = fit.likelihood.sweep(fit.coefficients)
    risk = np.exp(rows.x @ fit.coefficients)
    residuals = np.zeros_like(rows.x)
    for stratum in np.unique(rows.stratum):
        inside = np.flatnonzero(rows.stratum == stratum)
        at = np.flatnonzero(rows.stratum[parts.row] == stratum)[::-1]
        times = rows.time[parts.row[at]]
        x, event = rows.x[inside], rows.event[inside]
        entry = np.searchsorted(times, rows.start[inside], side="right")
        leave = np.searchsorted(times, rows.time[inside], side="right")
        hazard = np.r_[0.0, np.cumsum(parts.hazard[at])]
        moment = np.vstack([np.zeros(x.shape[1]), np.cumsum(parts.hazard_mean[at], axis=0)])
        exposure = x * (hazard[leave] - hazard[entry])[:, None] - (moment[leave] - moment[entry])
        own = at[leave[event] - 1]  # the event time of each row that ends with the event
        exposure[event] -= x[event] * (parts.hazard - parts.dying)[own, None]
        exposure[event] += (parts.hazard_mean - parts.dying_mean)[own]
        residuals[inside] = -risk[inside][:, None] * exposure
        residuals[inside[event]] += x[event] - parts.mean[own]
    return residuals
