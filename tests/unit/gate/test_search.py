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
from calor.gate.situation import study
from calor.gate.trial_designs import FULL, POSITIVE, enrichment
from calor.simulate.simulate import simulate

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


def test_a_carried_over_assurance_is_that_of_simulating_every_world() -> None:
    """40 worlds and control variates against one simulation in each of 100 worlds, within their errors."""
    (found,) = evaluate(SITUATION, GATE, ("adaptive",))
    few = SITUATION.worlds.take(np.arange(0, SITUATION.worlds.size, 4))
    own = study(SITUATION, GATE)
    made = enrichment(plan(), "adaptive", found.events)
    each = [simulate(made, truth, trials=500, seed=9).power_any.value for truth in truths(own, own.seen(few))]
    se = np.std(each) / np.sqrt(len(each))
    assert abs(np.mean(each) - found.assurance) < 3 * np.hypot(se, found.assurance_se)


def test_simulated_statistics_agree_with_the_closed_form_of_one_population() -> None:
    (found,) = evaluate(SITUATION, GATE, ("gated",))
    run = simulate(design_of(plan(), found), truths(study(SITUATION, GATE), study(SITUATION, GATE).one)[0], trials=4000)
    assert abs(run.power[POSITIVE].value - found.power) < 4 * run.power[POSITIVE].se


@pytest.mark.parametrize("design", ["gated", "adaptive"])
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


def test_no_benefit_anywhere_is_an_error() -> None:
    none = plan().model_copy(update={"link": plan().link.model_copy(update={"hazard_ratio": 0.99999})})
    with pytest.raises(DesignError, match="expect benefit somewhere"):
        search(here(none))
