from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from calor.design.accrual import Accrual
from calor.design.event_probability import event_probability
from calor.design.expected_events import Stratum, expected_events, time_of_events
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard, WeibullHazard
from calor.errors import DesignError

NONE = Dropout.none()
SAME = HazardRatio.constant(1.0)


def _exponential(rate: float, accrual: Accrual) -> Stratum:
    return Stratum(accrual, PiecewiseHazard.constant(rate), SAME, NONE)


def test_exponential_events_have_lachins_closed_form() -> None:
    """Uniform accrual over R, follow-up to T: 1 - (exp(-rate (T - R)) - exp(-rate T)) / (rate R)."""
    rate, accrual, end = 0.06, 12.0, 30.0
    closed = 1 - (np.exp(-rate * (end - accrual)) - np.exp(-rate * end)) / (rate * accrual)
    found = event_probability(_exponential(rate, Accrual.uniform(accrual)), end)
    assert found.overall == pytest.approx(closed, rel=1e-13)


@pytest.mark.parametrize("end", [3.0, 12.0, 400.0, 1e5])
def test_steep_hazards_over_long_follow_up_stay_exact(end: float) -> None:
    rate, per_time = 5.0, 25.0
    entered = min(end, 12.0)
    closed = per_time * (entered - (np.exp(-rate * (end - entered)) - np.exp(-rate * end)) / rate)
    assert expected_events([_exponential(rate, Accrual.uniform(12, 300))], end).sum() == pytest.approx(
        closed, rel=1e-10
    )


@pytest.mark.parametrize("shape", [0.4, 0.7, 1.0, 1.8, 4.0])
def test_weibull_events_equal_adaptive_quadrature(shape: float) -> None:
    lost = Dropout.by(12, treatment=0.05, control=0.1)
    trial = Stratum(Accrual((3, 9), (10, 20)), WeibullHazard(15, shape), SAME, lost)
    rate = lost.control.rates[0]

    def seen(x: float) -> float:  # u = x**6 smooths the pole at 0
        u = x**6
        density = shape / 15 * (u / 15) ** (shape - 1) * np.exp(-((u / 15) ** shape) - rate * u)
        return float(trial.accrual.enrolled(24 - u) * density * 6 * x**5)

    cuts = [0.0, 12 ** (1 / 6), 21 ** (1 / 6), 24 ** (1 / 6)]
    slow = sum(quad(seen, a, b, epsabs=1e-12)[0] for a, b in pairwise(cuts)) / 2
    assert expected_events([trial], 24)[0] == pytest.approx(slow, rel=1e-7)


def test_weibull_with_shape_one_is_exponential() -> None:
    accrual = Accrual.uniform(10, 100)
    weibull = Stratum(accrual, WeibullHazard(20, 1.0), SAME, NONE)
    assert expected_events([weibull], 25) == pytest.approx(expected_events([_exponential(0.05, accrual)], 25))


def test_dropout_in_one_arm_leaves_the_other_alone() -> None:
    accrual, hazard = Accrual.uniform(10, 100), PiecewiseHazard.constant(0.05)
    lost = Dropout(PiecewiseHazard.constant(0.0), PiecewiseHazard.constant(0.02))
    with_dropout = expected_events([Stratum(accrual, hazard, SAME, lost)], 25)
    without = expected_events([Stratum(accrual, hazard, SAME, NONE)], 25)
    assert with_dropout[1] == pytest.approx(without[1])
    assert with_dropout[0] < without[0]


def test_everyone_has_the_event_in_the_end_unless_lost() -> None:
    accrual = Accrual.uniform(10, 100)
    assert expected_events([_exponential(0.5, accrual)], 1e6).sum() == pytest.approx(100)
    lost = Dropout(PiecewiseHazard.constant(0.5), PiecewiseHazard.constant(0.5))
    half = Stratum(accrual, PiecewiseHazard.constant(0.5), SAME, lost)
    assert expected_events([half], 1e6).sum() == pytest.approx(50)


