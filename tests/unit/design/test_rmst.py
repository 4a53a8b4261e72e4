from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from calor.design import rmst
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.expected_events import Stratum
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard, WeibullHazard
from calor.errors import DesignError

CONTROL, DELAYED = PiecewiseHazard.from_median(9), HazardRatio((0, 4), (1.0, 0.6))
TRIAL = Stratum(Accrual.uniform(12, 300), CONTROL, DELAYED, Dropout.by(12, 0.05, 0.05))


def _proportional(ratio: float) -> Stratum:
    return Stratum(Accrual.uniform(12, 300), CONTROL, HazardRatio.constant(ratio), Dropout.none())


def test_rmst_of_exponential_times_has_a_closed_form() -> None:
    found = rmst.mean_difference(_proportional(0.7), tau=24, time=36)
    rate = CONTROL.rates[0]
    assert found.control == pytest.approx((1 - np.exp(-24 * rate)) / rate)
    assert found.treatment == pytest.approx((1 - np.exp(-24 * 0.7 * rate)) / (0.7 * rate))


def test_rmst_without_censoring_has_the_variance_of_a_truncated_mean() -> None:
    """Everyone followed past tau: Kaplan-Meier's area is the mean of min(T, tau)."""
    at_once = Stratum(Accrual.uniform(1e-6, 200), CONTROL, HazardRatio.constant(1.0), Dropout.none())
    found, rate, tau = rmst.mean_difference(at_once, tau=20, time=30), CONTROL.rates[0], 20.0
    mean = (1 - np.exp(-rate * tau)) / rate
    square = 2 / rate**2 * (1 - np.exp(-rate * tau) * (1 + rate * tau))
    assert found.variance == pytest.approx(2 * (square - mean**2) / 100)


def test_a_weibull_area_equals_adaptive_quadrature() -> None:
    hazard = WeibullHazard(15, 0.5)
    found = rmst.mean_difference(
        Stratum(Accrual.uniform(12, 300), hazard, HazardRatio.constant(1.0), Dropout.none()), tau=24, time=40
    )
    slow = quad(lambda x: float(np.exp(-hazard.cumulative(np.asarray(x**2)))) * 2 * x, 0, np.sqrt(24), epsabs=1e-12)[0]
    assert found.control == pytest.approx(slow, rel=1e-9)


def test_a_margin_allows_a_shorter_mean() -> None:
    shorter = rmst.sample_size(_proportional(1.0), tau=24, time=36, power=0.9, comparison=Comparison(null=-2.0))
    assert -2.0 < shorter.efficacy_effect[-1] < 0.0
    assert shorter.power == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: rmst.mean_difference(TRIAL, tau=36, time=36), "`tau` must lie between 0 and the time"),
        (lambda: rmst.mean_difference(TRIAL, tau=0, time=36), "`tau` must lie between 0 and the time"),
        (
            lambda: rmst.sample_size(_proportional(1.2), tau=24, time=36, power=0.9),
            "`stratum` must lie on the side of benefit",
        ),
        (lambda: rmst.sample_size(TRIAL, tau=24, time=36, power=0.01), "`power` must lie between alpha"),
    ],
)
def test_impossible_questions_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()
