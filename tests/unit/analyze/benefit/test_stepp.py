"""Sliding windows and their permutation test."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from calor.analyze.benefit.stepp import Stepp, stepp, window_starts
from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.comparison import Comparison
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"), ("base",))


def trial(seed: int, slope: float = 0.0, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2, 0.3, n), "crp": rng.normal(2, 1, n)})
    table["tbr"] = table.base + (table.arm == "a") * (-0.2 + slope * table.crp) + rng.normal(0, 0.2, n)
    return table


def run(table: pd.DataFrame, **options: int) -> Stepp:
    chosen = {"size": 24, "overlap": 16, "permutations": 200, **options}
    return stepp(table, TWO, biomarker="crp", rng=np.random.default_rng(1), **chosen)  # type: ignore[arg-type]


def test_a_window_is_the_ancova_of_its_participants() -> None:
    table = trial(1)
    second = run(table).windows[1]
    inside = table.sort_values("crp").iloc[second.first - 1 : second.last]
    alone = ancova(inside, response="tbr", arm="arm", arms=("p", "a"), covariates=["base"]).differences[0]
    assert (second.effect.estimate, second.effect.se) == pytest.approx((alone.estimate, alone.se))
    assert (second.lower, second.upper) == (inside.crp.min(), inside.crp.max())


def test_windows_cover_everyone_and_end_flush() -> None:
    starts = window_starts(63, 25, 15)
    covered = {i for s in starts for i in range(s, s + 25)}
    assert covered == set(range(63))
    assert window_starts(25 + 20, 25, 15)[-1] == 20


def test_the_permutation_test_holds_its_level_and_sees_an_interaction() -> None:
    null = [run(trial(seed), permutations=99).p_value <= 0.05 for seed in range(150)]
    assert abs(np.mean(null) - 0.05) < 3.3 * np.sqrt(0.05 * 0.95 / 150), np.mean(null)
    assert run(trial(1, slope=-0.25)).p_value < 0.02


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"overlap": 24}, "exceed overlap and be less than the participants"),
        ({"size": 60}, "exceed overlap and be less than the participants"),
        ({"permutations": 0}, "`permutations` must be a whole number from 1, got 0"),
    ],
)
def test_windows_that_do_not_slide_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        run(trial(1), **options)
