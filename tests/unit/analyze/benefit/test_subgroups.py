"""Subgroups and shrinkage."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.subgroups import shrink, subgroups
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"), ("base",))


def trial(seed: int, extra: float = 0.0, n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2, 0.3, n)})
    table["region"] = np.array(["east", "north", "west"])[rng.permutation(np.arange(n) % 3)]
    table["sex"] = np.array(["F", "M"])[rng.permutation(np.arange(n) % 2)]
    active = table.arm == "a"
    table["tbr"] = table.base - 0.2 * active + extra * active * (table.sex == "F") + rng.normal(0, 0.25, n)
    return table


def test_effects_come_from_one_model_with_one_variance() -> None:
    table = trial(1)
    found = subgroups(table, TWO, by=["sex"])
    active = (table.arm == "a").to_numpy(float)
    women = (table.sex == "F").to_numpy(float)
    x = np.column_stack([np.ones(120), table.base, women, active * women, active * (1 - women)])
    b = np.linalg.lstsq(x, table.tbr.to_numpy(), rcond=None)[0]
    assert [r.effect.estimate for r in found.rows] == pytest.approx([b[3], b[4]])
    assert found.rows[0].effect.n == int(women.sum())


def test_with_two_levels_the_interaction_is_the_test_of_their_difference() -> None:
    found = subgroups(trial(2, extra=-0.3), TWO, by=["sex", "region"])
    assert found.interactions["sex"].df1 == 1
    assert found.interactions["region"].df1 == 2
    assert found.interactions["sex"].p_value < 0.05 < found.interactions["region"].p_value
    assert all(r.effect.p_value is None for r in found.rows)


def test_shrunk_estimates_lie_between_their_own_and_the_mean_with_shorter_intervals() -> None:
    for row in subgroups(trial(3), TWO, by=["region"]).rows:
        own, shrunk = row.effect, row.shrunk
        assert shrunk.upper - shrunk.lower < own.upper - own.lower


def test_shrinkage_reduces_the_error_of_the_largest_of_many_levels() -> None:
    rng = np.random.default_rng(4)
    bias_own, bias_shrunk = [], []
    for _ in range(2000):
        truth = rng.normal(0.2, 0.05, 6)
        seen = truth + rng.normal(0, 0.15, 6)
        best = int(np.argmax(seen))
        bias_own.append(seen[best] - truth[best])
        bias_shrunk.append(shrink(seen, np.full(6, 0.15))[0][best] - truth[best])
    assert np.mean(bias_own) > 0.12
    assert abs(np.mean(bias_shrunk)) < 0.5 * np.mean(bias_own)


def test_a_level_with_one_participant_in_an_arm_is_named() -> None:
    table = trial(5)
    table.loc[[0, 2, 4, 1], "region"] = "south"
    with pytest.raises(AnalysisError, match=r"got \(3, 1\) at level south"):
        subgroups(table, TWO, by=["region"])


def test_a_continuous_biomarker_is_sent_to_the_interaction() -> None:
    with pytest.raises(AnalysisError, match=r"`base` must be categorical, got 120 numbers\. Use `interaction`"):
        subgroups(trial(1), TWO, by=["base"])


def test_rows_with_doubled_labels_are_no_trouble() -> None:
    table = trial(6)
    doubled = pd.concat([table.iloc[:60], table.iloc[60:].set_index(table.index[:60])])
    one, other = subgroups(table, TWO, by=["sex"]), subgroups(doubled, TWO, by=["sex"])
    assert other.rows[0].effect.estimate == pytest.approx(one.rows[0].effect.estimate)
