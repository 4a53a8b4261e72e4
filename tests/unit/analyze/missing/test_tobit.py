"""Tobit regression against direct maximization, and where nothing is censored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from calor.analyze.continuous.comparison import Comparison
from calor.analyze.missing.tobit import tobit
from calor.errors import AnalysisError


def laboratory(participants: int = 80, seed: int = 4) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    base = rng.normal(size=participants)
    active = np.arange(participants) % 2
    log_value = 0.5 + 0.6 * base - 0.7 * active + 0.8 * rng.normal(size=participants)
    arm = np.where(active, "active", "placebo")
    return pd.DataFrame({"arm": arm, "base": base, "il6": np.exp(log_value)})


COMPARISON = Comparison("il6", "arm", ("placebo", "active"), ("base",))


def test_estimates_equal_direct_maximization() -> None:
    table = laboratory()
    limit = 1.0
    below = (table["il6"] < limit).to_numpy()
    y = np.log(np.where(below, limit, table["il6"]))
    x = np.column_stack([np.ones(80), table["arm"] == "active", table["base"]]).astype(float)

    def minus(parameter: np.ndarray) -> float:
        z = (y - x @ parameter[:3]) / np.exp(parameter[3])
        return -float(np.where(below, stats.norm.logcdf(z), stats.norm.logpdf(z) - parameter[3]).sum())

    want = optimize.minimize(minus, np.zeros(4), method="BFGS", options={"gtol": 1e-6})
    got = tobit(table, COMPARISON, limit=limit)
    assert np.log(got.contrasts[0].estimate) == pytest.approx(want.x[1], abs=1e-5)
    assert got.sd == pytest.approx(np.exp(want.x[3]), rel=1e-5)
    assert got.log_likelihood == pytest.approx(-want.fun, abs=1e-8)
    assert got.contrasts[0].se == pytest.approx(np.sqrt(want.hess_inv[1, 1]), rel=0.02)
    assert sum(got.below_limit) == below.sum()


def test_nothing_below_the_limit_is_least_squares() -> None:
    table = laboratory()
    got = tobit(table, COMPARISON, limit=1e-6)
    x = np.column_stack([np.ones(80), table["arm"] == "active", table["base"]]).astype(float)
    beta, rss, *_ = np.linalg.lstsq(x, np.log(table["il6"]), rcond=None)
    assert np.log(got.contrasts[0].estimate) == pytest.approx(beta[1], rel=1e-9)
    assert got.sd == pytest.approx(np.sqrt(rss[0] / 80), rel=1e-9)
    unscaled = np.linalg.inv(x.T @ x)[1, 1]
    assert got.contrasts[0].se == pytest.approx(got.sd * np.sqrt(unscaled), rel=1e-9)


def test_what_is_recorded_below_the_limit_does_not_matter() -> None:
    table = laboratory()
    below = table["il6"] < 1.0
    one, other = (
        tobit(table.assign(il6=table["il6"].mask(below, value)), COMPARISON, limit=1.0) for value in (0.1, 0.5)
    )
    assert one.contrasts == other.contrasts


def test_tobit_recovers_the_effect_that_half_the_limit_dilutes() -> None:
    errors, naive = [], []
    for seed in range(40):
        table = laboratory(participants=120, seed=seed)
        errors.append(np.log(tobit(table, COMPARISON, limit=1.2).contrasts[0].estimate) + 0.7)
        half = np.log(table["il6"].mask(table["il6"] < 1.2, 0.6))
        x = np.column_stack([np.ones(120), table["arm"] == "active", table["base"]]).astype(float)
        naive.append(np.linalg.lstsq(x, half, rcond=None)[0][1] + 0.7)
    bias, margin = np.mean(errors), 3 * np.std(errors, ddof=1) / np.sqrt(40)
    assert abs(bias) < margin, f"bias {bias:.3f}, Monte Carlo interval +-{margin:.3f}"
    assert np.mean(naive) > margin


def test_differences_on_the_scale_itself() -> None:
    table = laboratory().assign(il6=lambda t: np.log(t["il6"]))
    got = tobit(table, COMPARISON, limit=0.0, logarithm=False).contrasts[0]
    ratio = tobit(laboratory(), COMPARISON, limit=1.0).contrasts[0]
    assert got.scale == "difference"
    assert got.estimate == pytest.approx(np.log(ratio.estimate), rel=1e-8)
    assert got.p_value == pytest.approx(ratio.p_value, rel=1e-6)


@pytest.mark.parametrize(
    ("change", "limit", "says"),
    [
        ({}, 0.0, "be positive for logarithms"),
        ({}, 1e9, "detected in two participants"),
        ({"base": 1.0}, 1.0, "linearly independent"),
        ({"il6": 2.0}, 1.0, "vary"),
    ],
)
def test_unfit_data_are_refused(change: dict[str, float], limit: float, says: str) -> None:
    with pytest.raises(AnalysisError, match=says):
        tobit(laboratory().assign(**change), COMPARISON, limit=limit)
