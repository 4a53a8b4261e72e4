"""The exact Poisson interval."""

from __future__ import annotations

import math

import pytest
from scipy.stats import poisson

from calor.analyze.counts.poisson_rate import poisson_rate
from calor.errors import AnalysisError


def test_the_limits_invert_the_poisson_tails() -> None:
    rate = poisson_rate(5, 14.2, level=0.9)
    assert poisson.sf(4, rate.lower * 14.2) == pytest.approx(0.05)
    assert poisson.cdf(5, rate.upper * 14.2) == pytest.approx(0.05)


def test_no_event_gives_zero_with_an_upper_limit() -> None:
    rate = poisson_rate(0, 60, per=100)
    assert (rate.estimate, rate.lower) == (0, 0)
    assert rate.upper == pytest.approx(100 * -math.log(0.025) / 60)


@pytest.mark.parametrize(
    ("events", "time_at_risk"), [(-1, 10.0), (1.5, 10.0), (math.nan, 10.0), (1, 0.0), (1, math.nan), (1, math.inf)]
)
def test_what_is_no_rate_is_refused(events: int, time_at_risk: float) -> None:
    with pytest.raises(AnalysisError, match="must be"):
        poisson_rate(events, time_at_risk)
