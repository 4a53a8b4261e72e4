"""The inverse normal combination test."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.errors import DesignError

TEST = InverseNormal(GroupSequential([0.3, 0.6, 1.0], efficacy=spending.obrien_fleming(0.025)))


def test_independent_increments_combine_to_the_cumulative_statistic() -> None:
    increments = np.array([0.4, -0.3, 1.2])
    steps = np.diff([0.0, 0.3, 0.6, 1.0])
    p = norm.sf(increments / np.sqrt(steps))
    want = np.cumsum(increments) / np.sqrt(TEST.design.information_fractions)
    assert TEST.statistics(p) == pytest.approx(want, abs=1e-10)


def test_a_test_prints_its_design() -> None:
    assert str(TEST).startswith("inverse normal combination test: 3 looks, one-sided alpha 0.025")


def test_weights_have_unit_length() -> None:
    assert np.sum(TEST.weights**2) == pytest.approx(1.0)


def test_certain_p_values_give_finite_statistics() -> None:
    assert np.all(np.isfinite(TEST.statistics([0.0, 1.0, 0.5])))


def test_a_two_sided_design_is_refused() -> None:
    two = GroupSequential([0.5, 1.0], efficacy=spending.pocock(0.05), sides=2)
    with pytest.raises(DesignError, match="`design` must be one-sided"):
        InverseNormal(two)


def test_too_many_p_values_are_refused() -> None:
    with pytest.raises(DesignError, match="`p_values` must be 1 to 3 numbers"):
        TEST.statistics([0.1] * 4)
