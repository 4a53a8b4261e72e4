"""Laws of the methods that ask who benefits: units, arm names, row order, interval and p."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calor.analyze.benefit.fractional_polynomials import fp_terms
from calor.analyze.benefit.interaction import interaction
from calor.analyze.benefit.johnson_neyman import johnson_neyman
from calor.analyze.benefit.mediation import mediation
from calor.analyze.benefit.restricted_cubic_spline import spline_basis, spline_interaction
from calor.analyze.benefit.stepp import stepp, window_starts
from calor.analyze.benefit.subgroups import subgroups
from calor.analyze.benefit.threshold_search import threshold_search
from calor.analyze.continuous.comparison import Comparison
from calor.analyze.continuous.quade import quade
from calor.analyze.continuous.rank_sum import mann_whitney, rank_sum

SEEDS = st.integers(0, 2**32 - 1)
TWO = Comparison("tbr", "arm", ("placebo", "active"), ("base",))
SWAPPED = Comparison("tbr", "arm", ("active", "placebo"), ("base",))


def trial(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(30, 60))
    arm = rng.permutation(np.arange(n) % 2)
    table = pd.DataFrame({"arm": np.where(arm == 1, "active", "placebo"), "base": rng.normal(2.3, 0.3, n)})
    table["crp"] = np.exp(rng.normal(2, 1, n))
    table["sex"] = np.where(rng.permutation(n) % 2 == 0, "F", "M")
    table["il6"] = rng.normal(0, 1, n) - 0.3 * arm
    table["tbr"] = 1 + 0.5 * table.base - 0.1 * arm * np.log(table.crp) + rng.normal(0, 0.3, n)
    return table


@given(SEEDS, st.floats(0.01, 100))
def test_the_spline_interaction_knows_no_unit(seed: int, unit: float) -> None:
    table = trial(seed)
    one = spline_interaction(table, TWO, biomarker="crp", percentiles=(50,))
    other = spline_interaction(
        table.assign(crp=table.crp * unit, tbr=3 * table.tbr - 1), TWO, biomarker="crp", percentiles=(50,)
    )
    assert other.interaction.f == pytest.approx(one.interaction.f, rel=1e-5, abs=1e-8)
    assert other.effects[0].effect.estimate == pytest.approx(3 * one.effects[0].effect.estimate, rel=1e-6, abs=1e-9)


@given(SEEDS)
def test_swapping_the_arms_leaves_every_interaction_test(seed: int) -> None:
    table = trial(seed)
    splines = [spline_interaction(table, c, biomarker="crp").interaction.f for c in (TWO, SWAPPED)]
    assert splines[1] == pytest.approx(splines[0], rel=1e-6, abs=1e-8)
    regions = [johnson_neyman(table, c, biomarker="crp") for c in (TWO, SWAPPED)]
    assert regions[1].participants == regions[0].participants
    levels = [subgroups(table, c, by=["sex"]) for c in (TWO, SWAPPED)]
    assert levels[1].rows[0].effect.estimate == pytest.approx(-levels[0].rows[0].effect.estimate, abs=1e-9)
    assert levels[1].rows[0].shrunk.upper == pytest.approx(-levels[0].rows[0].shrunk.lower, abs=1e-9)
    tests = [quade(table, c).f for c in (TWO, SWAPPED)]
    assert tests[1] == pytest.approx(tests[0], rel=1e-8, abs=1e-10)


@given(SEEDS)
@settings(max_examples=15)
def test_row_order_moves_no_statistic_of_the_searches(seed: int) -> None:
    table = trial(seed)
    shuffled = table.sample(frac=1, random_state=seed % 1000)

    def search(t: pd.DataFrame) -> tuple[float, ...]:
        rng = np.random.default_rng(1)
        threshold = threshold_search(t, TWO, biomarker="crp", rng=rng, permutations=5, bootstraps=5)
        windows = stepp(t, TWO, biomarker="crp", rng=rng, size=len(t) // 2, overlap=len(t) // 3, permutations=5)
        return threshold.best_cut, threshold.max_abs_t, windows.supremum, windows.overall.estimate

    assert search(shuffled) == pytest.approx(search(table), rel=1e-8)


@given(SEEDS)
@settings(max_examples=20)
def test_indirect_and_direct_effects_add_up_when_the_models_share_covariates(seed: int) -> None:
    found = mediation(trial(seed), TWO, mediator="il6", rng=np.random.default_rng(1), bootstraps=100)
    assert found.indirect.estimate + found.direct.estimate == pytest.approx(found.total.estimate, abs=1e-9)
    assert found.indirect.lower <= found.indirect.upper


@given(SEEDS, st.sampled_from(["exact", "normal"]))
def test_the_rank_sum_interval_and_its_p_value_agree(seed: int, distribution: str) -> None:
    rng = np.random.default_rng(seed)
    a, c = rng.normal(0.7, 1, int(rng.integers(5, 20))), rng.normal(0, 1, int(rng.integers(5, 20)))
    found = rank_sum(a, c, distribution=distribution)  # type: ignore[arg-type]
    assert (found.lower > 0 or found.upper < 0) == ((found.p_value or 0.0) < 0.05)
    assert found.lower <= found.estimate <= found.upper
    assert mann_whitney(a, c) + mann_whitney(c, a) == len(a) * len(c)
    other = rank_sum(-2 * a + 1, -2 * c + 1, distribution=distribution)  # type: ignore[arg-type]
    assert (other.lower, other.upper) == pytest.approx((-2 * found.upper, -2 * found.lower))


@given(SEEDS, st.integers(3, 6))
def test_a_spline_on_one_line_is_that_line(seed: int, knots: int) -> None:
    rng = np.random.default_rng(seed)
    x, places = rng.normal(0, 1, 50), np.sort(rng.normal(0, 1, knots))
    basis = spline_basis(x, places)
    assert basis.shape == (50, knots - 1)
    assert basis[:, 0] == pytest.approx(x)
    assert np.abs(basis[x <= places[0], 1:]).max(initial=0.0) == 0.0


@given(st.integers(3, 200), st.data())
def test_windows_slide_cover_everyone_and_end_flush(n: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(2, n - 1))
    overlap = data.draw(st.integers(0, size - 1))
    starts = window_starts(n, size, overlap)
    assert starts[0] == 0
    assert starts[-1] == n - size
    assert all(0 < b - a <= size - overlap for a, b in pairwise(starts))


@given(SEEDS, st.sampled_from([-2.0, -0.5, 0.0, 1.0, 3.0]))
def test_a_power_of_a_multiple_spans_the_same_models(seed: int, power: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.lognormal(0, 0.5, 40), rng.normal(size=40)
    rss = []
    for unit in (1.0, 2.5):
        design = np.column_stack([np.ones(40), fp_terms(unit * x, (power, power))])
        rss.append(float(np.sum((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2)))
    assert rss[1] == pytest.approx(rss[0], rel=1e-6)


@given(SEEDS)
def test_a_constant_added_to_the_log_biomarker_moves_no_effect(seed: int) -> None:
    table = trial(seed)
    one = interaction(table, TWO, biomarker="crp", percentiles=(25, 75))
    other = interaction(table.assign(crp=7 * table.crp), TWO, biomarker="crp", percentiles=(25, 75))
    assert [e.effect.se for e in other.effects] == pytest.approx([e.effect.se for e in one.effects], rel=1e-7)
