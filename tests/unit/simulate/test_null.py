"""Type I error of every selection rule under every intersection test and combination, on simulated participants."""

from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, spending
from calor.design.fisher_combination import FisherCombination
from calor.design.inverse_normal import InverseNormal
from calor.simulate import effect_shape, selection
from calor.simulate.cohort import Cohort, Site
from calor.simulate.enrichment import Enrichment, IntersectionTest, Statistic
from calor.simulate.marker import Marker, Screening
from calor.simulate.reestimation import Reestimation
from calor.simulate.trials import simulate
from calor.simulate.visits import Visits

TESTS = {
    "inverse normal": InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025))),
    "Fisher": FisherCombination([0.5, 1.0], 0.025),
}
TWO = {"biomarker_positive": ["pos"], "full_population": ["neg", "pos"]}
THREE = {"high": ["high"], "raised": ["high", "middle"], "full_population": ["high", "middle", "low"]}
RULES = {
    "everyone": selection.everyone(),
    "all above": selection.everyone(threshold=0.0),
    "best": selection.best(),
    "within": selection.within(0.1),
    "posterior": selection.posterior(0.6),
    "predictive": selection.predictive(0.05),
    "own": selection.own(lambda seen: (seen.z > 0.2) & (np.arange(seen.z.shape[1]) % 2 == 0) | (seen.z > 1.0)),
}
INTERSECTIONS: tuple[IntersectionTest, ...] = ("bonferroni", "simes", "sidak", "spiessens_debois")


def events(share: float, **changes: object) -> Cohort:
    given: dict[str, object] = {
        "names": ["neg", "pos"],
        "sites": [Site(12.0), Site(12.0, opens_month=2.0, ramp_months=4.0)],
        "participants": 160,
        "control_hazard": 0.05,
        "shares": [1 - share, share],
        "prognosis": [1.0, 1.5],
        "dropout_hazard": (0.005, 0.005),
    }
    return Cohort(**(given | changes))  # type: ignore[arg-type]


def demand_level(design: Enrichment, truth: Cohort, trials: int) -> None:
    run = simulate(design, truth, trials=trials, seed=31)
    assert run.power_any.value < 0.025 + 4 * run.power_any.se, str(run)


@pytest.mark.parametrize("intersection", INTERSECTIONS)
@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("rule", RULES)
def test_the_log_rank_test_keeps_the_level(rule: str, test: str, intersection: IntersectionTest) -> None:
    demand_level(Enrichment(TESTS[test], [50, 100], TWO, RULES[rule], intersection), events(0.4), 3000)


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("intersection", INTERSECTIONS)
@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("rule", RULES)
def test_the_level_holds_over_prevalences(rule: str, test: str, intersection: IntersectionTest, share: float) -> None:
    truth = events(share, participants=400, sites=[Site(60.0)])  # a log-rank test of ten events exceeds any level
    demand_level(Enrichment(TESTS[test], [120, 240], TWO, RULES[rule], intersection), truth, 30_000)


@pytest.mark.parametrize("statistic", ["cox_score", "ancova", "mmrm"])
@pytest.mark.parametrize("rule", ["best", "posterior", "own"])
def test_other_statistics_keep_the_level(rule: str, statistic: Statistic) -> None:
    visits = Visits([1.0, 3.0], effect=[0.0, 0.0], correlation=0.6, level=[0.0, 0.5])
    truth = events(0.4, visits=visits) if statistic != "cox_score" else events(0.4)
    planned = [50, 100] if statistic == "cox_score" else [60, 120]
    design = Enrichment(TESTS["inverse normal"], planned, TWO, RULES[rule], "simes", statistic=statistic)
    demand_level(design, truth, 600 if statistic == "cox_score" else 3000)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["cox_score", "ancova", "mmrm"])
@pytest.mark.parametrize("intersection", INTERSECTIONS)
@pytest.mark.parametrize("rule", RULES)
def test_other_statistics_keep_the_level_under_every_rule(
    rule: str, intersection: IntersectionTest, statistic: Statistic
) -> None:
    visits = Visits([1.0, 3.0], effect=[0.0, 0.0], correlation=0.6, level=[0.0, 0.5])
    truth = events(0.4, visits=visits) if statistic != "cox_score" else events(0.4)
    planned = [50, 100] if statistic == "cox_score" else [60, 120]
    design = Enrichment(TESTS["Fisher"], planned, TWO, RULES[rule], intersection, statistic=statistic)
    demand_level(design, truth, 2_000 if statistic == "cox_score" else 10_000)


@pytest.mark.parametrize("intersection", INTERSECTIONS)
def test_three_populations_by_a_noisy_marker_keep_the_level(intersection: IntersectionTest) -> None:
    gate = Screening([1.5, 3.0], tests=2, interval_days=14, presents_within_days=20, window_days=60)
    truth = events(
        0.4,
        names=["low", "middle", "high"],
        shares=None,
        marker=Marker(2.0, 1.1, 0.6),
        screening=gate,
        prognosis=effect_shape.line(at_one=1.0, per_doubling=1.2),
    )
    design = Enrichment(TESTS["inverse normal"], [50, 100], THREE, selection.best(2), intersection)
    demand_level(design, truth, 1000)


def test_re_estimation_with_selection_keeps_the_level() -> None:
    again = Reestimation(0.9, most=2.0, least=0.5)
    truth = events(0.4, participants=300)
    demand_level(Enrichment(TESTS["Fisher"], [40, 80], TWO, selection.best(), reestimation=again), truth, 3000)


def test_the_check_sees_a_level_that_is_twice_as_high() -> None:
    twice = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.05)))
    run = simulate(Enrichment(twice, [50, 100], TWO, selection.everyone()), events(0.4), trials=3000, seed=31)
    assert run.power_any.value > 0.025 + 4 * run.power_any.se, str(run)
