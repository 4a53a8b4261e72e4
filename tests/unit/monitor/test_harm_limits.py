"""Limits for harm and their exact operating characteristics."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import beta, binom

from calor.errors import MonitorError
from calor.monitor.harm_limits import (
    HarmLimits,
    beta_binomial_limits,
    binomial_limits,
    operating_characteristics,
    stopping_probabilities,
)


def test_the_posterior_crosses_its_threshold_exactly_at_the_limit() -> None:
    limits = beta_binomial_limits([10, 20, 30], acceptable=0.1, threshold=0.9, prior=(0.5, 1.5))
    for n, limit in zip(limits.participants, limits.limits, strict=True):
        assert limit is not None
        assert beta.sf(0.1, 0.5 + limit, 1.5 + n - limit) > 0.9
        assert beta.sf(0.1, 0.5 + limit - 1, 1.5 + n - limit + 1) <= 0.9


def test_operating_characteristics_equal_the_sum_over_every_sequence() -> None:
    limits = HarmLimits((2, 5, 9), (2, 3, 4), 0.2, "by hand")
    p, by_look = 0.3, np.zeros(3)
    for sequence in itertools.product((0, 1), repeat=9):
        chance = p ** sum(sequence) * (1 - p) ** (9 - sum(sequence))
        for look, (n, limit) in enumerate(zip((2, 5, 9), (2, 3, 4), strict=True)):
            if sum(sequence[:n]) >= limit:
                by_look[look] += chance
                break
    assert stopping_probabilities(limits, p) == pytest.approx(by_look)
    row = operating_characteristics(limits, [p]).table.iloc[0]
    assert row["stop"] == pytest.approx(by_look.sum())
    expected = 2 * by_look[0] + 5 * by_look[1] + 9 * (1 - by_look[0] - by_look[1])
    assert row["expected_participants"] == pytest.approx(expected)


def test_exact_limits_spend_no_more_than_allowed_and_could_not_be_lower() -> None:
    spent = [0.005, 0.02, 0.05]
    limits = binomial_limits([15, 30, 45], acceptable=0.15, alpha_spent=spent)
    cumulative = np.cumsum(stopping_probabilities(limits, 0.15))
    assert (cumulative <= np.array(spent) + 1e-12).all()
    for look in range(3):
        lower = list(limits.limits)
        assert lower[look] is not None
        lower[look] = lower[look] - 1  # type: ignore[operator]
        tighter = HarmLimits(limits.participants, tuple(lower), 0.15, "one lower")
        assert np.cumsum(stopping_probabilities(tighter, 0.15))[look] > spent[look]


def test_one_look_is_the_binomial_test() -> None:
    (limit,) = binomial_limits([40], acceptable=0.1, alpha_spent=[0.025]).limits
    assert limit is not None
    assert binom.sf(limit - 1, 40, 0.1) <= 0.025 < binom.sf(limit - 2, 40, 0.1)


def test_a_look_too_early_to_stop_has_no_limit() -> None:
    limits = binomial_limits([2, 20], acceptable=0.3, alpha_spent=[0.01, 0.05])
    assert limits.limits[0] is None
    assert not limits.stops(2, 2)
    assert stopping_probabilities(limits, 0.9)[0] == 0


def test_more_harm_stops_more_often_and_earlier() -> None:
    limits = beta_binomial_limits([10, 20, 30, 40], acceptable=0.1, threshold=0.95)
    table = operating_characteristics(limits, [0.05, 0.1, 0.2, 0.4]).table
    assert table["stop"].is_monotonic_increasing
    assert table["expected_participants"].is_monotonic_decreasing


def test_a_count_is_judged_at_its_look() -> None:
    limits = HarmLimits((10, 20), (3, 5), 0.1, "by hand")
    assert (limits.stops(10, 2), limits.stops(10, 3), limits.stops(20, 4)) == (False, True, False)
    with pytest.raises(MonitorError, match="be one of the looks"):
        limits.stops(15, 3)
    with pytest.raises(MonitorError, match="`events` must lie between 0 and 10"):
        limits.stops(10, 11)


@pytest.mark.parametrize(
    ("looks", "acceptable", "spent", "message"),
    [
        ([20, 10], 0.1, [0.01, 0.05], "`participants` must increase"),
        ([], 0.1, [], "`participants` must increase"),
        ([10, 20], 0.0, [0.01, 0.05], "`acceptable` must lie"),
        ([10, 20], 0.1, [0.05, 0.01], "`alpha_spent` must be 2 chances"),
        ([10, 20], 0.1, [0.05], "`alpha_spent` must be 2 chances"),
    ],
)
def test_plans_that_are_none_are_refused(looks: list[int], acceptable: float, spent: list[float], message: str) -> None:
    with pytest.raises(MonitorError, match=message):
        binomial_limits(looks, acceptable=acceptable, alpha_spent=spent)


def test_priors_thresholds_and_probabilities_outside_their_range_are_refused() -> None:
    with pytest.raises(MonitorError, match="`prior` must have two positive parameters"):
        beta_binomial_limits([10], acceptable=0.1, threshold=0.9, prior=(0, 1))
    with pytest.raises(MonitorError, match="`threshold` must lie"):
        beta_binomial_limits([10], acceptable=0.1, threshold=95)
    with pytest.raises(MonitorError, match="`probabilities` must lie"):
        operating_characteristics(HarmLimits((10,), (3,), 0.1, "by hand"), [1.5])
