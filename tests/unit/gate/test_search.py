"""Simulated designs against closed forms and participants; the same numbers everywhere; what is chosen and why."""

from __future__ import annotations

from collections.abc import Iterator

import joblib
import numpy as np
import pytest
from tests.unit.gate.small import here, plan

from calor.errors import DesignError
from calor.gate.both_populations import truths
from calor.gate.choose import Searched, best, search
from calor.gate.confirm import cohort, confirm, design_of
from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate
from calor.gate.option import Option
from calor.gate.pareto import pareto_front
from calor.gate.situation import Situation, study
from calor.gate.trial_designs import FULL, POSITIVE, biomarker_passes
from calor.simulate.trials import simulate

GATE = CandidateGate("month_one", 2.0, 1)
SITUATION = here()


@pytest.fixture(scope="module")
def options() -> tuple[Option, ...]:
    return search(SITUATION)


@pytest.fixture
def dask_cluster() -> Iterator[None]:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        yield


@pytest.mark.parametrize("design", ["gated", "two_endpoint", "stratified", "adaptive"])
def test_the_search_agrees_with_simulating_a_random_subset_of_worlds(design: str) -> None:
    """Every design in 80 worlds drawn at random, simulated anew with other random numbers, 1,000 trials in each."""
    (found,) = evaluate(SITUATION, GATE, (design,))
    picked = np.random.default_rng(2).choice(SITUATION.worlds.size, 80, replace=False)
    own, few = study(SITUATION, GATE), SITUATION.worlds.take(picked)
    made, worlds = design_of(plan(), found), own.seen(few)
    each = np.array(
        [simulate(made, t, trials=1000, seed=50 + i).power_any.value for i, t in enumerate(truths(own, worlds))]
    )
    if design == "two_endpoint":
        each *= biomarker_passes(plan(), worlds.positive.effect)
    apart = each - found.success[picked]
    se = np.hypot(apart.std() / np.sqrt(apart.size), plan().effort.target_se)
    assert abs(apart.mean()) < 3.5 * se, f"{apart.mean():.4f} (SE {se:.4f})"


def test_the_simulation_reaches_the_standard_error_aimed_at() -> None:
    (found,) = evaluate(SITUATION, GATE, ("adaptive",))
    spread = float(found.success.std()) / np.sqrt(found.success.size)
    assert 0 < np.sqrt(found.assurance_se**2 - spread**2) < 1.1 * plan().effort.target_se


def _three_looks() -> Situation:
    test = plan().test.model_copy(update={"looks": (0.4, 0.7, 1.0)})
    return here(plan().model_copy(update={"test": test}))


def test_more_looks_stop_earlier_and_the_adaptive_design_keeps_its_one_interim_look() -> None:
    more = _three_looks()
    for design, looks in (("gated", 3), ("two_endpoint", 3), ("stratified", 3), ("adaptive", 2)):
        (two,), (three,) = evaluate(SITUATION, GATE, (design,)), evaluate(more, GATE, (design,))
        assert len(design_of(more.plan, three).planned) == looks
        assert three.power == pytest.approx(two.power, abs=0.02)
        assert three.expected_months < two.expected_months if looks == 3 else True


@pytest.mark.parametrize("design", ["gated", "stratified", "adaptive"])
def test_expected_months_are_those_of_simulated_participants(design: str) -> None:
    (found,) = evaluate(SITUATION, GATE, (design,))
    easy = plan().effort.model_copy(update={"confirm_trials": 300})
    (seen,) = confirm(here(plan().model_copy(update={"effort": easy})), [found])
    assert found.expected_months < found.longest
    months = seen.run.months
    assert months.value == pytest.approx(found.expected_months, abs=4 * months.se + 1.5)


def test_an_early_start_that_helps_more_needs_fewer_events_and_its_uncertainty_lowers_assurance() -> None:
    window = plan().windows[0]
    as_stated, better, unsure = (
        evaluate(here(plan().model_copy(update={"windows": (window.model_copy(update=given),)})), GATE, ("gated",))[0]
        for given in ({}, {"link_factor": 1.3}, {"link_log_sd": 1.0})
    )
    assert better.hazard_ratio < as_stated.hazard_ratio
    assert better.events == pytest.approx(as_stated.events / 1.3**2, rel=0.1)
    assert unsure.hazard_ratio == pytest.approx(as_stated.hazard_ratio)
    assert unsure.assurance < as_stated.assurance


