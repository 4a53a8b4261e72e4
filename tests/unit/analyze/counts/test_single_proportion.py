"""Intervals of one proportion."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from calor.analyze.counts.clopper_pearson import clopper_pearson
from calor.analyze.counts.event_count import EventCount
from calor.analyze.counts.single_proportion import agresti_coull, blaker, jeffreys, mid_p, wilson
from calor.analyze.estimate import Estimate
from calor.errors import AnalysisError

_ALL = [wilson, agresti_coull, jeffreys, mid_p, blaker]


@pytest.mark.parametrize("method", _ALL)
def test_no_event_starts_at_zero_and_only_events_end_at_one(method: Callable[..., Estimate]) -> None:
    none, every = method(EventCount(0, 12)), method(EventCount(12, 12))
    assert none.lower == 0
    assert every.upper == 1
    assert every.lower == pytest.approx(1 - none.upper, abs=1e-12)


def test_wilson_is_scipys() -> None:
    theirs = binomtest(7, 60).proportion_ci(0.9, method="wilson")
    ours = wilson(EventCount(7, 60), level=0.9)
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high), rel=1e-9)


def test_mid_p_limits_put_half_the_observed_count_in_the_tail() -> None:
    interval = mid_p(EventCount(4, 31))
    for p, tail in ((interval.lower, 0.025), (interval.upper, 0.975)):
        assert binom.sf(4, 31, p) + binom.pmf(4, 31, p) / 2 == pytest.approx(tail, abs=1e-10)


@pytest.mark.parametrize("n", [7, 12])
def test_blaker_is_exact_and_inside_clopper_pearson(n: int) -> None:
    intervals = [blaker(EventCount(x, n)) for x in range(n + 1)]
    for x, ours in enumerate(intervals):
        outer = clopper_pearson(EventCount(x, n))
        assert outer.lower - 1e-12 <= ours.lower
        assert ours.upper <= outer.upper + 1e-12
    for p in np.linspace(0.005, 0.995, 199):
        inside = [x for x, ours in enumerate(intervals) if ours.lower <= p <= ours.upper]
        assert binom.pmf(inside, n, p).sum() >= 0.95


def test_blaker_agrees_with_a_fine_grid_of_its_acceptability() -> None:
    x, n = 4, 31
    p = np.linspace(0, 1, 20001)[1:-1]
    upper_tail, lower_tail = binom.sf(x - 1, n, p), binom.cdf(x, n, p)
    below = upper_tail + binom.cdf(binom.ppf(upper_tail, n, p) - 1, n, p)
    above = lower_tail + 1 - binom.cdf(binom.ppf(1 - lower_tail, n, p), n, p)
    accepted = p[np.minimum(below, above) >= 0.05]
    ours = blaker(EventCount(x, n))
    assert (ours.lower, ours.upper) == pytest.approx((accepted.min(), accepted.max()), abs=5e-5)


@pytest.mark.parametrize("method", _ALL)
def test_a_level_in_percent_is_refused(method: Callable[..., Estimate]) -> None:
    with pytest.raises(AnalysisError, match=r"Give 0.95 for a 95 % interval"):
        method(EventCount(1, 10), level=95)
