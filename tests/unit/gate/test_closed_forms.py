"""The numbers that the choice of a gate must meet, each by the functions that the choice itself calls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.gate.small import curves, here, plan

from calor.design import GroupSequential, spending
from calor.gate.belief import EffectCurves
from calor.gate.calendar import Conditions, course
from calor.gate.evaluate import evaluate
from calor.gate.gates import CandidateGate
from calor.gate.outcome_rates import rate_at_median
from calor.gate.population import DENSITY, NODES, admitted, marker, true_positives
from calor.gate.trial_designs import PowerCurve, power_curve
from calor.gate.worlds import Worlds, diluted, outside
from calor.protocol.gate_beliefs import MarkerWindow

MONTH = MarkerWindow(id="month_one", days=(30, 90), median=1.43, log_sd=1.134, icc=0.62, outcome_trials=("cantos",))
JUPITER = MONTH.model_copy(update={"icc": 0.54})
FIXED = PowerCurve(GroupSequential([1.0], efficacy=spending.at_the_end(0.025)), np.linspace(0.01, 0.99, 361))


def _world(benefit: float, prognosis: float = 0.0) -> Worlds:
    """Return one world in which those above the median marker have a log hazard ratio and the others have none."""
    edge = 1e-9
    effect = EffectCurves(np.zeros(1), np.array([benefit / edge]), (0.0, edge))
    return Worlds(effect, np.ones(1), np.array([prognosis]), np.ones(1), np.zeros(1))


@pytest.mark.parametrize(
    ("predictive_value", "hazard_ratio", "events"),
    [(1.0, 0.750, 508), (0.8, 0.794, 794), (0.6, 0.841, 1411), (0.4, 0.891, 3175)],
)
def test_those_falsely_let_in_dilute_the_hazard_ratio(
    predictive_value: float, hazard_ratio: float, events: int
) -> None:
    weights = np.where(NODES > 1e-6, predictive_value / (NODES > 1e-6).sum(), 0.0)
    weights += np.where(NODES < -1e-6, (1 - predictive_value) / (NODES < -1e-6).sum(), 0.0)
    found = diluted(_world(math.log(0.75)), weights)
    seen = float(found.log_average[0])
    marginal = predictive_value * 0.75 + 1 - predictive_value
    assert math.exp(float(found.log_hazard_ratio[0])) == pytest.approx(marginal)
    assert math.exp(seen) == pytest.approx(hazard_ratio, abs=5e-4)
    assert FIXED.events(seen, 0.9) == pytest.approx(events, abs=1)


@pytest.mark.parametrize(("hazard_ratio", "power", "events"), [(0.8, 0.95, 1044), (0.7, 0.9, 331), (0.8, 0.9, 845)])
def test_events_of_published_trials(hazard_ratio: float, power: float, events: int) -> None:
    assert FIXED.events(math.log(hazard_ratio), power) == pytest.approx(events, abs=1)


@pytest.mark.parametrize(("rate", "participants"), [(0.025, 12938), (0.036, 9119), (0.045, 7384), (0.060, 5650)])
def test_a_higher_rate_saves_participants_and_no_events(rate: float, participants: int) -> None:
    at_once = plan().model_copy(
        update={
            "test": plan().test.model_copy(update={"follow_up_months": 36, "dropout_per_year": 0.0}),
            "prognosis": plan().prognosis.model_copy(update={"death_per_year": 0.0}),
            "recruitment": plan().recruitment.model_copy(update={"ramp_months": 0.0}),
            "limits": plan().limits.model_copy(update={"participants": 20_000}),
        }
    )
    events = FIXED.events(math.log(0.8), 0.9)
    found = course(at_once, Conditions(1e6, rate, 0.8), events)
    assert found.events == pytest.approx(844.1, abs=0.1)
    assert found.participants == pytest.approx(participants, rel=1e-3)
    assert found.limit == ""


@pytest.mark.parametrize(
    ("window", "again", "both", "retest", "fall", "true", "sensitivity"),
    [(MONTH, 0.643, 0.247, 2.88, 0.35, 0.699, 0.759), (JUPITER, 0.604, 0.232, 2.63, 0.40, 0.655, 0.731)],
)
def test_a_noisy_marker_at_two_milligrams(
    window: MarkerWindow, again: float, both: float, retest: float, fall: float, true: float, sensitivity: float
) -> None:
    once, twice = (admitted(CandidateGate("month_one", 2.0, tests), window) for tests in (1, 2))
    assert once.share == pytest.approx(0.384, abs=5e-4)
    assert twice.share == pytest.approx(both, abs=5e-4)
    assert twice.share / once.share == pytest.approx(again, abs=1e-3)
    assert once.entry_mean == pytest.approx(4.42, abs=0.01)
    assert once.retest_mean == pytest.approx(retest, abs=0.01)
    assert once.expected_fall == pytest.approx(fall, abs=5e-3)
    found = true_positives(once.weights, 2.0, marker(window))
    assert found == pytest.approx(true, abs=2e-3)
    assert found * once.share / true_positives(DENSITY, 2.0, marker(window)) == pytest.approx(sensitivity, abs=2e-3)


def test_who_leaves_after_a_first_test_takes_no_second() -> None:
    twice = admitted(CandidateGate("month_one", 2.0, 2), MONTH)
    assert twice.tests_per_candidate == pytest.approx(1.384, abs=5e-4)


def test_those_let_in_and_those_turned_away_make_everyone() -> None:
    those = admitted(CandidateGate("month_one", 2.0, 2), MONTH)
    whole = those.share * those.weights + (1 - those.share) * outside(those)
    assert whole == pytest.approx(DENSITY, abs=1e-12)


def test_the_published_rate_comes_back_at_its_own_gate() -> None:
    gradient = np.array([0.0, 0.18, 0.5])
    hazard = np.exp(gradient[:, None] * NODES)
    at_median = rate_at_median(MONTH, hazard)
    entered = admitted(CandidateGate("month_one", 2.0, 1), MONTH).weights
    assert at_median * (hazard @ entered) == pytest.approx([0.045] * 3)


def test_with_no_gate_everyone_is_let_in() -> None:
    (found,) = evaluate(here(), CandidateGate("month_one"), ("gated",))
    assert found.design == "all_comers"
    assert (found.share, found.expected_fall) == pytest.approx((1.0, 0.0))


def test_power_without_an_effect_is_alpha_and_assurance_lies_between() -> None:
    curve = power_curve(plan())
    assert float(curve(np.zeros(1))[0]) == pytest.approx(0.025, abs=1e-6)
    (found,) = evaluate(here(), CandidateGate("month_one", 2.0, 1), ("gated",))
    assert found.power == pytest.approx(0.9, abs=2e-3)
    assert 0.025 < found.assurance < found.power
    assert found.success.min() >= 0.0


def test_the_effect_is_level_beyond_what_was_seen() -> None:
    at = curves().at(np.array([-3.0, -1.0, 1.5, 4.0]))
    assert at[:, 0] == pytest.approx(at[:, 1])
    assert at[:, 2] == pytest.approx(at[:, 3])
