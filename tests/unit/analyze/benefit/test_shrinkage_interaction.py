"""Bayesian shrinkage of interactions, and the posterior to draw from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.joint_interaction import joint_interaction
from calor.analyze.benefit.shrinkage_interaction import ShrinkageInteraction, shrinkage_interaction
from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"))
MARKERS = {"crp": "log", "il6": "log", "base": "linear"}


def trial(seed: int, slope: float = 0.0, n: int = 80) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2.3, 0.3, n)})
    table["crp"], table["il6"] = np.exp(rng.normal(2, 1, n)), np.exp(rng.normal(1, 1, n))
    table["tbr"] = table.base - (table.arm == "a") * (0.2 + slope * (np.log(table.crp) - 2)) + rng.normal(0, 0.25, n)
    return table


def run(table: pd.DataFrame, seed: int = 1, **options: float) -> ShrinkageInteraction:
    rng = np.random.default_rng(seed)
    return shrinkage_interaction(table, TWO, biomarkers=MARKERS, rng=rng, **options)  # type: ignore[arg-type]


def test_a_wide_prior_gives_least_squares_and_a_narrow_one_the_common_effect() -> None:
    table = trial(1, 0.2, n=400)
    free = joint_interaction(table, TWO, biomarkers=MARKERS)  # type: ignore[arg-type]
    wide = run(table, prior_scale=1e3, draws=20_000)
    spread = np.std(np.log(table.crp), ddof=1)
    assert wide.slopes[0].estimate == pytest.approx(free.slopes[0].estimate * spread, abs=0.002)
    narrow = run(table, prior_scale=1e-4)
    adjusted = ancova(table.assign(c=np.log(table.crp), i=np.log(table.il6)), response="tbr", arm="arm",
                      arms=("p", "a"), covariates=["c", "i", "base"])  # fmt: skip
    assert narrow.average.estimate == pytest.approx(adjusted.differences[0].estimate, abs=0.003)
    assert abs(narrow.slopes[0].estimate) < 1e-4


def test_slopes_are_drawn_towards_zero_less_when_they_are_real() -> None:
    null, real = run(trial(2)), run(trial(2, 0.3))
    assert null.heterogeneity < real.heterogeneity
    assert real.slopes[0].upper < 0
    assert all(s.lower < 0 < s.upper for s in null.slopes)


def test_credible_intervals_cover_the_slope_of_trials_drawn_from_the_prior() -> None:
    rng = np.random.default_rng(3)
    covered, trials = 0, 120
    for seed in range(trials):
        slope = abs(rng.normal(0, 0.5)) * 0.25 * rng.normal()
        found = run(trial(seed, slope), seed=seed, draws=500).slopes[0]
        spread = np.std(np.log(trial(seed, slope).crp), ddof=1)
        covered += found.lower < -slope * spread < found.upper
    assert covered / trials > 0.95 - 3.3 * np.sqrt(0.95 * 0.05 / trials), covered


def test_the_posterior_draws_whole_curves() -> None:
    found = run(trial(4, 0.15))
    new = pd.DataFrame({"crp": [2.0, 8.0, 30.0], "il6": [2.7] * 3, "base": [2.3] * 3})
    effects = found.posterior.effects(new)
    assert effects.shape == (4000, 3)
    assert np.corrcoef(effects[:, 0], effects[:, 2])[0, 1] < 1
    probability = found.posterior.probability_below(new, bound=-0.3)
    assert probability[0] < probability[1] < probability[2]
    curve = found.posterior.curve("crp", np.array([1.0, 10.0, 100.0]))
    assert (curve.lower < curve.effect).all()
    assert curve.effect.is_monotonic_decreasing


def test_what_the_posterior_cannot_answer_is_refused() -> None:
    posterior = run(trial(5)).posterior
    with pytest.raises(AnalysisError, match="none named il6"):
        posterior.effects(pd.DataFrame({"crp": [2.0]}))
    with pytest.raises(AnalysisError, match="positive on the log scale"):
        posterior.effects(pd.DataFrame({"crp": [0.0], "il6": [1.0], "base": [2.0]}))
    with pytest.raises(AnalysisError, match="be one of crp, il6, base"):
        posterior.curve("tnf", np.array([1.0]))


def test_a_flat_biomarker_is_named() -> None:
    with pytest.raises(AnalysisError, match="`base` must vary"):
        run(trial(6).assign(base=2.0))