def test_a_treated_hazard_follows_the_ratio_over_time() -> None:
    crossing = HazardRatio((0, 3, 9), (1.3, 0.8, 0.5)).treated(PiecewiseHazard((0, 6), (0.1, 0.2)))
    times = np.array([1.0, 4.0, 7.0, 10.0])
    slow = [quad(lambda u: float(crossing.at(np.asarray(u))), 0, t, points=[3, 6, 9])[0] for t in times]
    assert crossing.cumulative(times) == pytest.approx(slow)


def test_events_that_never_come_are_refused_before_they_are_waited_for() -> None:
    cured = Stratum(Accrual.uniform(12, 200), PiecewiseHazard((0, 24), (0.02, 0.0)), SAME, NONE)
    with pytest.raises(DesignError, match=r"`events` must be reachable, got 90.0 where at most 76.2 of 200"):
        time_of_events([cured], 90)
    with pytest.raises(DesignError, match="`events` must be reachable"):
        time_of_events([_exponential(0.05, Accrual.uniform(10, 100))], 100.5)


@pytest.mark.parametrize("events", [0.0, -1.0, float("nan"), float("inf")])
def test_a_number_of_events_that_is_none_is_refused(events: float) -> None:
    with pytest.raises(DesignError, match="`events` must be positive and finite"):
        time_of_events([_exponential(0.05, Accrual.uniform(10, 100))], events)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Accrual((), ()), "`durations` must be as many as rates"),
        (lambda: Accrual((1, 2), (3,)), "`durations` must be as many as rates"),
        (lambda: Accrual((1, 0), (3, 3)), "`durations` must be positive"),
        (lambda: Accrual((1,), (0,)), "`rates` must be finite, not negative, and not all 0"),
        (lambda: Accrual((1,), (-1,)), "`rates` must be finite"),
        (lambda: Accrual((1,), (float("nan"),)), "`rates` must be finite"),
        (lambda: Accrual.uniform(12, 300).split(40), "`prevalence` must lie between 0 and 1, got 40"),
        (lambda: Accrual.uniform(12, 300).split(0.0), "`prevalence` must lie between 0 and 1"),
        (lambda: Accrual.uniform(0, 10), "`durations` must be positive"),
        (lambda: PiecewiseHazard((0, 6), (0.1,)), "`starts` must be as many as rates"),
        (lambda: PiecewiseHazard((1, 6), (0.1, 0.2)), "`starts` must begin at 0 and increase"),
        (lambda: PiecewiseHazard((0, 6, 6), (0.1, 0.2, 0.3)), "`starts` must begin at 0 and increase"),
        (lambda: PiecewiseHazard((0,), (-0.1,)), "`rates` must not be negative"),
        (lambda: PiecewiseHazard((0,), (float("nan"),)), "`rates` must be finite"),
        (lambda: PiecewiseHazard.from_median(0), "`median` must be positive"),
        (lambda: PiecewiseHazard.from_probability(1.0, 12), "`probability` must lie in 0 to below 1"),
        (lambda: PiecewiseHazard.from_probability(0.1, 0), "`time` must be positive"),
        (lambda: WeibullHazard(10, 0), "`shape` must be positive"),
        (lambda: WeibullHazard(-1, 1), "`scale` must be positive"),
        (lambda: HazardRatio((0,), (0.0,)), "`ratios` must be positive"),
        (lambda: HazardRatio((0, 3), (1.0,)), "`starts` must be as many as ratios"),
        (lambda: expected_events([], 12), "`strata` must hold at least one stratum"),
        (lambda: expected_events([_exponential(0.1, Accrual.uniform(1))], 0), "`calendar_time` must be positive"),
        (lambda: expected_events([_exponential(0.1, Accrual.uniform(1))], 5, 0), "`allocation_ratio` must be positive"),
    ],
)
def test_impossible_assumptions_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()
