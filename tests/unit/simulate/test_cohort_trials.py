"""Participant-level simulation: the analysis's own numbers, and laws of what is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calor.analyze.survival.logrank import logrank
from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.errors import CalorError, SimulationError
from calor.simulate import effect_shape, parts, selection
from calor.simulate.blocks import draw_block
from calor.simulate.cohort import Cohort, Site
from calor.simulate.enrichment import Enrichment, Reestimation
from calor.simulate.marker import Marker, Screening
from calor.simulate.participants import participants
from calor.simulate.trials import engine_for, simulate

TWO = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
POPULATIONS = {"biomarker_positive": ["pos"], "full_population": ["pos", "neg"]}


def cohort(ratios: list[float], **changes: object) -> Cohort:
    given: dict[str, object] = {
        "names": ["pos", "neg"],
        "sites": [Site(20.0), Site(30.0, opens_month=2.0, ramp_months=6.0)],
        "participants": 500,
        "control_hazard": 0.03,
        "hazard_ratio": ratios,
        "shares": [0.4, 0.6],
        "dropout_hazard": (0.002, 0.003),
        "competing_hazard": (0.004, 0.004),
    }
    return Cohort(**(given | changes))  # type: ignore[arg-type]


def by_marker(**changes: object) -> Cohort:
    given: dict[str, object] = {
        "names": ["neg", "pos"],
        "hazard_ratio": effect_shape.step(2.0, below=1.0, above=0.6),
        "shares": None,
        "marker": Marker(1.43, 1.134, 0.62),
        "screening": Screening([2.0], tests=2, interval_days=28, presents_within_days=28, window_days=42),
    }
    return cohort([], **(given | changes))


@pytest.mark.parametrize(
    "truth",
    [
        cohort([0.7, 1.1]),
        cohort([0.7, 1.1], control_hazard={0: 0.05, 3: 0.02}, delay_months=4.0, follow_up_months=18.0),
        by_marker(),
    ],
)
def test_the_simulators_statistics_are_the_analysis_own(truth: Cohort) -> None:
    design = Enrichment(
        GroupSequential([0.4, 0.7, 1.0], efficacy=spending.obrien_fleming(1e-6)),
        [8.0, 15.0, 24.0],
        POPULATIONS,
        selection.everyone(),
        by="months",
    )
    results = draw_block(engine_for(design, truth), None, seed=7, first=0, trials=4)
    for trial in range(4):
        for look, month in enumerate(design.planned):
            table = participants(truth, seed=7, trial=trial, cut_month=month)
            for g, members in enumerate(POPULATIONS.values()):
                own = table[table["part"].isin(members)]
                found = logrank(own, time="months", event="event", arm="arm", arms=[0, 1], strata=["part"])
                assert found.z is not None
                assert results.z[trial, look, g] == pytest.approx(-found.z, abs=1e-9)
                assert results.se[trial, look, g] == pytest.approx(found.covariance[1, 1] ** -0.5, rel=1e-9)


def test_a_look_is_held_at_the_event_it_waits_for() -> None:
    design = Enrichment(TWO, [60, 120], POPULATIONS, selection.everyone())
    truth = cohort([1.0, 1.0])
    results = draw_block(engine_for(design, truth), None, seed=3, first=0, trials=20)
    for trial in range(20):
        table = participants(truth, seed=3, trial=trial, cut_month=results.months[trial])
        assert table["event"].sum() == (60, 120)[results.stages[trial] - 1]
        assert len(table) == results.enrolled[trial]


def test_selection_changes_only_who_enters_afterwards() -> None:
    """A trial that goes on with the biomarker-positive alone enrolls no other from its interim look on."""
    slow = cohort([0.5, 1.0], sites=[Site(10.0)], participants=300)
    design = Enrichment(
        TWO, [60, 120], POPULATIONS, selection.own(lambda seen: np.array([[True, False]] * len(seen.z)))
    )
    results = draw_block(engine_for(design, slow), design.selection.rule, seed=5, first=0, trials=50)
    went_on = results.stages == 2
    assert went_on.sum() > 20
    assert set(results.followed[went_on, 1]) == {1}
    extra = results.screened[went_on] - results.enrolled[went_on]
    assert (extra > 0).mean() > 0.9


def test_a_trial_that_cannot_reach_its_events_is_counted_as_such() -> None:
    design = Enrichment(TWO, [200, 400], POPULATIONS, selection.everyone())
    run = simulate(design, cohort([1.0, 1.0], duration_months=30.0), trials=300, seed=2)
    assert run.trials == 300
    assert run.incomplete.value == 1.0
    assert run.months.value == pytest.approx(30.0, abs=0.01)
    never = Enrichment(TWO, [480, 500], POPULATIONS, selection.everyone())
    assert simulate(never, cohort([1.0, 1.0], duration_months=30.0), trials=300, seed=2).reached[1].value == 0.0


def test_engines_agree_where_they_should() -> None:
    """Proportional hazards, rare events, nobody lost: participants and normal statistics give the same power."""
    design = Enrichment(TWO, [150, 300], POPULATIONS, selection.everyone())
    people = cohort(
        [0.65, 0.95], participants=3000, control_hazard=0.003, sites=[Site(300.0)], competing_hazard=(0, 0),
        dropout_hazard=(0, 0),
    )  # fmt: skip
    slow = simulate(design, people, trials=2000, seed=1)
    fast = simulate(design, parts.survival(["pos", "neg"], [0.4, 0.6], [0.65, 0.95]), trials=40_000, seed=2)
    for name in POPULATIONS:
        allowed = 4 * math.hypot(slow.power[name].se, fast.power[name].se)
        assert abs(slow.power[name].value - fast.power[name].value) < allowed, (str(slow), str(fast))


def test_misclassified_participants_dilute_the_benefit() -> None:
    noisy, exact = by_marker(), by_marker(marker=Marker(1.43, 1.134, 1.0))
    members = np.array([[False, True]])
    assert exact.effects(members)[0] == pytest.approx(-math.log(0.6), abs=1e-9)
    assert 0.5 * exact.effects(members)[0] < noisy.effects(members)[0] < 0.95 * exact.effects(members)[0]


def test_candidates_outside_the_window_fail_the_screen() -> None:
    """First tests spread over 28 days, 28 days between tests, window of 42: half are in time."""
    table = participants(by_marker(participants=1000, sites=[Site(200.0)]), seed=4)
    passed = len(table) / (table["candidates_before"].iloc[-1] + 1)
    assert abs(passed - 0.5) < 4 * math.sqrt(0.25 / (len(table) / 0.5))


def test_only_admitted_parts_enter() -> None:
    gate = Screening([2.0], enrolls=[1])
    table = participants(by_marker(screening=gate, participants=400), seed=4)
    assert set(table["part"]) == {"pos"}
    share = len(table) / (table["candidates_before"].iloc[-1] + 1)
    assert abs(share - 0.384) < 4 * math.sqrt(0.384 * 0.616 / (len(table) / 0.384))


def test_re_estimation_prolongs_trials_that_need_it() -> None:
    plain = Enrichment(TWO, [60, 120], POPULATIONS, selection.everyone())
    again = Enrichment(TWO, [60, 120], POPULATIONS, selection.everyone(), reestimation=Reestimation(0.9, 2.0))
    truth = cohort([0.7, 0.8])
    short, long = simulate(plain, truth, trials=1000, seed=1), simulate(again, truth, trials=1000, seed=1)
    assert long.units.value > short.units.value + 10
    assert long.power_any.value > short.power_any.value
    null = simulate(again, cohort([1.0, 1.0]), trials=4000, seed=1)
    assert null.power_any.value < 0.025 + 4 * null.power_any.se, str(null)


def test_follow_up_falls_as_the_hazards_say() -> None:
    """Waiting times with a delay: control's and active's mean events per month, before and after it."""
    truth = cohort([0.5, 0.5], participants=20_000, sites=[Site(2000.0)], delay_months=6.0, dropout_hazard=(0.01, 0.01))
    table = participants(truth, seed=9)
    for arm, late in ((0, 0.03), (1, 0.015)):
        own = table[table["arm"] == arm]
        early = own["event"] & (own["months"] < 6)
        rate = early.sum() / own["months"].clip(upper=6).sum()
        assert rate == pytest.approx(0.03, abs=4 * 0.03 / math.sqrt(early.sum()))
        after = own["event"] & (own["months"] >= 6)
        rate = after.sum() / (own["months"] - 6).clip(lower=0).sum()
        assert rate == pytest.approx(late, abs=4 * late / math.sqrt(after.sum()))


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"shares": [0.4, 0.5]}, "shares"),
        ({"hazard_ratio": [0.5]}, "hazard_ratio"),
        ({"hazard_ratio": [0.5, -1.0]}, "hazard_ratio"),
        ({"hazard_ratio": effect_shape.line(at_one=1.0, per_doubling=0.9)}, "hazard_ratio"),
        ({"control_hazard": {1: 0.02}}, "control_hazard"),
        ({"control_hazard": math.nan}, "control_hazard"),
        ({"control_hazard": {0: 0.02, math.nan: 0.01}}, "control_hazard"),
        ({"dropout_hazard": 0.1}, "dropout_hazard"),
        ({"competing_hazard": (0.1,)}, "competing_hazard"),
        ({"block_sizes": [3]}, "sizes"),
        ({"allocation_ratio": (1.5, 1.5), "block_sizes": [3]}, "ratio"),
        ({"allocation_ratio": (1, 1, 1), "block_sizes": [3]}, "allocation_ratio"),
        ({"shares": [math.nan, 0.5]}, "shares"),
        ({"participants": 1}, "participants"),
        ({"participants": 600.5}, "participants"),
        ({"sites": [Site(1.0, opens_month=500.0)]}, "sites"),
        ({"names": ["pos", "pos"]}, "names"),
        ({"marker": Marker(1.0, 1.0, 0.5)}, "shares"),
        ({"delay_months": -1.0}, "delay_months"),
    ],
)
def test_a_cohort_that_is_no_trial_is_refused(changes: dict[str, object], names: str) -> None:
    with pytest.raises(CalorError, match=names):
        cohort([0.6, 0.9], **changes)


@pytest.mark.parametrize("effect", [lambda m: m * math.nan, lambda m: -m, lambda m: 0.7, lambda m: m[:3]])
def test_a_function_that_gives_no_hazard_ratio_for_every_marker_is_refused(effect: effect_shape.Effect) -> None:
    with pytest.raises(SimulationError, match="hazard_ratio"):
        by_marker(hazard_ratio=effect)


def test_a_population_that_nobody_enters_is_refused() -> None:
    design = Enrichment(TWO, [60, 120], POPULATIONS)
    for screening in (Screening([1e6]), Screening([2.0], enrolls=[0])):
        with pytest.raises(SimulationError, match=r"populations.*\['pos'\]"):
            simulate(design, by_marker(screening=screening), trials=10)


def test_a_marker_that_does_not_differ_between_persons_is_no_obstacle() -> None:
    truth = by_marker(marker=Marker(1.43, 1.134, 0.0), hazard_ratio=lambda marker: np.full(marker.shape, 0.6))
    assert truth.effects(np.array([[True, True]]))[0] == pytest.approx(-math.log(0.6))
    assert participants(truth, seed=3)["true_marker"].to_numpy() == pytest.approx(1.43)
