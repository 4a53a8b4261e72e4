"""Each common mistake in null trials: how often it finds something, and how often ours does.

Trials of 31 + 32, as many participants as IVORY, with the same effect for everyone and equal variances.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as t_distribution

from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.responder import landmark_responder
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.benefit.winners_curse import exaggeration, winners_curse
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.estimate import Estimate

N, CONTROL = 63, 31
ACTIVE = np.arange(N) >= CONTROL
TWO = Comparison("after", "arm", ("placebo", "active"), ("before",))


def null_trials(trials: int, correlation: float, seed: int, effect: float = 0.6) -> tuple[np.ndarray, ...]:
    """Standardized baseline, follow-up and an independent biomarker; the effect is the same for everyone."""
    rng = np.random.default_rng(seed)
    before, crp = rng.normal(size=(2, trials, N))
    after = correlation * before + np.sqrt(1 - correlation**2) * rng.normal(size=(trials, N)) - effect * ACTIVE
    return before, after, crp


def p_of_last(designs: np.ndarray, y: np.ndarray) -> np.ndarray:
    """p-value of the last column of each trial's design, all trials at once."""
    inverse = np.linalg.inv(designs.transpose(0, 2, 1) @ designs)
    b = np.einsum("tij,tj->ti", inverse, np.einsum("tnj,tn->tj", designs, y))
    rss = np.sum((y - np.einsum("tnj,tj->tn", designs, b)) ** 2, axis=1)
    df = y.shape[1] - designs.shape[2]
    return 2 * t_distribution.sf(np.abs(b[:, -1]) / np.sqrt(inverse[:, -1, -1] * rss / df), df)


def stack(*columns: np.ndarray) -> np.ndarray:
    shape = max((np.shape(c) for c in columns), key=len)
    return np.stack([np.broadcast_to(c, shape).astype(float) for c in columns], axis=2)


def near(rate: float, want: float, trials: int) -> None:
    error = 3.3 * np.sqrt(want * (1 - want) / trials)
    assert abs(rate - want) < error, f"{rate:.3f} is outside {want:.3f} +- {error:.3f}"


def test_our_interaction_is_what_these_simulations_fit() -> None:
    before, after, crp = null_trials(1, 0.5, 1)
    p = p_of_last(stack(np.ones((1, N)), ACTIVE, crp, before, ACTIVE * crp), after)[0]
    table = pd.DataFrame({"arm": np.where(ACTIVE, "active", "placebo"), "before": before[0], "after": after[0]})
    found = interaction(table.assign(crp=crp[0]), TWO, biomarker="crp", scale="linear")
    assert found.slope_difference.p_value == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(("correlation", "naive"), [(0.35, 0.7), (0.50, 0.5)])
def test_a_median_split_of_the_change_finds_responders_by_baseline(correlation: float, naive: float) -> None:
    """Patients above the median at baseline change more: regression to the mean, in one arm, with no interaction."""
    trials = 3000
    before, after, _ = null_trials(trials, correlation, 2)
    active = (after - before)[:, ACTIVE]
    high = before[:, ACTIVE] > np.median(before[:, ACTIVE], axis=1, keepdims=True)
    rate = np.mean(p_of_last(stack(np.ones_like(active), high), active) < 0.05)
    assert rate > naive, rate
    ours = np.mean(p_of_last(stack(np.ones((trials, N)), ACTIVE, before, ACTIVE * before), after) < 0.05)
    near(ours, 0.05, trials)


