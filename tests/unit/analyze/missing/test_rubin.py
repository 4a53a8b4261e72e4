"""Rubin's rules: limits and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from calor.analyze.missing.rubin import rubin
from calor.errors import AnalysisError


def test_nothing_missing_gives_the_single_analysis_with_nearly_its_degrees_of_freedom() -> None:
    pooled = rubin(np.array([2.0, 2.0, 2.0]), np.array([0.5, 0.5, 0.5]), complete_df=60)
    assert (pooled.estimate, pooled.se, pooled.increase) == (2.0, 0.5, 0.0)
    assert pooled.df == pytest.approx(60 * 61 / 63)


def test_large_samples_give_rubins_own_degrees_of_freedom() -> None:
    estimates = np.array([1.0, 2.0, 3.0, 2.0])
    pooled = rubin(estimates, np.full(4, 1.0))
    share = pooled.between * 1.25 / pooled.total
    assert pooled.df == pytest.approx(3 / share**2)


def test_total_variance_is_within_plus_inflated_between() -> None:
    pooled = rubin(np.array([1.0, 3.0]), np.array([1.0, 2.0]), complete_df=20)
    assert pooled.within == pytest.approx(2.5)
    assert pooled.total == pytest.approx(2.5 + 1.5 * 2.0)
    estimate = pooled.to_estimate("a v b", level=0.9, n=30, method="pooled")
    assert estimate.upper - estimate.estimate == pytest.approx(estimate.estimate - estimate.lower)
    assert estimate.p_value == pooled.p_value


@pytest.mark.parametrize(
    ("estimates", "errors", "df", "says"),
    [
        ([1.0], [1.0], 10.0, "two or more imputations"),
        ([1.0, 2.0], [1.0], 10.0, "two or more imputations"),
        ([1.0, np.nan], [1.0, 1.0], 10.0, "finite"),
        ([1.0, 2.0], [1.0, 0.0], 10.0, "positive"),
        ([1.0, 2.0], [1.0, 1.0], 0.0, "complete_df"),
    ],
)
def test_unfit_imputations_are_refused(estimates: list[float], errors: list[float], df: float, says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        rubin(np.array(estimates), np.array(errors), complete_df=df)
