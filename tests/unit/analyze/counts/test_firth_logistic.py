"""Firth logistic: a two-by-two table by hand, and separated outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.counts.firth_logistic import firth_logistic
from calor.errors import AnalysisError


def table(active_events: int, control_events: int, n: int = 30) -> pd.DataFrame:
    event = [1] * active_events + [0] * (n - active_events) + [1] * control_events + [0] * (n - control_events)
    return pd.DataFrame({"mi": event, "active": [1] * n + [0] * n})


def test_a_saturated_table_is_its_odds_ratio_with_half_an_event_in_each_cell() -> None:
    got = firth_logistic(table(0, 4), event="mi", covariates=["active"]).odds_ratio("active").estimate
    assert got == pytest.approx((0.5 / 30.5) / (4.5 / 26.5), rel=1e-8)


def test_separated_outcomes_have_finite_limits() -> None:
    estimate = firth_logistic(table(0, 30), event="mi", covariates=["active"]).odds_ratio("active")
    assert 0 < estimate.lower < estimate.upper < np.inf
    assert estimate.upper < 0.01


def test_outcomes_that_do_not_vary_are_refused() -> None:
    with pytest.raises(AnalysisError, match="not to others"):
        firth_logistic(table(0, 0), event="mi", covariates=["active"])
    with pytest.raises(AnalysisError, match="0 or 1"):
        firth_logistic(table(1, 2).assign(mi=2), event="mi", covariates=["active"])
    with pytest.raises(AnalysisError, match="one maximum"):
        firth_logistic(table(1, 2).assign(one=1.0), event="mi", covariates=["one"])
