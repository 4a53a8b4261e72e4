"""The likelihood by pattern against the textbook formula, participant by participant."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.mixed.covariance.structures import visit_covariance
from calor.analyze.mixed.longitudinal import Longitudinal
from calor.analyze.mixed.marginal_model import fit_marginal_model
from calor.analyze.mixed.patterns import patterns
from calor.analyze.mixed.restricted_likelihood import Method, differentiate, minus_log_likelihood
from calor.errors import AnalysisError


def incomplete(seed: int = 5, participants: int = 25) -> Longitudinal:
    rng = np.random.default_rng(seed)
    who, when = np.repeat(np.arange(participants), 3), np.tile(np.arange(3), participants)
    keep = rng.random(who.size) < 0.8
    keep[::3] = True
    who, when = who[keep], when[keep]
    design = np.column_stack([np.eye(3)[when], rng.normal(size=participants)[who]])
    response = 50 + rng.normal(size=participants)[who] + rng.normal(size=who.size)
    weight = rng.uniform(0.5, 2.0, who.size)
    unit = (np.arange(participants) % 2).astype(np.int64)
    return Longitudinal(response, design, ("a", "b", "c", "x"), who, when, unit, weight)


def textbook(data: Longitudinal, matrices: np.ndarray, method: Method) -> float:
    """Minus the log likelihood with the whole covariance matrix written out."""
    v = spread_out(data, matrices)
    x, y = data.design, data.response
    inverse = np.linalg.inv(v)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    residual = y - x @ beta
    total = np.linalg.slogdet(v)[1] + residual @ inverse @ residual
    count = y.size
    if method == "REML":
        total += np.linalg.slogdet(information)[1]
        count -= x.shape[1]
    return float(0.5 * (total + count * np.log(2 * np.pi)))


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_value_equals_the_textbook_formula_with_gaps_weights_and_groups(method: Method) -> None:
    data = incomplete()
    covariance = visit_covariance("unstructured", data)
    at = covariance.start + np.random.default_rng(1).normal(scale=0.2, size=covariance.start.size)
    shape = covariance.at(at)
    got = minus_log_likelihood(patterns(data), shape, method)
    assert got is not None
    assert got.value == pytest.approx(textbook(data, shape.value, method), rel=1e-12)


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_gradient_and_hessian_match_finite_differences(method: Method) -> None:
    data = incomplete()
    grouped, covariance = patterns(data), visit_covariance("heterogeneous autoregressive", data)
    at = covariance.start + np.random.default_rng(2).normal(scale=0.2, size=covariance.start.size)

    def there(parameters: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        shape = covariance.at(parameters)
        value = minus_log_likelihood(grouped, shape, method)
        assert value is not None
        full = differentiate(grouped, shape, value, method)
        return full.value, full.gradient, full.hessian

    _, gradient, hessian = there(at)
    for position in range(at.size):
        nudge = np.zeros_like(at)
        nudge[position] = 1e-5
        above, below = there(at + nudge), there(at - nudge)
        assert (above[0] - below[0]) / 2e-5 == pytest.approx(gradient[position], abs=1e-5)
        np.testing.assert_allclose((above[1] - below[1]) / 2e-5, hessian[position], atol=1e-4)


def spread_out(data: Longitudinal, matrices: np.ndarray) -> np.ndarray:
    """The covariance of all measurements (or a derivative of it) as one matrix."""
    v = np.zeros((data.response.size, data.response.size))
    for one in range(data.unit.size):
        rows = np.flatnonzero(data.participant == one)
        block = matrices[data.unit[one]][np.ix_(data.occasion[rows], data.occasion[rows])]
        v[np.ix_(rows, rows)] = block / np.sqrt(np.multiply.outer(data.weight[rows], data.weight[rows]))
    return v


def test_expected_information_equals_half_the_trace_of_p_vj_p_vk() -> None:
    data = incomplete()
    covariance = visit_covariance("compound symmetry", data)
    shape, grouped = covariance.at(covariance.start + 0.1), patterns(data)
    inverse, x = np.linalg.inv(spread_out(data, shape.value)), data.design
    p = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    slopes = [spread_out(data, shape.first[:, j]) for j in range(shape.first.shape[1])]
    cases: tuple[tuple[Method, np.ndarray], ...] = (("REML", p), ("ML", inverse))
    for method, projection in cases:
        value = minus_log_likelihood(grouped, shape, method)
        assert value is not None
        want = [[0.5 * np.trace(projection @ one @ projection @ other) for other in slopes] for one in slopes]
        np.testing.assert_allclose(differentiate(grouped, shape, value, method).expected, want, rtol=1e-9, atol=1e-12)


def test_maximum_is_higher_than_anywhere_nearby() -> None:
    data = incomplete()
    fit = fit_marginal_model(data, visit_covariance("Toeplitz", data))
    covariance = visit_covariance("Toeplitz", data)
    rng = np.random.default_rng(0)
    for _ in range(20):
        at = fit.parameters + rng.normal(scale=0.05, size=fit.parameters.size)
        assert -textbook(data, covariance.at(at).value, "REML") < fit.log_likelihood


def test_a_variance_that_vanishes_is_an_error_with_a_way_out() -> None:
    # Two visits that agree exactly: their correlation goes to one.
    rng = np.random.default_rng(4)
    level = rng.normal(size=20)
    who, when = np.repeat(np.arange(20), 2), np.tile([0, 1], 20)
    data = Longitudinal(
        level[who] + 5.0 * when, np.eye(2)[when], ("a", "b"), who, when, np.zeros(20, dtype=np.int64), np.ones(40)
    )
    with pytest.raises(AnalysisError, match="unstructured covariance could not be estimated"):
        fit_marginal_model(data, visit_covariance("unstructured", data))
