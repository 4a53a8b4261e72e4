"""Each common mistake in null trials: how often it finds something, and how often ours does.

Trials of 31 + 32, as many participants as IVORY, with the same effect for everyone and equal variances.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as t_distribution

from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.joint_interaction import joint_interaction
from calor.analyze.benefit.responder import landmark_responder
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.benefit.winners_curse import exaggeration, winners_curse
from calor.analyze.continuous.ancova import ancova
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


def followup_sd(correlation: float) -> float:
    """SD at follow-up in units of that at baseline (0.27), with IVORY's residual SD of 0.258 at every correlation."""
    return 0.258 / np.sqrt(1 - correlation**2) / 0.27


def near(rate: float, want: float, trials: int, *, slack: float = 0.0) -> None:
    """Refuse a rate outside its Monte Carlo error, with slack where the rate wanted is itself a rounded simulation."""
    error = slack + 3.3 * np.sqrt(want * (1 - want) / trials)
    assert abs(rate - want) < error, f"{rate:.3f} is outside {want:.3f} +- {error:.3f}"


def conditional(z: float) -> Estimate:
    """The corrected estimate of a significant one with standard error 1."""
    return winners_curse(Estimate("x", z, z - 1.96, z + 1.96, 0.95, "difference", "z", 60, se=1.0)).conditional


def test_our_interaction_is_what_these_simulations_fit() -> None:
    before, after, crp = null_trials(1, 0.5, 1)
    p = p_of_last(stack(np.ones((1, N)), ACTIVE, crp, before, ACTIVE * crp), after)[0]
    table = pd.DataFrame({"arm": np.where(ACTIVE, "active", "placebo"), "before": before[0], "after": after[0]})
    found = interaction(table.assign(crp=crp[0]), TWO, biomarker="crp", scale="linear")
    assert found.slope_difference.p_value == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize(
    ("correlation", "line", "split"), [(0.35, 0.93, 0.75), (0.50, 0.68, 0.47), (0.65, 0.16, 0.12), (0.80, 0.35, 0.24)]
)
def test_change_against_baseline_in_one_arm_finds_benefit_by_regression_to_the_mean(
    correlation: float, line: float, split: float
) -> None:
    """Change on baseline, and change above against below the median, in the active arm: no interaction is there."""
    trials = 3000
    before, after, _ = null_trials(trials, correlation, 2)
    change = (followup_sd(correlation) * after - before)[:, ACTIVE]
    x = before[:, ACTIVE]
    high = x > np.median(x, axis=1, keepdims=True)
    ones = np.ones_like(x)
    near(np.mean(p_of_last(stack(ones, x), change) < 0.05), line, trials, slack=0.02)
    near(np.mean(p_of_last(stack(ones, high), change) < 0.05), split, trials, slack=0.02)
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
    near(rate, 0.465, trials)
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
    near(float(np.mean(naive)), 0.23, trials)
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


def test_dichotomizing_two_biomarkers_lets_the_idle_one_seem_to_change_the_effect() -> None:
    """The effect depends on imaging only; blood is correlated with it, and what imaging's split leaves it takes up."""
    trials = 2000
    before, after, noise = null_trials(trials, 0.5, 10)
    blood = 0.6 * before + 0.8 * noise
    after = after - 2.0 * ACTIVE * before
    ones = np.ones((trials, N))
    high_before, high_blood = (x > np.median(x, axis=1, keepdims=True) for x in (before, blood))
    split = stack(ones, ACTIVE, high_before, high_blood, ACTIVE * high_before, ACTIVE * high_blood)
    naive = np.mean(p_of_last(split, after) < 0.05)
    assert naive > 0.15, naive
    joint = stack(ones, ACTIVE, before, blood, ACTIVE * before, ACTIVE * blood)
    near(np.mean(p_of_last(joint, after) < 0.05), 0.05, trials)


def test_our_joint_interaction_is_what_that_simulation_fits() -> None:
    before, after, crp = null_trials(1, 0.5, 1)
    design = stack(np.ones((1, N)), ACTIVE, before, crp, ACTIVE * before, ACTIVE * crp)
    table = pd.DataFrame({"arm": np.where(ACTIVE, "active", "placebo"), "before": before[0], "after": after[0]})
    found = joint_interaction(table.assign(crp=crp[0]), TWO, biomarkers={"before": "linear", "crp": "linear"})
    assert found.slopes[1].p_value == pytest.approx(p_of_last(design, after)[0], rel=1e-9)


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
    trials, found, randomized = 200, [], []
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
        compared = ancova(table, response="after", arm="arm", arms=("placebo", "active")).differences[0]
        randomized.append(compared.lower > 0 or compared.upper < 0)
    naive = np.mean([f.difference.upper < 0 for f in found])
    assert naive > 0.4, naive
    near(float(np.mean(randomized)), 0.05, trials)
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
    corrected = [conditional(v) for v in sample]
    near(float(np.mean([c.estimate < true_z for c in corrected])), 0.5, len(sample))
    near(float(np.mean([c.lower <= true_z <= c.upper for c in corrected])), 0.95, len(sample))
    null = rng.normal(0, 1, 20_000)
    winners = [v for v in null if abs(v) > 1.959964]
    assert len(winners) > 800, "every one of them excludes the truth, 0"
    given = [conditional(v) for v in winners[:300]]
    near(float(np.mean([c.lower <= 0 <= c.upper for c in given])), 0.95, 300)
    assert np.mean(sample < true_z) < 0.1
