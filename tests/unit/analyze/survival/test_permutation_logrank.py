"""Permutation log-rank: against all allocations listed, and under none's effect."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from tests.survival_trial import ARMS, trial

from calor.analyze.survival.logrank import logrank
from calor.analyze.survival.permutation_logrank import logrank_scores, permutation_logrank
from calor.errors import AnalysisError

COLUMNS = {"time": "time", "event": "event", "arm": "arm", "arms": ARMS}


def test_draws_agree_with_all_allocations_listed() -> None:
    table = pd.DataFrame({"time": [1, 2, 3, 4, 5, 6, 7, 8], "event": [1, 1, 0, 1, 0, 1, 0, 0], "arm": [*ARMS] * 4})
    scores = logrank_scores(table["time"].to_numpy(float), table["event"].to_numpy(bool))
    sums = np.array([scores[list(chosen)].sum() for chosen in combinations(range(8), 4)])
    wanted = (np.abs(sums) >= abs(scores[1::2].sum()) - 1e-12).mean()
    got = permutation_logrank(table, **COLUMNS, rng=np.random.default_rng(4))
    assert abs(got.p_value - wanted) < 4 * got.monte_carlo_se


def test_the_statistic_is_observed_minus_expected_of_the_log_rank_test() -> None:
    got = permutation_logrank(trial(), **COLUMNS, rng=np.random.default_rng(4), permutations=99)
    wanted = logrank(trial(), **COLUMNS)
    assert got.statistic == pytest.approx(wanted.observed[1] - wanted.expected[1])
    assert got.z == pytest.approx(wanted.z, rel=0.05)


def test_one_seed_gives_one_answer() -> None:
    one, two = (
        permutation_logrank(trial(), **COLUMNS, rng=np.random.default_rng(4), permutations=99) for _ in range(2)
    )
    assert one == two


def test_allocations_that_cannot_differ_are_refused() -> None:
    rng = np.random.default_rng(4)
    with pytest.raises(AnalysisError, match="allocation"):
        permutation_logrank(trial().assign(time=5.0, event=1), **COLUMNS, rng=rng)
    with pytest.raises(AnalysisError, match="99"):
        permutation_logrank(trial(), **COLUMNS, rng=rng, permutations=10)
    with pytest.raises(AnalysisError, match="hold an event"):
        permutation_logrank(trial().assign(event=0), **COLUMNS, rng=rng)
