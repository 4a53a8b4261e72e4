"""Repeated intervals and p-values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from calor.design import GroupSequential, classical, spending
from calor.design.fisher_combination import FisherCombination
from calor.design.inverse_normal import InverseNormal
from calor.design.repeated import repeated_interval, repeated_p
from calor.design.stage_log_ranks import LogRanks
from calor.design.stage_means import Means
from calor.design.stage_rates import Rates
from calor.errors import DesignError

DESIGN = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
MEANS = Means([40, 38], [39, 40], [1.2, 1.05], [0.9, 0.8], [1.0, 1.1], [1.05, 1.0])


def test_an_interval_of_means_is_estimate_and_t_quantile() -> None:
    found = repeated_interval(DESIGN, MEANS, 1)
    q = student.isf(norm.sf(DESIGN.efficacy_bounds[0]), 77)
    se = MEANS.standard_errors[0]
    assert found.lower == pytest.approx(0.3 - q * se, abs=1e-7)
    assert found.upper == pytest.approx(0.3 + q * se, abs=1e-7)


def test_intervals_of_all_tests_hold_the_estimate_and_shrink() -> None:
    for test in (DESIGN, InverseNormal(DESIGN), FisherCombination([0.5, 1.0])):
        first, second = (repeated_interval(test, MEANS, look) for look in (1, 2))
        assert first.lower < second.lower < second.estimate < second.upper < first.upper


def test_a_single_look_has_the_usual_p_value() -> None:
    single = GroupSequential([1.0], efficacy=classical.obrien_fleming(0.025))
    assert repeated_p(single, 1, 1.7) == pytest.approx(norm.sf(1.7), rel=1e-8)


def test_a_p_value_is_at_most_a_half_per_side() -> None:
    assert repeated_p(DESIGN, 1, -1.0) == 0.5


def test_rates_that_never_reject_reach_the_limit_of_the_scale() -> None:
    tiny = Rates([3], [3], [1], [1])
    found = repeated_interval(DESIGN, tiny, 1)
    assert -1.0 <= found.lower < 0 < found.upper <= 1.0


def test_a_look_that_cannot_stop_says_nothing_of_the_effect() -> None:
    late = GroupSequential([0.5, 1.0], efficacy=spending.at_the_end(0.025))
    means = repeated_interval(late, MEANS, 1)
    assert (means.lower, means.upper) == (-np.inf, np.inf)
    ratio = repeated_interval(late, LogRanks([60], [1.3], [1]), 1)
    assert (ratio.lower, ratio.upper) == (0.0, np.inf)


def test_a_two_sided_design_has_a_two_sided_level() -> None:
    two = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.05), sides=2)
    assert repeated_interval(two, MEANS, 1).level == pytest.approx(0.95)
    assert repeated_p(two, 2, -2.3) == repeated_p(two, 2, 2.3)


def test_results_print_and_tabulate() -> None:
    found = repeated_interval(DESIGN, LogRanks([60], [1.3], [1]), 1)
    assert "repeated 95 % CI" in str(found)
    assert found.to_frame().shape == (1, 5)


@pytest.mark.parametrize("look", [0, 3])
def test_a_look_that_does_not_exist_is_refused(look: int) -> None:
    with pytest.raises(DesignError, match="`look` must be one of the 2 looks"):
        repeated_interval(DESIGN, MEANS, look)


def test_a_look_without_data_is_refused() -> None:
    with pytest.raises(DesignError, match="stages with data"):
        repeated_interval(DESIGN, LogRanks([60], [1.3], [1]), 2)


def test_a_statistic_that_is_none_is_refused() -> None:
    with pytest.raises(DesignError, match="`z` must be finite"):
        repeated_p(DESIGN, 1, np.nan)


def test_given_critical_values_have_no_level_to_vary() -> None:
    given = GroupSequential([0.5, 1.0], efficacy=classical.given([2.5, 2.0]))
    with pytest.raises(DesignError, match="`efficacy` must have a level"):
        repeated_p(given, 1, np.float64(2.0))
