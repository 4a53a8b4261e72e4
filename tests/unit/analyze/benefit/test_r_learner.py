"""Individual benefit: prediction, calibration, order."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.benefit_calibration import benefit_calibration
from calor.analyze.benefit.benefit_concordance import c_for_benefit
from calor.analyze.benefit.r_learner import RLearner, r_learner
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"), ("crp", "base"))


def trial(seed: int, slope: float, n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": rng.permutation(["p", "a"] * (n // 2)), "crp": rng.normal(2, 1, n)})
    table["base"], table["age"] = rng.normal(2.3, 0.3, n), rng.normal(60, 8, n)
    active = table.arm == "a"
    table["tbr"] = table.base + 0.1 * table.crp - active * (0.2 + slope * (table.crp - 2)) + rng.normal(0, 0.2, n)
    return table


def run(table: pd.DataFrame, seed: int = 1) -> RLearner:
    return r_learner(table, TWO, effect_covariates=["crp", "age"], rng=np.random.default_rng(seed))


def test_it_finds_the_slope_and_the_average_of_a_real_interaction() -> None:
    table = trial(1, 0.3, n=800)
    found = run(table)
    assert found.average == pytest.approx(-0.2, abs=0.06)
    assert found.coefficients["crp"] == pytest.approx(-0.3 * table.crp.std(), abs=0.06)
    assert abs(found.coefficients["age"]) < 0.06
    truth = -(0.2 + 0.3 * (table.crp - 2))
    assert np.corrcoef(found.effects, truth)[0, 1] > 0.95


def test_without_interaction_individual_effects_barely_differ() -> None:
    spread = [np.std(run(trial(seed, 0.0)).effects) for seed in range(10)]
    assert np.median(spread) < 0.05, spread


def test_a_participants_own_endpoint_does_not_reach_their_prediction() -> None:
    """One wild endpoint moves the predictions of others, and its own only through their folds' penalties."""
    table = trial(2, 0.3)
    wild = table.copy()
    wild.loc[0, "tbr"] += 5.0
    moved = np.abs(run(wild).effects - run(table).effects)
    assert moved[0] <= np.median(moved) + 0.05
    assert moved.max() > 0.01


def test_too_few_participants_for_the_folds_are_refused() -> None:
    with pytest.raises(AnalysisError, match="5 folds for 4 participants"):
        run(trial(1, 0.0, n=8))
    with pytest.raises(AnalysisError, match="`age` must vary"):
        run(trial(1, 0.0).assign(age=60.0))


def test_calibration_of_its_predictions_finds_no_benefit_where_there_is_none() -> None:
    """Held-out averages, low where a fold's own is high, would make 3 in 10 null trials look clearly wrong."""
    trials, slopes, order = 60, [], []
    for seed in range(trials):
        found = run(trial(seed, 0.0, n=60), seed)
        predicted = (found.effects, found.response, found.arm)
        slopes.append(benefit_calibration(*predicted, groups=2).slope)
        order.append(c_for_benefit(*predicted, rng=np.random.default_rng(seed), bootstraps=2).estimate)
    room = 3.3 * np.sqrt(0.025 * 0.975 / trials)
    above, below = np.mean([s.lower > 0 for s in slopes]), np.mean([s.upper < 0 for s in slopes])
    assert above < 0.025 + room, (above, room)
    assert below < 0.075 + room, (below, room)
    assert abs(np.mean(order) - 0.5) < 0.05, np.mean(order)
