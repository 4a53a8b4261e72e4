"""Newton's method: finds maxima from afar, and says when there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from calor.analyze.survival.newton import Point, newton
from calor.errors import AnalysisError


def logistic(x: np.ndarray, y: np.ndarray) -> object:
    def objective(beta: np.ndarray) -> Point:
        p = expit(x @ beta)
        loglik = float(y @ (x @ beta) - np.logaddexp(0, x @ beta).sum())
        return Point(loglik, x.T @ (y - p), (x * (p * (1 - p))[:, None]).T @ x)

    return objective


X = np.column_stack([np.ones(8), np.arange(8.0)])
MIXED = np.array([0, 0, 1, 0, 1, 0, 1, 1.0])


@pytest.mark.parametrize("start", [(0.0, 0.0), (2.0, 1.0), (-3.0, 2.0)])
def test_one_maximum_is_found_from_any_start(start: tuple[float, float]) -> None:
    beta, top = newton(logistic(X, MIXED), np.array(start))  # type: ignore[arg-type]
    assert top.score == pytest.approx([0, 0], abs=1e-7)
    assert beta == pytest.approx(newton(logistic(X, MIXED), np.zeros(2))[0], abs=1e-9)  # type: ignore[arg-type]


def test_a_fixed_coefficient_stays() -> None:
    beta, top = newton(logistic(X, MIXED), np.array([0.0, 0.7]), free=np.array([True, False]))  # type: ignore[arg-type]
    assert beta[1] == 0.7
    assert top.score[0] == pytest.approx(0, abs=1e-8)


def test_repeated_covariates_have_no_single_maximum() -> None:
    with pytest.raises(AnalysisError, match="one maximum"):
        newton(logistic(np.column_stack([X, X[:, 1]]), MIXED), np.zeros(3))  # type: ignore[arg-type]
