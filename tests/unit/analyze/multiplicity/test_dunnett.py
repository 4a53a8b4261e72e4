"""Dunnett's comparisons with a control."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from calor.analyze.multiplicity.dunnett import dunnett
from calor.errors import AnalysisError


def test_it_agrees_with_scipys_quasi_random_integration() -> None:
    rng = np.random.default_rng(3)
    low, high, control = rng.normal(0.2, 1, 20), rng.normal(0.9, 1, 14), rng.normal(0, 1, 25)
    ours = dunnett({"low": low, "high": high}, control)
    theirs = stats.dunnett(low, high, control=control, rng=np.random.default_rng(1))
    assert [d.p_value for d in ours.differences] == pytest.approx(list(theirs.pvalue), abs=2e-3)
    interval = theirs.confidence_interval(0.95)
    assert [d.lower for d in ours.differences] == pytest.approx(list(interval.low), abs=5e-3)


@pytest.mark.parametrize(("arms", "df", "table"), [(2, 12, 2.50), (3, 20, 2.54), (4, 60, 2.51)])
def test_the_critical_value_is_the_one_tabled(arms: int, df: int, table: float) -> None:
    # Two-sided 5 % points for equal groups, Dunnett CW, Biometrics 1964;20:482, table II.
    per_arm = df // (arms + 1) + 1
    rng = np.random.default_rng(1)
    groups = {f"arm {at}": rng.normal(size=per_arm) for at in range(arms)}
    assert dunnett(groups, rng.normal(size=per_arm)).critical == pytest.approx(table, abs=0.006)


def test_one_arm_is_students_test() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(0.8, 1, 12), rng.normal(0, 1, 15)
    (ours,) = dunnett({"active": x}, y).differences
    theirs = stats.ttest_ind(x, y)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-5)
    assert ours.lower == pytest.approx(theirs.confidence_interval().low, abs=1e-4)


@pytest.mark.parametrize("values", [np.array([1.0]), np.array([1.0, np.nan]), np.array([1.0, np.inf])])
def test_arms_without_two_finite_values_are_refused(values: np.ndarray) -> None:
    with pytest.raises(AnalysisError, match=r"at least two finite values each, got \d values at low"):
        dunnett({"low": values}, np.array([1.0, 2.0]))


def test_no_arm_and_constant_arms_are_refused() -> None:
    with pytest.raises(AnalysisError, match="at least one active arm"):
        dunnett({}, np.array([1.0, 2.0]))
    with pytest.raises(AnalysisError, match="vary within at least one arm"):
        dunnett({"low": np.ones(3)}, np.ones(3))
