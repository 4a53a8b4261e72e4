"""Fill missing responses with their mean given what was observed, and analyze each visit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import numpy as np
from jaxtyping import Float

from calor.analyze.missing.strategies import Means, Strategy
from calor.analyze.missing.visit_grid import VisitGrid
from calor.analyze.mixed.covariance.structures import VisitStructure, visit_covariance
from calor.analyze.mixed.marginal_model import MarginalFit, fit_marginal_model
from calor.analyze.mixed.mmrm import Fitting
from calor.errors import AnalysisError


def fit_imputation(
    grid: VisitGrid, fitting: Fitting, start: Float[np.ndarray, " parameter"] | None = None
) -> MarginalFit:
    """Fit the imputation model to the observed responses, one covariance for all arms."""
    if fitting.by_arm or fitting.covariance.startswith("spatial"):
        raise AnalysisError.must(
            "fitting",
            "have one covariance over scheduled visits",
            fitting.covariance,
            fix="Leave by_arm and spatial out.",
        )
    data = grid.measurements()
    shape = visit_covariance(cast(VisitStructure, fitting.covariance), data)
    return fit_marginal_model(data, shape if start is None else replace(shape, start=start), method=fitting.method)


def imputing_means(grid: VisitGrid, coefficients: Float[np.ndarray, " coefficient"], strategy: Strategy) -> Means:
    """Compute each participant's means at all visits under a strategy for dropout."""
    return strategy.mean(grid.own @ coefficients, grid.reference @ coefficients, grid.event)


def conditional_mean(
    response: Float[np.ndarray, "participant visit"], means: Means, covariance: Float[np.ndarray, "visit visit"]
) -> Float[np.ndarray, "participant visit"]:
    """Replace missing responses by their conditional mean given the participant's observed ones.

    Args:
        response: NaN where missing.
        means: Mean of each response.
        covariance: Covariance between visits.

    >>> response, means = np.array([[3.0, np.nan]]), np.array([[1.0, 2.0]])
    >>> conditional_mean(response, means, np.array([[2.0, 1.0], [1.0, 2.0]])).tolist()
    [[3.0, 3.0]]

    Reference: Wolbers, Noci, Delmar, Gower-Page, Yiu and Bartlett, Pharmaceutical Statistics 2022.
    """
    filled = response.copy()
    missing = np.isnan(response)
    patterns, pattern = np.unique(missing, axis=0, return_inverse=True)
    for number, gone in enumerate(patterns):
        rows = np.flatnonzero(pattern.reshape(-1) == number)
        if not gone.any():
            continue
        slope = np.linalg.solve(covariance[np.ix_(~gone, ~gone)], covariance[np.ix_(~gone, gone)])
        residual = (response - means)[np.ix_(rows, ~gone)]
        filled[np.ix_(rows, gone)] = means[np.ix_(rows, gone)] + residual @ slope
    return filled


@dataclass(frozen=True)
class VisitAncova:
    """Analysis of covariance at every visit, as weights of the responses.

    Attributes:
        ls_mean: Weights of each arm's LS mean, covariates averaged over all participants.
        difference: Weights of each difference from the reference arm.
        fitted: Weights of the fitted values (the hat matrix).
    """

    ls_mean: Float[np.ndarray, "arm participant"]
    difference: Float[np.ndarray, "comparison participant"]
    fitted: Float[np.ndarray, "participant participant"]


def visit_ancova(grid: VisitGrid) -> VisitAncova:
    """Prepare least squares on arm and baseline, the same for every visit once responses are complete.

    Raises:
        AnalysisError: The design is singular.

    >>> import pandas as pd
    >>> from calor.analyze.missing.visit_grid import visit_grid
    >>> from calor.analyze.mixed.visit_table import RepeatedMeasures
    >>> table = pd.DataFrame({"id": [1, 2, 3, 4], "visit": 1, "arm": list("pptt"), "y": [1.0, 2.0, 3.0, 5.0]})
    >>> visit_ancova(visit_grid(table, RepeatedMeasures("y", "id", "visit", "arm"), ("p", "t"))).difference.round(9)
    array([[-0.5, -0.5,  0.5,  0.5]])
    """
    participants, arms = grid.arm.size, len(grid.arms)
    indicator = (grid.arm[:, None] == np.arange(1, arms)).astype(float)
    design = np.hstack([np.ones((participants, 1)), indicator, grid.adjustment])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise AnalysisError.must(
            "covariates", "be independent of each other and of the arms", "a singular design", fix="Drop one of them."
        )
    solve = np.linalg.pinv(design)
    profile = np.hstack([np.ones((arms, 1)), np.eye(arms)[:, 1:], np.tile(grid.adjustment.mean(axis=0), (arms, 1))])
    return VisitAncova(profile @ solve, solve[1:arms], design @ solve)
