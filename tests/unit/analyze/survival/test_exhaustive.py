"""Numbers that no other software gave us, found a second way: by every allocation, by hand, by numeric derivatives."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from tests.unit.analyze.event_methods import ARMS, HIERARCHY, participants

from calor.analyze.survival.cox import cox
from calor.analyze.survival.finkelstein_schoenfeld import finkelstein_schoenfeld
from calor.analyze.survival.grambsch_therneau import grambsch_therneau
from calor.analyze.survival.win_ratio import win_ratio

PAIRED = {"hierarchy": HIERARCHY, "arm": "arm", "arms": ARMS}


def _allocated(table: pd.DataFrame, active: set[int]) -> pd.DataFrame:
    return table.assign(arm=[ARMS[i in active] for i in range(len(table))])


def test_variance_of_the_test_is_that_over_all_allocations() -> None:
    table = participants(8)
    tests = [finkelstein_schoenfeld(_allocated(table, set(who)), **PAIRED) for who in combinations(range(8), 3)]
    statistics = np.array([test.statistic for test in tests])
    assert statistics.mean() == pytest.approx(0, abs=1e-12)
    assert statistics.var() == pytest.approx(tests[0].variance, rel=1e-12)


def test_stratified_variance_is_that_over_all_allocations_within_strata() -> None:
    table = participants(8).assign(site=["x"] * 5 + ["y"] * 3)
    within = product(combinations(range(5), 2), combinations(range(5, 8), 1))
    tests = [
        finkelstein_schoenfeld(_allocated(table, {*one, *other}), **PAIRED, strata=["site"]) for one, other in within
    ]
    statistics = np.array([test.statistic for test in tests])
    assert len(tests) == 30
    assert statistics.mean() == pytest.approx(0, abs=1e-12)
    assert statistics.var() == pytest.approx(tests[0].variance, rel=1e-12)


def test_stratified_win_ratio_is_put_together_from_its_strata() -> None:
    table = participants(60).assign(site=["x"] * 38 + ["y"] * 22)
    together = win_ratio(table, **PAIRED, strata=["site"])
    each = [(len(here), win_ratio(here, **PAIRED)) for _, here in table.groupby("site")]
    wins, losses = (sum(getattr(r, what) / n for n, r in each) for what in ("wins", "losses"))
    assert together.ratio.estimate == pytest.approx(wins / losses, rel=1e-12)
    # strata are independent: their net benefits add up with the weights of their pairs, squared in the variance
    pairs = [(r.wins + r.losses + r.ties) / n for n, r in each]
    benefit = sum(w * r.net_benefit.estimate for w, (_, r) in zip(pairs, each, strict=True)) / sum(pairs)
    variance = sum((w * (r.net_benefit.se or 0)) ** 2 for w, (_, r) in zip(pairs, each, strict=True)) / sum(pairs) ** 2
    assert together.net_benefit.estimate == pytest.approx(benefit, rel=1e-12)
    assert together.net_benefit.se == pytest.approx(np.sqrt(variance), rel=1e-12)


TRANSFORMS = {"log": np.log, "identity": lambda time: time}


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_score_test_of_proportional_hazards_is_that_of_numeric_derivatives(transform: str) -> None:
    """Add x times a transform of time to the model; derive its log partial likelihood at the fit by differences."""
    table = participants(40).assign(days=lambda t: t["days"] + np.arange(40) / 100)  # no ties
    fit = cox(table, time="days", event="mi", covariates=["age"])
    x = ((table["age"] - table["age"].mean()) / 10).to_numpy()
    time, event = table["days"].to_numpy(), table["mi"].to_numpy() == 1
    of_time = TRANSFORMS[transform](time)
    of_time = (of_time - of_time[event].mean()) / of_time[event].std()

    def loglik(beta: float, theta: float) -> float:
        total = 0.0
        for i in np.flatnonzero(event):
            eta = x * (beta + theta * of_time[i])
            total += eta[i] - np.log(np.exp(eta[time >= time[i]]).sum())
        return total

    at, h = np.array([fit.coefficients[0] * 10, 0.0]), 1e-3
    steps = np.eye(2) * h
    score = (loglik(*(at + steps[1])) - loglik(*(at - steps[1]))) / (2 * h)
    hessian = np.array(
        [
            [
                sum(
                    a * b * loglik(*(at + a * steps[i] + b * steps[j])) for a, b in product((1, -1), repeat=2)
                ) / (4 * h * h)
                for j in range(2)
            ]
            for i in range(2)
        ]
    )  # fmt: skip
    information = -hessian
    left = information[1, 1] - information[0, 1] ** 2 / information[0, 0]
    assert grambsch_therneau(fit, transform=transform).overall.statistic == pytest.approx(score**2 / left, rel=1e-4)  # type: ignore[arg-type]
