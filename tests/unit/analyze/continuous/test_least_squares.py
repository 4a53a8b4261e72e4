"""Least squares: standard errors against their definitions written out."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from calor.analyze.continuous.least_squares import LeastSquares, Robust, f_test, least_squares
from calor.errors import AnalysisError


@pytest.fixture
def problem() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    n = 48
    cluster = rng.integers(0, 9, n)
    design = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.normal(2, 1, n), rng.lognormal(2, 1, n)])
    y = design @ [1.0, -0.3, 0.5, 0.0] + rng.normal(0, 1, 9)[cluster] + rng.normal(0, 0.5 + design[:, 1], n)
    return design, y, cluster


def fit(design: np.ndarray, y: np.ndarray) -> LeastSquares:
    return least_squares(design, y, ["1", "arm", "x", "z"])


@pytest.mark.parametrize("robust", ["model", "HC0", "HC1", "HC2", "HC3"])
def test_standard_errors_agree_with_statsmodels(problem: tuple[np.ndarray, ...], robust: Robust) -> None:
    design, y, _ = problem
    other = sm.OLS(y, design).fit(cov_type="nonrobust" if robust == "model" else robust, use_t=True)
    for j, name in enumerate(["1", "arm", "x", "z"]):
        ours = fit(design, y).coefficient(name, robust)
        assert (ours.estimate, ours.se) == pytest.approx((other.params[j], other.bse[j]), rel=1e-9)
        assert ours.p_value == pytest.approx(other.pvalues[j], rel=1e-8)


def dense_cr2(design: np.ndarray, y: np.ndarray, cluster: np.ndarray, c: np.ndarray) -> tuple[float, float, float]:
    """Variance, df and expected variance over sigma squared by the definition, with n by n matrices."""
    bread = np.linalg.inv(design.T @ design)
    residual_maker = np.eye(len(y)) - design @ bread @ design.T
    residuals = residual_maker @ y
    scores, variance = [], 0.0
    for g in np.unique(cluster):
        rows = cluster == g
        values, vectors = np.linalg.eigh(residual_maker[np.ix_(rows, rows)])
        root = (vectors / np.sqrt(values)) @ vectors.T
        a = root @ design[rows] @ bread @ c
        variance += float(a @ residuals[rows]) ** 2
        scores.append(residual_maker[:, rows] @ a)
    gram = np.array(scores) @ np.array(scores).T
    return variance, float(np.trace(gram) ** 2 / np.sum(gram**2)), float(np.trace(gram))


@pytest.mark.parametrize("contrast", [(0, 1, 0, 0), (1, 1, 2, 0), (0, 0, 1, -0.1)])
def test_clustered_cr2_is_its_definition_without_its_large_matrices(
    problem: tuple[np.ndarray, ...], contrast: tuple[float, ...]
) -> None:
    design, y, cluster = problem
    c = np.array(contrast, dtype=float)
    ours = fit(design, y).contrast(c, "CR2", cluster)
    variance, df, expected = dense_cr2(design, y, cluster, c)
    assert (ours.se**2, ours.df) == pytest.approx((variance, df), rel=1e-8)
    assert expected == pytest.approx(c @ np.linalg.inv(design.T @ design) @ c, rel=1e-8)


def test_cr2_knows_neither_the_order_nor_the_names_of_clusters(problem: tuple[np.ndarray, ...]) -> None:
    design, y, cluster = problem
    c, order = np.array([0.0, 1, 0, 0]), np.random.default_rng(2).permutation(len(y))
    names = np.array([f"site {9 - g}" for g in cluster])
    one = fit(design, y).contrast(c, "CR2", cluster)
    other = fit(design[order], y[order]).contrast(c, "CR2", names[order])
    assert (other.se, other.df) == pytest.approx((one.se, one.df), rel=1e-9)


def test_the_f_test_of_one_coefficient_is_its_t_squared(problem: tuple[np.ndarray, ...]) -> None:
    design, y, _ = problem
    full, reduced = fit(design, y), least_squares(design[:, :3], y, ["1", "arm", "x"])
    t = full.coefficient("z")
    test = f_test(full, reduced)
    assert test.f == pytest.approx((t.estimate / t.se) ** 2)
    assert test.p_value == pytest.approx(t.p_value)


def test_dependent_columns_are_named_and_scale_does_not_hide_or_feign_them(problem: tuple[np.ndarray, ...]) -> None:
    design, y, _ = problem
    tiny = np.column_stack([design, 1e-9 * np.random.default_rng(3).normal(size=len(y))])
    assert np.isfinite(least_squares(tiny, y, ["1", "arm", "x", "z", "tiny"]).coefficients).all()
    with pytest.raises(AnalysisError, match="linearly independent, got"):
        least_squares(np.column_stack([design, design[:, 2] + design[:, 3]]), y, ["1", "arm", "x", "z", "sum"])


def test_more_coefficients_than_participants_and_one_cluster_are_refused(problem: tuple[np.ndarray, ...]) -> None:
    design, y, _ = problem
    with pytest.raises(AnalysisError, match="more participants than the model has coefficients, got 4 for 4"):
        fit(design[:4], y[:4])
    with pytest.raises(AnalysisError, match="`cluster` must have at least two values"):
        fit(design, y).contrast(np.eye(4)[1], "CR2", np.zeros(len(y)))