def test_significant_in_one_half_only_is_found_in_nearly_half_of_trials_without_interaction() -> None:
    trials = 3000
    before, after, crp = null_trials(trials, 0.5, 3)
    order = np.argsort(crp, axis=1)
    significant = []
    for half in (order[:, : N // 2], order[:, N // 2 :]):
        y, x = (np.take_along_axis(v, half, axis=1) for v in (after, before))
        arm = ACTIVE[half].astype(float)
        significant.append(p_of_last(stack(np.ones_like(y), x, arm), y) < 0.05)
    rate = np.mean(significant[0] != significant[1])
    assert 0.40 < rate < 0.55, rate
    ours = np.mean(p_of_last(stack(np.ones((trials, N)), ACTIVE, crp, before, ACTIVE * crp), after) < 0.05)
    near(ours, 0.05, trials)


def test_the_best_threshold_is_significant_far_too_often_unless_the_search_is_paid_for() -> None:
    trials = 100
    before, after, crp = null_trials(trials, 0.5, 4)
    naive, ours = [], []
    for i in range(trials):
        table = pd.DataFrame({"arm": np.where(ACTIVE, "active", "placebo"), "before": before[i], "after": after[i]})
        found = threshold_search(
            table.assign(crp=crp[i]), TWO, biomarker="crp", rng=np.random.default_rng(i), permutations=199, bootstraps=1
        )
        naive.append(found.unadjusted_p_value < 0.05)
        ours.append(found.p_value <= 0.05)
    assert np.mean(naive) > 0.12, np.mean(naive)
    near(float(np.mean(ours)), 0.05, trials)


@pytest.mark.slow
def test_a_prognostic_biomarker_does_not_upset_the_threshold_search() -> None:
    trials = 300
    before, after, crp = null_trials(trials, 0.5, 5)
    ours = []
    for i in range(trials):
        table = pd.DataFrame({"arm": np.where(ACTIVE, "active", "placebo"), "before": before[i], "crp": crp[i]})
        found = threshold_search(
            table.assign(after=after[i] + 0.8 * crp[i]), TWO, biomarker="crp", rng=np.random.default_rng(i),
            permutations=199, bootstraps=1,
        )  # fmt: skip
        ours.append(found.p_value <= 0.05)
    near(float(np.mean(ours)), 0.05, trials)


def test_searching_a_subgroup_with_an_effect_finds_one_where_there_is_none() -> None:
    """The effect above and below each of 16 cuts, the best p taken, no effect at all; the whole trial's test holds."""
    trials = 2000
    before, after, crp = null_trials(trials, 0.5, 6, effect=0.0)
    order = np.argsort(crp, axis=1)
    best = np.ones(trials)
    for inside in (part for k in range(0, N // 2 + 1, 2) for part in (order[:, k:], order[:, : N - k])):
        y, x = (np.take_along_axis(v, inside, axis=1) for v in (after, before))
        best = np.minimum(best, p_of_last(stack(np.ones_like(y), x, ACTIVE[inside]), y))
    assert np.mean(best < 0.05) > 0.15, np.mean(best < 0.05)
    near(np.mean(p_of_last(stack(np.ones((trials, N)), before, ACTIVE), after) < 0.05), 0.05, trials)


def test_dichotomizing_a_biomarker_loses_power() -> None:
    """A true slope of a third of a residual SD per SD of the biomarker: median split against line."""
    trials = 3000
    before, after, crp = null_trials(trials, 0.5, 7)
    after = after - 0.6 * np.sqrt(0.75) * ACTIVE * crp
    high = crp > np.median(crp, axis=1, keepdims=True)
    ones = np.ones((trials, N))
    line = np.mean(p_of_last(stack(ones, ACTIVE, crp, before, ACTIVE * crp), after) < 0.05)
    split = np.mean(p_of_last(stack(ones, ACTIVE, high, before, ACTIVE * high), after) < 0.05)
    assert line - split > 0.12, (line, split)


def test_responders_do_better_without_any_drug_and_the_label_says_so() -> None:
    rng = np.random.default_rng(8)
    trials, found = 200, []
    for _ in range(trials):
        marker = rng.normal(size=N)
        after = 0.5 * marker + rng.normal(size=N)
        table = pd.DataFrame({"arm": np.where(ACTIVE, "active", "placebo"), "day": 61, "after": after})
        found.append(
            landmark_responder(
                table.assign(low=marker < 0), response="after", response_day="day", responder="low", arm="arm",
                arms=("placebo", "active"), landmark_day=28,
            )
        )  # fmt: skip
    assert np.mean([f.difference.upper < 0 for f in found]) > 0.4
    assert all(f.difference.p_value is None for f in found)
    assert "not randomized" in found[0].difference.method
    between = [f.difference.estimate - f.same_in_control.estimate for f in found]
    assert abs(np.mean(between)) < 3.3 * np.std(between) / np.sqrt(trials)


def test_significant_estimates_exaggerate_as_predicted_and_the_correction_is_median_unbiased() -> None:
    rng = np.random.default_rng(9)
    true_z = 1.5
    z = rng.normal(true_z, 1, 200_000)
    significant = z[np.abs(z) > 1.959964]
    assert np.mean(np.abs(significant)) / true_z == pytest.approx(exaggeration(true_z), rel=0.01)
    sample = significant[:600]
    corrected = np.array([
        winners_curse(Estimate("x", v, v - 1.96, v + 1.96, 0.95, "difference", "z", 60, se=1.0)).conditional.estimate
        for v in sample
    ])  # fmt: skip
    near(float(np.mean(corrected < true_z)), 0.5, len(sample))
    assert np.mean(sample < true_z) < 0.1