def test_deaths_that_are_no_events_take_participants_and_months() -> None:
    dying = plan().prognosis.model_copy(update={"death_per_year": 0.05})
    living = plan().prognosis.model_copy(update={"death_per_year": 0.0})
    few, many = (
        evaluate(here(plan().model_copy(update={"prognosis": p})), GATE, ("gated",))[0] for p in (living, dying)
    )
    assert many.events == pytest.approx(few.events)
    assert many.planned > few.planned


def test_simulated_statistics_agree_with_the_closed_form_of_one_population() -> None:
    (found,) = evaluate(SITUATION, GATE, ("gated",))
    run = simulate(design_of(plan(), found), truths(study(SITUATION, GATE), study(SITUATION, GATE).one)[0], trials=4000)
    assert abs(run.power[POSITIVE].value - found.power) < 4 * run.power[POSITIVE].se


@pytest.mark.parametrize("design", ["gated", "two_endpoint", "stratified", "adaptive"])
def test_participants_agree_with_the_search_on_power_and_size(design: str) -> None:
    (found,) = evaluate(SITUATION, GATE, (design,))
    easy = plan().effort.model_copy(update={"confirm_trials": 300})
    again = here(plan().model_copy(update={"effort": easy}))
    (seen,) = confirm(again, [found])
    power, se = seen.power
    assert abs(power - found.power) < 4 * se + 0.03, f"{power:.3f} (SE {se:.3f}), searched {found.power:.3f}"
    assert seen.run.incomplete.value < 0.02
    assert seen.run.enrolled.value <= found.planned + 1


def test_no_effect_rejects_no_more_often_than_alpha() -> None:
    (found,) = evaluate(SITUATION, GATE, ("stratified",))
    run = simulate(
        design_of(plan(), found), cohort(plan(), found, SITUATION.expected.without_effect()), trials=400, seed=4
    )
    assert run.power_any.value < 0.025 + 4 * run.power_any.se
    assert set(run.power) == {POSITIVE, FULL}


def test_a_false_only_in_high_is_counted_where_both_are_tested(options: tuple[Option, ...]) -> None:
    for option in options:
        asked = option.design in {"stratified", "adaptive"}
        assert (option.false_high is not None) is asked
        if option.false_high is not None:
            assert 0 <= option.false_high < 0.5


def test_a_two_process_cluster_gives_the_same_numbers(options: tuple[Option, ...], dask_cluster: None) -> None:
    assert [o.row() for o in search(SITUATION, workers=2)] == [o.row() for o in options]


def test_progress_tells_the_best_so_far() -> None:
    told: list[Searched] = []
    short = plan().model_copy(update={"grid": plan().grid.model_copy(update={"designs": ("gated",)})})
    search(here(short), progress=told.append)
    assert [seen.done for seen in told] == [1, 2, 3]
    values = [seen.best.value for seen in told if seen.best is not None]
    assert values == sorted(values)
    assert "best so far" in str(told[-1])


def test_nothing_on_the_front_is_beaten_in_all_four(options: tuple[Option, ...]) -> None:
    front = pareto_front(options)
    for one in front:
        for other in options:
            better = (
                other.feasible
                and other.assurance > one.assurance + 0.01
                and other.months < one.months - 1
                and other.participants < one.participants - 50
                and other.cost < one.cost - 500
            )
            assert not better


def test_the_best_is_the_highest_value_within_the_limits(options: tuple[Option, ...]) -> None:
    chosen = best(options)
    assert chosen is not None
    assert chosen.value == max(o.value for o in options if o.feasible)


@pytest.mark.parametrize("cutoff", [1e-6, 1e6])
def test_a_cut_off_that_divides_nobody_is_an_error(cutoff: float) -> None:
    given = plan()
    cutoffs = tuple(sorted((2.0, cutoff)))
    with pytest.raises(DesignError, match=r"cutoffs.*month_one"):
        search(here(given.model_copy(update={"grid": given.grid.model_copy(update={"cutoffs": cutoffs})})))


def test_no_benefit_anywhere_is_an_error() -> None:
    none = plan().model_copy(update={"link": plan().link.model_copy(update={"hazard_ratio": 0.99999})})
    with pytest.raises(DesignError, match="expect benefit somewhere"):
        search(here(none))
