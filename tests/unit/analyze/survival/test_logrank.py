"""Log-rank test: what it computes by hand, and what it refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.reference.registry import SHIPPED
from tests.survival_trial import ARMS, trial

from calor.analyze.survival.logrank import logrank
from calor.errors import AnalysisError
from calor.kernels.logrank import logrank as sums

COLUMNS = {"time": "time", "event": "event", "arm": "arm", "arms": ARMS}


def test_a_table_of_four_agrees_with_arithmetic() -> None:
    table = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 1, 1, 0], "arm": ["placebo", "active"] * 2})
    result = logrank(table, **COLUMNS)
    # At 1: 2 of 4 active, expect 1/2. At 2: 2 of 3, expect 2/3. At 3: 1 of 2, expect 1/2.
    assert result.expected[1] == pytest.approx(1 / 2 + 2 / 3 + 1 / 2)
    assert result.covariance[1, 1] == pytest.approx(1 / 4 + 2 / 9 + 1 / 4)


def test_observed_and_expected_events_add_up_to_all() -> None:
    result = logrank(trial(), **COLUMNS)
    assert result.observed.sum() == pytest.approx(result.expected.sum())
    assert result.observed.sum() == trial()["event"].sum()


def test_fewer_events_in_the_active_arm_make_z_negative() -> None:
    z = logrank(trial(log_hazard_ratio=-2.0), **COLUMNS).z
    assert z is not None
    assert z < -2


def test_three_arms_have_two_degrees_of_freedom_and_no_sign() -> None:
    table = trial().assign(arm=np.array(["a", "b", "c"])[np.arange(80) % 3])
    result = logrank(table, time="time", event="event", arm="arm")
    assert result.df == 2
    assert result.z is None


def test_strata_change_the_expected_events() -> None:
    table = trial()
    by_site = [logrank(part, **COLUMNS) for _, part in table.groupby("site")]
    stratified = logrank(table, **COLUMNS, strata=["site"])
    assert stratified.expected[1] == pytest.approx(sum(r.expected[1] for r in by_site))
    assert stratified.covariance[1, 1] == pytest.approx(sum(r.covariance[1, 1] for r in by_site))
    assert stratified.method == "Stratified log-rank"


def test_weights_for_late_differences_ignore_the_first_event() -> None:
    table = trial()
    late = logrank(table, **COLUMNS, gamma=1.0)
    first = table["time"].idxmin()
    assert late.observed.sum() < table["event"].sum()
    assert first in table.index
    assert "Fleming-Harrington (0, 1)" in late.method


@pytest.mark.parametrize(
    ("rho", "gamma", "chi_square"),
    [(0.0, 1.0, 3.9533268021808388), (1.0, 1.0, 1.727914845886196), (0.5, 0.5, 1.3323535734576852)],
)
def test_weights_agree_with_lifelines(rho: float, gamma: float, chi_square: float) -> None:
    # lifelines 0.30.3, logrank_test(weightings="fleming-harrington")
    table = pd.read_csv(SHIPPED / "stats_tte_small_ties.csv")
    got = logrank(table, time="time", event="event", arm="trt", rho=rho, gamma=gamma)
    assert got.chi_square == pytest.approx(chi_square, rel=1e-10)


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        ({"event": 0}, {}, "hold an event"),
        ({"arm": "placebo"}, {"arms": ("placebo",)}, "two arms"),
        ({}, {"rho": -1.0}, "rho"),
        ({}, {"gamma": float("inf")}, "gamma"),
    ],
)
def test_a_question_without_an_answer_is_refused(changes: dict, options: dict, says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        logrank(trial().assign(**changes), **{**COLUMNS, **options})


def test_arms_that_are_never_at_risk_together_are_refused() -> None:
    table = pd.DataFrame(
        {"time": [1, 2, 8, 9], "event": [0, 0, 1, 1], "arm": ["placebo", "placebo", "active", "active"]}
    )
    with pytest.raises(AnalysisError, match="at risk together"):
        logrank(table, **COLUMNS)


def test_the_kernel_rejects_five_percent_of_trials_without_effect() -> None:
    rng = np.random.default_rng(20261122)
    trials, n = 10_000, 200
    active, nobody = np.arange(n) % 2 == 0, np.zeros(n, dtype=np.int64)
    rejected = 0
    for _ in range(trials):
        event_time, censored = rng.exponential(1.0, n), rng.uniform(0.5, 2.0, n)
        time = np.minimum(event_time, censored)
        order = np.argsort(time)
        score, variance, *_ = sums(time[order], (event_time <= censored)[order], active[order], nobody, 0.0, 0.0)
        rejected += score**2 > 3.8415 * variance
    rate, error = rejected / trials, np.sqrt(0.05 * 0.95 / trials)
    assert abs(rate - 0.05) < 3.5 * error, f"{rate:.4f}, Monte Carlo interval 0.05 +- {3.5 * error:.4f}"
