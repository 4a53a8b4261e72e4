"""The search for a cut-off (its null simulations are among the guards)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from calor.analyze.benefit.threshold_search import ThresholdSearch, threshold_search
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.least_squares import least_squares
from calor.errors import AnalysisError

TWO = Comparison("tbr", "arm", ("p", "a"), ("base",))


def trial(seed: int, jump: float = 0.0, n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"arm": ["p", "a"] * (n // 2), "base": rng.normal(2, 0.3, n)})
    table["crp"] = rng.lognormal(2, 1, n).round(1)
    table["tbr"] = table.base + jump * (table.arm == "a") * (table.crp >= 8) + rng.normal(0, 0.2, n)
    return table


def run(table: pd.DataFrame, seed: int = 1, **options: object) -> ThresholdSearch:
    chosen = {"permutations": 200, "bootstraps": 100, **options}
    return threshold_search(table, TWO, biomarker="crp", rng=np.random.default_rng(seed), **chosen)  # type: ignore[arg-type]


def test_projection_equals_refitting_every_permutation() -> None:
    """The fast path against one least-squares fit per permutation and cut."""
    table = trial(1)
    found = run(table, permutations=40)
    arm, crp = (table.arm == "a").to_numpy(float), table.crp.to_numpy()
    null = np.column_stack([np.ones(60), arm, table.base, rankdata(crp)])
    fit = least_squares(null, table.tbr.to_numpy(), ["1", "arm", "base", "rank"])
    shuffled = np.random.default_rng(1).permuted(np.tile(fit.residuals, (40, 1)), axis=1)
    reached = 0
    for noise in shuffled:
        y = table.tbr.to_numpy() - fit.residuals + noise
        t = []
        for cut in found.cuts:
            above = (crp >= cut).astype(float)
            full = np.column_stack([np.ones(60), arm, above, table.base, arm * above])
            c = least_squares(full, y, ["1", "arm", "above", "base", "x"]).coefficient("x")
            t.append(abs(c.estimate) / c.se)
        reached += max(t) >= found.max_abs_t
    assert found.p_value == pytest.approx((1 + reached) / 41)


def test_a_real_cut_off_is_found_inside_its_interval() -> None:
    found = run(trial(2, jump=-0.6))
    assert found.lower <= 8 <= found.upper
    assert found.p_value == pytest.approx(1 / 201)
    assert found.effect_above < found.effect_below
    assert str(found).startswith("Post hoc threshold of crp")


def test_a_monotone_change_of_scale_changes_no_statistic() -> None:
    table = trial(3)
    one, other = run(table), run(table.assign(crp=np.sqrt(table.crp)), between=(20, 80))
    shared = set(np.round(one.cuts, 6)) & set(np.round(other.cuts**2, 6))
    assert len(shared) >= len(one.cuts) - 2
    assert other.p_value == pytest.approx(one.p_value, abs=0.1)


def test_the_same_seed_gives_the_same_answer() -> None:
    table = trial(4)
    assert run(table, seed=5).to_frame().equals(run(table, seed=5).to_frame())
    assert run(table, seed=5).p_value == run(table, seed=5).p_value


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"between": (80, 20)}, "`between` must increase within 0 to 100"),
        ({"crp": 3.0}, {}, "`between` must leave at least two cuts"),
        ({}, {"permutations": 0}, "`permutations` must be a whole number from 1"),
    ],
)
def test_bad_input_is_named(change: dict[str, float], options: dict[str, object], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        run(trial(1).assign(**change), **options)
