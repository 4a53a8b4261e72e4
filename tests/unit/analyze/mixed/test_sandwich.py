"""Sandwich covariances against their definitions."""

from __future__ import annotations

import numpy as np

from calor.analyze.mixed.covariance.structures import visit_covariance
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.marginal_model import MarginalFit, fit_marginal_model
from calor.analyze.mixed.sandwich import sandwich


def fitted() -> MarginalFit:
    rng = np.random.default_rng(6)
    who, when = np.repeat(np.arange(18), 3), np.tile(np.arange(3), 18)
    keep = (rng.random(54) < 0.8) | (when == 0)
    who, when = who[keep], when[keep]
    design = np.column_stack([np.eye(3)[when], (who % 2).astype(float)])
    response = rng.normal(size=18)[who] + rng.normal(size=who.size)
    unit = np.zeros(18, dtype=np.int64)
    data = Longitudinal(response, design, ("a", "b", "c", "arm"), who, when, unit, np.ones(who.size))
    return fit_marginal_model(data, visit_covariance("compound symmetry", data))


def inverse_blocks(fit: MarginalFit) -> list[tuple[np.ndarray, np.ndarray]]:
    blocks = []
    for one in range(fit.data.unit.size):
        rows = np.flatnonzero(fit.data.participant == one)
        at = fit.data.occasion[rows]
        blocks.append((rows, np.linalg.inv(fit.covariance[0][np.ix_(at, at)])))
    return blocks


def generalized_least_squares(fit: MarginalFit, left_out: int) -> np.ndarray:
    x, y = fit.data.design, fit.data.response
    blocks = [block for one, block in enumerate(inverse_blocks(fit)) if one != left_out]
    information = sum(x[rows].T @ inverse @ x[rows] for rows, inverse in blocks)
    return np.asarray(np.linalg.solve(information, sum(x[rows].T @ inverse @ y[rows] for rows, inverse in blocks)))


def test_jackknife_sums_squared_changes_when_participants_are_left_out() -> None:
    fit = fitted()
    changes = np.array([generalized_least_squares(fit, one) - fit.coefficients for one in range(18)])
    np.testing.assert_allclose(sandwich(fit, "jackknife").vcov, changes.T @ changes, rtol=1e-8)


def test_empirical_equals_the_textbook_formula() -> None:
    fit = fitted()
    x, residual = fit.data.design, fit.data.response - fit.data.design @ fit.coefficients
    scores = np.array([x[rows].T @ inverse @ residual[rows] for rows, inverse in inverse_blocks(fit)])
    np.testing.assert_allclose(sandwich(fit, "empirical").vcov, fit.vcov @ scores.T @ scores @ fit.vcov, rtol=1e-8)


def test_bias_reduced_is_unbiased_when_the_covariance_is_true() -> None:
    # E[V] under the working covariance, computed exactly from the quadratic form, equals the model-based covariance.
    fit = fitted()
    n = fit.data.response.size
    v = np.zeros((n, n))
    for one in range(18):
        rows = np.flatnonzero(fit.data.participant == one)
        at = fit.data.occasion[rows]
        v[np.ix_(rows, rows)] = fit.covariance[0][np.ix_(at, at)]
    root = np.linalg.cholesky(v)
    total = np.zeros_like(fit.vcov)
    x = fit.data.design
    hat = x @ fit.vcov @ x.T @ np.linalg.inv(v)
    residual_spread = (np.eye(n) - hat) @ root
    for rows, inverse in inverse_blocks(fit):
        values, vectors = np.linalg.eigh(inverse)
        half = (vectors * np.sqrt(values)) @ vectors.T
        inner = np.eye(rows.size) - half @ x[rows] @ fit.vcov @ x[rows].T @ half
        values, vectors = np.linalg.eigh(inner)
        weight = (vectors / np.sqrt(values)) @ vectors.T
        load = fit.vcov @ x[rows].T @ half @ weight @ half @ residual_spread[rows]
        total += load @ load.T
    np.testing.assert_allclose(total, fit.vcov, rtol=1e-8)
    ours = sandwich(fit, "bias-reduced")
    assert 0 < ours.df(np.array([0.0, 0.0, 0.0, 1.0])) < 18
