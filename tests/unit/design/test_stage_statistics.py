"""Stage-wise statistics of means, rates and log-rank tests, with and without strata."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import ttest_ind

from calor.design.stage_log_ranks import LogRanks, stratified_log_ranks
from calor.design.stage_means import Means
from calor.design.stage_rates import Rates, restricted_rates
from calor.design.stratified_means import StratifiedMeans, merged_strata, variance_from_full
from calor.design.stratified_rates import StratifiedRates
from calor.errors import DesignError

RNG = np.random.default_rng(12)
RAW = [(RNG.normal(1.0, 1.0, n1), RNG.normal(0.6, 1.2, n2)) for n1, n2 in ((20, 18), (15, 22), (30, 25))]


def means(raw: list[tuple[np.ndarray, np.ndarray]]) -> Means:
    treated, control = [a for a, _ in raw], [b for _, b in raw]
    return Means(
        [a.size for a in treated], [b.size for b in control],
        [a.mean() for a in treated], [b.mean() for b in control],
        [a.std(ddof=1) for a in treated], [b.std(ddof=1) for b in control],
    )  # fmt: skip


def test_means_are_the_t_tests_of_the_raw_data() -> None:
    data = means(RAW)
    for k in range(3):
        stage = ttest_ind(*RAW[k], alternative="greater").pvalue
        treated, control = (np.concatenate([pair[arm] for pair in RAW[: k + 1]]) for arm in (0, 1))
        overall = ttest_ind(treated, control, alternative="greater").pvalue
        assert data.stage_p(0.0)[k] == pytest.approx(stage, rel=1e-10)
        assert data.overall_p(0.0)[k] == pytest.approx(overall, rel=1e-10)
    assert data.stage_p(0.2) == pytest.approx(1 - data.stage_p(0.2, greater=False), abs=1e-12)


def test_merged_strata_are_the_pooled_raw_data() -> None:
    merged = merged_strata([means(RAW[:1]), means(RAW[1:2])])
    pooled = means([tuple(np.concatenate([RAW[0][a], RAW[1][a]]) for a in (0, 1))])  # type: ignore[list-item]
    for name in ("n1", "mean1", "sd1", "n2", "mean2", "sd2"):
        assert getattr(merged, name) == pytest.approx(getattr(pooled, name), rel=1e-12)


def test_one_stratum_is_no_stratification() -> None:
    data = means(RAW)
    assert StratifiedMeans([data]).stage_p(0.1) == pytest.approx(data.stage_p(0.1), rel=1e-12)
    pooled = StratifiedMeans([data], variance_from_full([data]))
    assert pooled.stage_p(0.1) == pytest.approx(data.stage_p(0.1), rel=1e-12)
    rates = Rates([50, 40], [45, 44], [20, 18], [12, 15])
    assert StratifiedRates([rates]).stage_p(0.05) == pytest.approx(rates.stage_p(0.05), rel=1e-12)


@pytest.mark.parametrize("null", [-0.3, -0.05, 0.1, 0.45])
def test_restricted_rates_maximize_the_likelihood(null: float) -> None:
    n1, n2, p1, p2 = 37.0, 52.0, 0.4, 0.3

    def minus_log_likelihood(q2: float) -> float:
        q1 = q2 + null
        return -(
            n1 * (p1 * math.log(q1) + (1 - p1) * math.log(1 - q1))
            + n2 * (p2 * math.log(q2) + (1 - p2) * math.log(1 - q2))
        )

    bounds = (max(0.0, -null) + 1e-9, min(1.0, 1 - null) - 1e-9)
    best = minimize_scalar(minus_log_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
    assert restricted_rates(n1, n2, p1, p2, null)[1] == pytest.approx(best, abs=1e-6)


def test_empty_and_full_arms_give_a_p_value() -> None:
    nothing = Rates([10], [10], [0], [0])
    assert nothing.stage_p(0.0)[0] == 0.5
    assert Rates([10], [10], [10], [0]).stage_p(0.0)[0] < 1e-4
    assert 0 <= nothing.stage_p(0.2)[0] <= 1


def test_log_rank_increments_are_independent_parts() -> None:
    data = LogRanks([60, 118, 180], [1.3, 1.9, 2.45], [1, 1, 1])
    share = np.diff([0, 60, 118, 180]) / 180
    assert np.sqrt(share) @ data.statistics() == pytest.approx(2.45, abs=1e-12)
    assert data.stage_information == pytest.approx(share)
    assert data.overall_statistics(float(data.effects[2]))[2] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Means([1], [20], [1.0], [1.0], [1.0], [1.0]), "`n1` must be at least 2, got 1.0 at stage 1"),
        (lambda: Means([20], [20], [1.0], [1.0], [0.0], [1.0]), "`sd1` must be at least"),
        (lambda: Means([20], [20], [math.nan], [1.0], [1.0], [1.0]), "`mean1` must be 1 finite numbers"),
        (lambda: Means([20], [20, 20], [1.0], [1.0], [1.0], [1.0]), "`n2` must be 1 finite numbers"),
        (lambda: Rates([10], [10], [11], [2]), "`events1` must lie between 0 and `n1`"),
        (lambda: Rates([10], [10], [1], [-1]), "`events2` must lie between 0 and `n2`"),
        (lambda: Rates([0], [10], [0], [1]), "`n1` must be at least 1"),
        (lambda: LogRanks([60, 60], [1.0, 1.0], [1, 1]), "`events` must increase"),
        (lambda: LogRanks([60], [math.inf], [1]), "`log_ranks` must be 1 finite numbers"),
        (lambda: LogRanks([60], [1.0], [0]), "`allocation_ratios` must be at least"),
        (lambda: StratifiedMeans([]), "`strata` must have the same stages"),
        (lambda: StratifiedRates([Rates([9], [9], [1], [1]), Rates([9, 9], [9, 9], [1, 1], [1, 1])]), "`strata` must"),
        (lambda: stratified_log_ranks([[5]], [[5]], [[3]], [[0]], [1]), "`variances` must be at least"),  # type: ignore[arg-type]
        (lambda: stratified_log_ranks([[5]], [[5]], [[3, 4]], [[1]], [1]), "`strata` must be tables"),  # type: ignore[arg-type]
    ],
)
def test_data_that_cannot_be_are_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(DesignError, match=message):
        make()
