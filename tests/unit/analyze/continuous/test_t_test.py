"""Two means."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from calor.analyze.continuous.least_squares import Contrast
from calor.analyze.continuous.t_test import t_test
from calor.errors import AnalysisError


@pytest.mark.parametrize("equal", [True, False])
def test_it_agrees_with_scipy(equal: bool) -> None:
    rng = np.random.default_rng(1)
    a, c = rng.normal(1, 2, 12), rng.normal(0, 1, 30)
    found, other = t_test(a, c, equal_variances=equal), ttest_ind(a, c, equal_var=equal)
    limits = other.confidence_interval(0.95)
    assert found.p_value == pytest.approx(other.pvalue, rel=1e-12)
    assert (found.df, found.lower, found.upper) == pytest.approx((other.df, limits.low, limits.high), rel=1e-10)


@pytest.mark.parametrize(("difference", "se", "p"), [(-0.171, 0.0684, 0.0153), (-0.185, 0.0687, 0.0093)])
def test_the_published_ivory_p_values_follow_from_their_intervals(difference: float, se: float, p: float) -> None:
    assert Contrast(difference, se, 57).p_value == pytest.approx(p, abs=5e-4)


@pytest.mark.parametrize(
    ("active", "control", "message"),
    [
        ([1.0], [1.0, 2.0], "`active` must hold at least two values"),
        ([1.0, 2.0], [1.0, np.nan], "2 values, 1 finite"),
        ([1.0, 1.0], [2.0, 2.0], "all values tied"),
    ],
)
def test_bad_input_is_named(active: list[float], control: list[float], message: str) -> None:
    with pytest.raises(AnalysisError) as refused:
        t_test(np.array(active), np.array(control))
    assert message in str(refused.value)
