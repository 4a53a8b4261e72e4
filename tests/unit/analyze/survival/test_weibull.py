"""Weibull regression: finds what was drawn, and its two readings agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.reference.registry import SHIPPED
from tests.survival_trial import trial

from calor.analyze.survival.weibull import weibull
from calor.errors import AnalysisError


def drawn(n: int = 4000) -> pd.DataFrame:
    """Times of shape 1.5, twice as long in the active arm."""
    rng = np.random.default_rng(5)
    active = np.arange(n) % 2
    return pd.DataFrame({"time": 3 * rng.weibull(1.5, n) * 2.0**active, "event": 1, "active": active})


def test_shape_and_time_ratio_that_were_drawn_are_found() -> None:
    fit = weibull(drawn(), time="time", event="event", covariates=["active"])
    assert abs(1 / fit.scale - 1.5) < 3 * 1.5 * fit.se[-1]
    ratio = fit.time_ratio("active")
    assert abs(np.log(ratio.estimate) - np.log(2)) < 3 * (ratio.se or 0)


def test_hazard_ratio_is_the_time_ratio_to_minus_the_shape() -> None:
    fit = weibull(trial(), time="time", event="event", covariates=["active", "age"])
    assert fit.hazard_ratio("active").estimate == pytest.approx(fit.time_ratio("active").estimate ** (-1 / fit.scale))


def test_time_in_other_units_moves_only_the_intercept() -> None:
    days = weibull(trial(), time="time", event="event", covariates=["active"])
    years = weibull(
        trial().assign(time=lambda t: t["time"] / 365.25), time="time", event="event", covariates=["active"]
    )
    assert years.coefficients[1] == pytest.approx(days.coefficients[1], rel=1e-7)
    assert years.se == pytest.approx(days.se, rel=1e-6)
    assert days.coefficients[0] - years.coefficients[0] == pytest.approx(np.log(365.25), rel=1e-7)


def test_coefficients_and_errors_agree_with_lifelines() -> None:
    # lifelines 0.30.3, WeibullAFTFitter
    table = pd.read_csv(SHIPPED / "stats_tte_small_ties.csv")
    fit = weibull(table, time="time", event="event", covariates=["trt", "x"])
    assert fit.coefficients == pytest.approx([2.697500158, 0.295782351, 0.064420966], abs=1e-5)
    assert fit.se[:3] == pytest.approx([0.231141342, 0.319930215, 0.148499868], abs=1e-5)
    assert -np.log(fit.scale) == pytest.approx(0.195874457, abs=1e-5)
    assert fit.loglik == pytest.approx(-103.35336073056611, abs=1e-8)


def test_an_arm_without_events_is_refused() -> None:
    table = trial().assign(event=lambda t: t["event"] * (1 - t["active"]))
    with pytest.raises(AnalysisError, match="firth_cox"):
        weibull(table, time="time", event="event", covariates=["active"])
