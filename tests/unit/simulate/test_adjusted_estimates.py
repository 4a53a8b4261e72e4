"""Estimates after selection: bias, coverage and median bias of each way of estimating."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calor.design import GroupSequential, spending
from calor.design.fisher_combination import FisherCombination
from calor.design.inverse_normal import InverseNormal
from calor.design.stagewise import stagewise
from calor.kernels.adjusted_estimates import median_unbiased
from calor.simulate import parts, selection
from calor.simulate.blocks import draw_block
from calor.simulate.enrichment import Enrichment
from calor.simulate.trials import engine_for, simulate

BOUNDS = GroupSequential([0.4, 0.7, 1.0], efficacy=spending.pocock(0.025))
TWO = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))
POPULATIONS = {"biomarker_positive": ["pos"], "full_population": ["pos", "neg"]}


def test_without_selection_the_estimate_is_that_of_the_stage_wise_ordering() -> None:
    design = Enrichment(BOUNDS, [80, 140, 200], {"all": ["all"]}, selection.everyone())
    engine = engine_for(design, parts.means(["all"], [1.0], [0.4]))
    results = draw_block(engine, None, seed=3, first=0, trials=60)
    assert set(results.stages) == {1, 2, 3}
    for t in range(60):
        look = int(results.stages[t])
        z, se = results.z[t, look - 1, 0], results.se[t, look - 1, 0]
        want = stagewise(BOUNDS, look, z, standard_error=se).median_unbiased
        assert median_unbiased(results, engine.plan, t, 0) == pytest.approx(want, abs=1e-5)


def test_estimators_of_a_group_sequential_trial_do_as_they_promise() -> None:
    design = Enrichment(BOUNDS, [80, 140, 200], {"all": ["all"]}, selection.everyone())
    run = simulate(design, parts.means(["all"], [1.0], [0.4]), trials=8_000, estimates=True)
    found = run.estimation["all"].estimators
    assert found["ordinary"].bias.value > 5 * found["ordinary"].bias.se  # early stops overstate
    assert found["ordinary"].above.value > 0.5 + 4 * found["ordinary"].above.se
    middle = found["median_unbiased"]
    assert abs(middle.above.value - 0.5) < 4 * middle.above.se, str(middle)
    assert abs(middle.coverage.value - 0.95) < 4 * middle.coverage.se, str(middle)


@pytest.mark.parametrize("effect", [0.0, 0.3])
def test_the_selected_population_is_overstated_unless_the_selection_is_allowed_for(effect: float) -> None:
    """Equal effects, the better of two populations followed: its estimates over all trials."""
    design = Enrichment(InverseNormal(TWO), [100, 200], POPULATIONS, selection.best(measure="statistic"))
    run = simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [effect, effect]), trials=20_000, estimates=True)
    rows = [seen.estimators for seen in run.estimation.values()]

    def pooled(kind: str) -> tuple[float, float]:
        ended = [row[kind].above for row in rows]
        n = sum(rate.trials for rate in ended)
        return sum(rate.value * rate.trials for rate in ended) / n, math.sqrt(0.25 / n)

    above, se = pooled("ordinary")
    assert above > 0.5 + 10 * se
    above, se = pooled("later")
    assert abs(above - 0.5) < 4 * se + (0.02 if effect else 0.0)  # conditional on going on
    above, se = pooled("median_unbiased")
    assert abs(above - 0.5) < 4 * se + 0.005


def test_shrinking_takes_away_part_of_the_bias_of_the_best() -> None:
    design = Enrichment(InverseNormal(TWO), [60, 120], POPULATIONS, selection.best())
    run = simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [0, 0]), trials=20_000, estimates=True)
    found = run.estimation["biomarker_positive"].estimators
    assert 0 < found["shrunken"].bias.value < 0.6 * found["ordinary"].bias.value
    assert found["shrunken"].bias_if_rejected.value < found["ordinary"].bias_if_rejected.value
    assert found["shrunken"].coverage.value > 0.94
    assert abs(found["later"].bias.value) < 4 * found["later"].bias.se


def test_the_ordinary_estimator_is_the_one_that_every_run_reports() -> None:
    design = Enrichment(InverseNormal(TWO), [60, 120], POPULATIONS, selection.best())
    truth = parts.means(["pos", "neg"], [0.4, 0.6], [0.3, 0.1])
    run, plain = simulate(design, truth, trials=2_000, estimates=True), simulate(design, truth, trials=2_000)
    for name, seen in run.estimation.items():
        assert seen.estimators["ordinary"].bias == seen.bias
        assert seen.estimators["ordinary"].coverage == seen.coverage
        assert seen.estimators["later"].bias.value == pytest.approx(seen.bias_later.value, abs=1e-12)
        assert plain.estimation[name].estimators == {}
    assert "shrunken: bias" in set(run.to_frame()["characteristic"])


def test_fishers_combination_has_no_median_unbiased_estimate() -> None:
    design = Enrichment(FisherCombination([0.5, 1.0], 0.025), [60, 120], POPULATIONS, selection.best())
    run = simulate(design, parts.means(["pos", "neg"], [0.4, 0.6], [0.3, 0.1]), trials=500, estimates=True)
    assert set(run.estimation["full_population"].estimators) == {"ordinary", "later", "shrunken"}
    assert np.isfinite(run.estimation["full_population"].estimators["shrunken"].bias.value)
