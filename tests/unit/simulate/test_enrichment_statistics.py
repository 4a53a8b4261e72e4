"""Statistic-level simulation: type I error of every rule and test, known answers, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calor.design import GroupSequential, spending
from calor.design.closed_testing import Combination, adjust, intersections
from calor.design.fisher_combination import FisherCombination
from calor.design.intersection import shared_information_correlation, spiessens_debois
from calor.design.inverse_normal import InverseNormal
from calor.design.repeated import critical_at, evidence
from calor.errors import SimulationError
from calor.kernels.highest import highest, highest_of_two
from calor.simulate import parts, selection
from calor.simulate.blocks import draw_block
from calor.simulate.enrichment import Enrichment, Reestimation
from calor.simulate.monte_carlo import Rate
from calor.simulate.operating import characteristics, tally
from calor.simulate.progress import Progress
from calor.simulate.trials import engine_for, power_over, simulate

BOUNDS = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
TESTS = {"inverse normal": InverseNormal(BOUNDS), "Fisher": FisherCombination([0.5, 1.0], 0.025)}
POPULATIONS = {"biomarker_positive": ["pos"], "full_population": ["pos", "neg"]}
THREE = {"high": ["high"], "raised": ["high", "middle"], "full_population": ["high", "middle", "low"]}
RULES = {
    "everyone": selection.everyone(),
    "best": selection.best(),
    "within": selection.within(0.1),
    "all above": selection.everyone(threshold=0.0),
    "posterior": selection.posterior(0.6),
    "predictive": selection.predictive(0.05),
    "own": selection.own(lambda seen: seen.z > 0.2),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("intersection", ["bonferroni", "simes", "sidak", "spiessens_debois"])
def test_type_i_error_holds_for_every_rule_and_test(rule: str, test: str, intersection: str) -> None:
    design = Enrichment(TESTS[test], [100, 200], POPULATIONS, RULES[rule], intersection)  # type: ignore[arg-type]
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0, 0])
    run = simulate(design, truth, trials=40_000, seed=11)
    assert run.power_any.value < 0.025 + 4 * run.power_any.se, str(run)
    if rule == "everyone" and intersection == "spiessens_debois" and test == "inverse normal":
        assert run.power_any.value > 0.025 - 4 * run.power_any.se, str(run)  # the level is used up


@pytest.mark.parametrize("intersection", ["bonferroni", "simes", "sidak", "spiessens_debois"])
def test_type_i_error_holds_with_three_populations_and_one_of_them_not_null(intersection: str) -> None:
    design = Enrichment(TESTS["inverse normal"], [100, 200], THREE, selection.best(2), intersection)  # type: ignore[arg-type]
    trials = 8_000 if intersection == "spiessens_debois" else 40_000
    run = simulate(design, parts.means(["high", "middle", "low"], [0.3, 0.3, 0.4], [0, 0, 0]), trials=trials)
    assert run.power_any.value < 0.025 + 4 * run.power_any.se, str(run)
    run = simulate(design, parts.means(["high", "middle", "low"], [0.3, 0.3, 0.4], [0.6, -0.6, -0.45]), trials=trials)
    assert run.power["raised"].value < 0.025 + 4 * run.power["raised"].se, str(run)
    assert run.power["high"].value > 0.4


def test_one_population_has_the_power_of_its_group_sequential_design() -> None:
    drift = 3.0
    design = Enrichment(BOUNDS, [100, 200], {"all": ["all"]}, selection.everyone())
    run = simulate(design, parts.means(["all"], [1.0], [drift / math.sqrt(50)]), trials=100_000, seed=5)
    exact = BOUNDS.crossing(drift).efficacy
    for look in range(2):
        assert abs(run.success_at[look].value - exact[look]) < 4 * run.success_at[look].se, str(run)


def closed(test: Combination, p: np.ndarray, intersection: str) -> np.ndarray:
    """The closed test's rejections by population and stage, from the design's own pieces."""
    subsets = np.array(intersections(p.shape[0]))
    crossed = np.zeros((len(subsets), p.shape[1]), dtype=bool)
    for i, members in enumerate(subsets):
        for k in range(p.shape[1]):
            done = np.array([adjust(np.where(members, p[:, j], np.nan), intersection) for j in range(k + 1)])  # type: ignore[arg-type]
            if not np.isnan(done).any():
                crossed[i, k] = evidence(test, done, k + 1) >= critical_at(test, k + 1)
    crossed = np.logical_or.accumulate(crossed, axis=1)
    return np.array([crossed[subsets[:, g]].all(axis=0) for g in range(p.shape[0])])


@pytest.mark.parametrize("intersection", ["bonferroni", "simes", "sidak"])
@pytest.mark.parametrize("test", TESTS)
def test_the_kernels_closed_test_is_the_designs(test: str, intersection: str) -> None:
    design = Enrichment(TESTS[test], [100, 200], THREE, selection.best(2), intersection)  # type: ignore[arg-type]
    truth = parts.means(["high", "middle", "low"], [0.3, 0.3, 0.4], [0.5, 0.3, 0.2])
    results = draw_block(engine_for(design, truth), None, seed=1, first=0, trials=200)
    for t in range(200):
        done = results.stages[t]
        information = results.se[t, :done] ** -2.0
        followed = results.followed[t, :done, None] >> np.arange(3) & 1
        score = results.effect[t, :done] * information
        z = np.diff(score, axis=0, prepend=0) / np.sqrt(np.diff(information, axis=0, prepend=0) + 1e-300)
        p = np.where(followed, np.array([[0.5 * math.erfc(v / math.sqrt(2)) for v in row] for row in z]), np.nan)
        want = closed(TESTS[test], p.T, intersection).T & followed.astype(bool)
        got = results.rejected[t, :done, None] >> np.arange(3) & 1
        assert (got.astype(bool) == np.logical_or.accumulate(want, axis=0)).all()


def test_the_larger_of_two_statistics_has_the_designs_p_value() -> None:
    for rho in (0.0, 0.3, 0.8, 0.99):
        for p in (0.4, 0.02, 1e-4):
            want = spiessens_debois(np.array([p, 0.9]), np.array([[1, rho], [rho, 1]]))
            z = math.sqrt(2) * _erfc_inverse(2 * p)
            assert highest_of_two(z, rho) == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize(
    "members",
    [
        [{0}, {0, 1}, {0, 1, 2}],
        [{0}, {1}, {0, 1}],  # the last follows from the others
        [{0, 1}, {1, 2}, {0, 2}, {0, 1, 2}],
        [{0}, {1}, {2}, {0, 1}, {0, 1, 2}],
    ],
)
@pytest.mark.parametrize("p", [0.3, 0.02, 0.001])
def test_the_largest_of_many_statistics_has_the_designs_p_value(members: list[set[int]], p: float) -> None:
    correlation = shared_information_correlation(members, np.array([30.0, 50.0, 70.0]))
    want = spiessens_debois(np.array([p] + [0.9] * (len(members) - 1)), correlation)
    got = highest(math.sqrt(2) * _erfc_inverse(2 * p), correlation)
    assert got == pytest.approx(want, rel=3e-3, abs=1.5e-5)


def _erfc_inverse(value: float) -> float:
    from scipy.special import erfcinv  # noqa: PLC0415

    return float(erfcinv(value))


def test_results_do_not_depend_on_block_or_order() -> None:
    design = Enrichment(TESTS["Fisher"], [100, 200], POPULATIONS)
    engine = engine_for(design, parts.means(["pos", "neg"], [0.4, 0.6], [0.4, 0.1]))
    whole = draw_block(engine, None, 9, 0, 50)
    late = draw_block(engine, None, 9, 30, 20)
    assert (whole.z[30:] == late.z).all()
    assert not (whole.z[:20] == late.z).all()


def test_an_interrupted_run_goes_on_to_the_same_numbers(tmp_path: Path) -> None:
    design = Enrichment(TESTS["inverse normal"], [100, 200], POPULATIONS)
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0.4, 0.1])
    whole = simulate(design, truth, trials=9_000, seed=4)

    def interrupt(progress: Progress) -> None:
        if progress.done == 6_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(design, truth, trials=9_000, seed=4, checkpoint=tmp_path / "run.npz", progress=interrupt)
    seen: list[int] = []
    resumed = simulate(
        design, truth, trials=9_000, seed=4, checkpoint=tmp_path / "run.npz", progress=lambda p: seen.append(p.done)
    )
    assert seen == [8_000, 9_000]
    assert resumed.to_frame().equals(whole.to_frame())
    with pytest.raises(SimulationError, match="belong to this design"):
        simulate(design, truth, trials=9_000, seed=5, checkpoint=tmp_path / "run.npz")


def test_a_run_stops_at_its_target_error() -> None:
    design = Enrichment(TESTS["inverse normal"], [100, 200], POPULATIONS)
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0.4, 0.1])
    run = simulate(design, truth, trials=1_000_000, seed=4, target_se=0.004)
    assert run.power_any.se <= 0.004
    assert run.trials < 30_000


def test_selection_of_the_best_biases_its_estimate_and_later_stages_do_not() -> None:
    design = Enrichment(TESTS["inverse normal"], [60, 120], POPULATIONS, selection.best())
    run = simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [0, 0]), trials=40_000)
    found = run.estimation["biomarker_positive"]
    assert found.bias.value > 5 * found.bias.se
    assert abs(found.bias_later.value) < 4 * found.bias_later.se
    assert found.bias_if_rejected.value > found.bias.value


def test_power_over_a_grid_has_a_row_for_each_truth() -> None:
    design = Enrichment(TESTS["inverse normal"], [100, 200], POPULATIONS)
    nulls = {f"share {s}": parts.means(["pos", "neg"], [s, 1 - s], [0, 0]) for s in (0.1, 0.5, 0.9)}
    table = power_over(design, nulls, trials=20_000)
    assert table["truth"].tolist() == list(nulls)
    assert (table["any"] < 0.025 + 4 * table["any_se"]).all()


def test_a_rates_error_at_zero_is_not_zero() -> None:
    assert Rate.of(0, 1000).se > 0


def test_tallies_of_blocks_add_up() -> None:
    design = Enrichment(TESTS["inverse normal"], [100, 200], POPULATIONS)
    engine = engine_for(design, parts.means(["pos", "neg"], [0.4, 0.6], [0.4, 0.1]))
    results = draw_block(engine, None, 9, 0, 500)
    run = characteristics(tally(results, engine.truth), tuple(POPULATIONS), engine.truth, 9, "")
    last = results.rejected[np.arange(500), results.stages - 1]
    assert run.power_any.value == (last > 0).mean()
    assert run.power["full_population"].value == ((last & 2) > 0).mean()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"planned": [200, 100]}, "planned"),
        ({"planned": [100]}, "planned"),
        ({"populations": {}}, "populations"),
        ({"populations": {"a": []}}, "populations"),
        ({"populations": {f"p{i}": ["pos"] for i in range(70)}}, "populations"),
        ({"intersection_test": "hochberg"}, "intersection_test"),
        ({"success": "some"}, "success"),
        ({"test": BOUNDS}, "test"),
        ({"statistic": "wilcoxon"}, "statistic"),
        ({"by": "days"}, "by"),
    ],
)
def test_a_design_that_cannot_be_is_refused(changes: dict[str, object], names: str) -> None:
    given = {"test": TESTS["Fisher"], "planned": [100, 200], "populations": POPULATIONS} | changes
    with pytest.raises(SimulationError, match=names):
        Enrichment(**given)  # type: ignore[arg-type]


def test_populations_are_made_of_the_truths_parts() -> None:
    design = Enrichment(TESTS["Fisher"], [100, 200], POPULATIONS)
    with pytest.raises(SimulationError, match="made of parts"):
        simulate(design, parts.means(["a", "b"], [0.4, 0.6], [0, 0]), trials=10)


def test_a_rule_must_answer_for_every_trial_and_population() -> None:
    design = Enrichment(TESTS["Fisher"], [100, 200], POPULATIONS, selection.own(lambda seen: seen.z[:, 0] > 0))
    with pytest.raises(SimulationError, match="rule"):
        simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [0, 0]), trials=10)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"trials": 0}, "trials"),
        ({"trials": math.nan}, "trials"),
        ({"seed": -1}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": 2**64}, "seed"),
        ({"workers": 0}, "workers"),
        ({"target_se": math.nan}, "target_se"),
        ({"checkpoint": Path("no such folder/kept")}, "checkpoint"),
    ],
)
def test_a_run_that_cannot_be_is_refused(changes: dict[str, object], names: str) -> None:
    design = Enrichment(TESTS["Fisher"], [100, 200], POPULATIONS)
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0, 0])
    with pytest.raises(SimulationError, match=names):
        simulate(design, truth, **({"trials": 10} | changes))  # type: ignore[arg-type]


def test_the_package_gives_the_function_whatever_was_imported_before() -> None:
    from calor.simulate import simulate as given  # noqa: PLC0415 - what is tested

    assert given is simulate


def test_a_run_tells_what_it_was_made_of() -> None:
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0, 0])
    design = Enrichment(TESTS["Fisher"], [100, 200], POPULATIONS)
    run = simulate(design, truth, trials=10)
    assert run.made_of == simulate(design, truth, trials=20).made_of
    changes = (
        simulate(design, truth, trials=10, seed=2),
        simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [0, 0.1]), trials=10),
        simulate(replace(design, planned=[100, 201]), truth, trials=10),
    )
    assert len({run.made_of, *(other.made_of for other in changes)}) == 4


def test_a_checkpoint_is_not_taken_up_under_another_rule(tmp_path: Path) -> None:
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0, 0])
    design = Enrichment(TESTS["Fisher"], [100, 200], POPULATIONS, selection.own(lambda seen: seen.z > 0))
    simulate(design, truth, trials=10, checkpoint=tmp_path / "kept")
    other = replace(design, selection=selection.own(lambda seen: seen.z < 0))
    with pytest.raises(SimulationError, match="checkpoint"):
        simulate(other, truth, trials=10, checkpoint=tmp_path / "kept")


def test_every_rate_of_a_run_is_in_its_table_with_its_error() -> None:
    design = Enrichment(TESTS["Fisher"], [100, 200], POPULATIONS)
    table = simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [0.3, 0]), trials=500).to_frame()
    found = set(table["characteristic"])
    assert {f"{what} at look {k}" for what in ("reached", "success", "futile", "rejected") for k in (1, 2)} <= found
    assert (table[table["value"].notna() & (table["trials"] > 1)]["se"] >= 0).all()


def test_re_estimation_keeps_the_level() -> None:
    for test in TESTS.values():
        design = Enrichment(test, [100, 200], POPULATIONS, selection.best(), reestimation=Reestimation(0.9, 3.0))
        run = simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [0, 0]), trials=40_000)
        assert run.power_any.value < 0.025 + 4 * run.power_any.se, str(run)
        assert run.units.value > 205
