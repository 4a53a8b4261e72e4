"""Simulated participants handed to the analysis give the simulator's own statistics, for every kind of endpoint."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from calor.analyze.continuous.ancova import ancova
from calor.analyze.continuous.terms import terms
from calor.analyze.mixed.mmrm import Fitting, mmrm
from calor.analyze.mixed.visit_table import RepeatedMeasures
from calor.analyze.survival.newton import newton
from calor.analyze.survival.partial_likelihood import partial_likelihood
from calor.analyze.survival.time_to_event import time_to_event
from calor.design import GroupSequential, spending
from calor.design.inverse_normal import InverseNormal
from calor.errors import SimulationError
from calor.simulate import effect_shape, parts, selection
from calor.simulate.blocks import draw_block
from calor.simulate.cohort import Cohort, Site
from calor.simulate.enrichment import Enrichment, Statistic
from calor.simulate.marker import Marker, Screening
from calor.simulate.participants import participants
from calor.simulate.trials import engine_for, simulate
from calor.simulate.visits import Visits

POPULATIONS = {"biomarker_positive": ["pos"], "full_population": ["neg", "pos"]}
LOOKS = [9.0, 13.0, 18.0]
VISITS = Visits(
    [1.0, 3.0, 6.0],
    effect=[0.1, 0.5],
    sd=[1.0, 1.1, 1.2, 1.3],
    correlation=0.6,
    control=[2.0, 1.9, 1.8, 1.7],
    onset=[0.3, 0.8, 1.0],
    level=[0.0, 0.4],
)


def trial(**changes: object) -> Cohort:
    given: dict[str, object] = {
        "names": ["neg", "pos"],
        "sites": [Site(12.0), Site(10.0, opens_month=1.0, ramp_months=3.0)],
        "participants": 160,
        "shares": [0.5, 0.5],
        "dropout_hazard": (0.03, 0.02),
        "visits": VISITS,
    }
    return Cohort(**(given | changes))  # type: ignore[arg-type]


def by_months(statistic: Statistic) -> Enrichment:
    never = GroupSequential([0.3, 0.6, 1.0], efficacy=spending.obrien_fleming(1e-7))
    return Enrichment(never, LOOKS, POPULATIONS, selection.everyone(), by="months", statistic=statistic)


@pytest.mark.parametrize("trial_number", range(3))
def test_ancova_is_the_analysis_own(trial_number: int) -> None:
    design, truth = by_months("ancova"), trial()
    results = draw_block(engine_for(design, truth), None, seed=7, first=trial_number, trials=1)
    for look, month in enumerate(LOOKS):
        everyone = participants(truth, seed=7, trial=trial_number, cut_month=month)
        for g, members in enumerate(POPULATIONS.values()):
            own = everyone[everyone["part"].isin(members)]
            factors = ["part"] if len(members) > 1 else []
            found = ancova(
                own, response="visit_3", arm="arm", arms=[0, 1], covariates=["baseline"], factors=factors
            ).differences[0]
            assert results.effect[0, look, g] == pytest.approx(found.estimate, abs=1e-9)
            assert results.se[0, look, g] == pytest.approx(found.se, abs=1e-9)
            assert found.df is not None
            score = -norm.ppf(student.sf(found.estimate / found.se, found.df))
            assert results.z[0, look, g] == pytest.approx(score, abs=1e-8)
        assert results.units[0, : look + 1].sum() == everyone["visit_3"].notna().sum()
        assert (
            results.pipeline[0, look]
            == ((everyone["months"] < 6) & (everyone["months"] + everyone["entry_month"] == month)).sum()
        )


@pytest.mark.parametrize("look", range(3))
def test_the_mixed_model_is_the_analysis_own(look: int) -> None:
    design, truth = by_months("mmrm"), trial()
    results = draw_block(engine_for(design, truth), None, seed=3, first=0, trials=1)
    table = participants(truth, seed=3, cut_month=LOOKS[look]).reset_index(names="id")
    assert table["visit_1"].isna().sum() < table["visit_3"].isna().sum()
    long = table.melt(["id", "part", "arm", "baseline"], ["visit_1", "visit_2", "visit_3"], "visit", "response")
    long["arm"] = long["arm"].map({0: "control", 1: "active"})
    for g, members in enumerate(POPULATIONS.values()):
        factors = ("part",) if len(members) > 1 else ()
        columns = RepeatedMeasures(
            "response", "id", "visit", "arm", ("baseline",), factors, by_visit=("baseline", *factors)
        )
        fit = mmrm(
            long[long["part"].isin(members)], columns, arms=("control", "active"), fitting=Fitting(df="satterthwaite")
        )
        found = fit.contrasts[2]
        assert results.effect[0, look, g] == pytest.approx(found.estimate, abs=1e-5)
        assert results.se[0, look, g] == pytest.approx(found.se, abs=1e-5)


@pytest.mark.parametrize("adjusted", [False, True])
def test_the_cox_score_is_that_of_the_analysis_likelihood(adjusted: bool) -> None:
    gate = {
        "shares": None,
        "visits": None,
        "marker": Marker(2.0, 1.1, 0.6),
        "screening": Screening([2.0], tests=2),
        "hazard_ratio": effect_shape.step(2.0, below=1.0, above=0.5),
        "prognosis": effect_shape.line(at_one=1.0, per_doubling=1.3),
    }
    changes = gate if adjusted else {"visits": None, "hazard_ratio": [1.0, 0.5]}
    design, truth = by_months("cox_score"), trial(control_hazard=0.08, **changes)
    results = draw_block(engine_for(design, truth), None, seed=5, first=0, trials=1)
    for look, month in enumerate(LOOKS):
        table = participants(truth, seed=5, cut_month=month)
        table = table[table["months"] > 0].assign(log_marker=lambda t: np.log(t["measured_marker"]))
        for g, members in enumerate(POPULATIONS.values()):
            own = table[table["part"].isin(members)].reset_index(drop=True)
            data = time_to_event(own, time="months", event="event", strata=["part"])
            model = terms(own, ["arm", "log_marker"] if adjusted else ["arm"])
            likelihood = partial_likelihood(data, model.values, "efron")
            free = np.array([False, True])[: model.values.shape[1]]
            beta = newton(likelihood.point, np.zeros(free.size), free=free)[0] if adjusted else np.zeros(1)
            at = likelihood.point(beta)
            inverse = np.linalg.inv(at.information)
            assert results.z[0, look, g] == pytest.approx(-at.score[0] * math.sqrt(inverse[0, 0]), abs=1e-7)
            assert results.se[0, look, g] == pytest.approx(math.sqrt(inverse[0, 0]), rel=1e-7)


def test_a_look_by_units_waits_for_last_visits_and_others_are_in_the_pipeline() -> None:
    two = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(1e-7))
    design = Enrichment(two, [50, 100], POPULATIONS, selection.everyone(), statistic="ancova")
    run = simulate(design, trial(), trials=200, seed=2)
    assert run.units.value == 100
    assert run.pipeline[0].value > 20
    assert run.pipeline[1].value > 1


def test_a_delayed_response_costs_time_and_pipeline() -> None:
    two = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(1e-7))
    design = Enrichment(two, [50, 100], POPULATIONS, selection.everyone(), statistic="ancova")
    soon, late = (trial(visits=Visits([m], effect=[0.1, 0.5])) for m in (1.0, 6.0))
    first, second = simulate(design, soon, trials=200, seed=2), simulate(design, late, trials=200, seed=2)
    assert second.months.value > first.months.value + 3
    assert second.pipeline[0].value > first.pipeline[0].value + 40


@pytest.mark.parametrize("statistic", ["ancova", "mmrm"])
def test_estimates_at_the_last_visit_are_unbiased_and_covered(statistic: Statistic) -> None:
    run = simulate(by_months(statistic), trial(), trials=2000, seed=4)
    for name, effect in (("biomarker_positive", 0.5), ("full_population", 0.3)):
        seen = run.estimation[name]
        assert seen.truth == pytest.approx(effect)
        assert abs(seen.bias.value) < 4 * seen.bias.se, (name, str(seen.bias))
        assert abs(seen.coverage.value - 0.95) < 4 * seen.coverage.se + 0.006, (name, str(seen.coverage))


def test_the_mixed_model_uses_what_the_pipeline_has_given() -> None:
    """Early visits of participants without the last one narrow the estimate at an interim look."""
    early = np.array([[1.0, 0.3, 0.3], [0.3, 1.0, 0.9], [0.3, 0.9, 1.0]])
    truth = trial(visits=Visits([1.0, 6.0], effect=[0.0, 0.0], correlation=early))
    plain = draw_block(engine_for(by_months("ancova"), truth), None, seed=1, first=0, trials=200)
    mixed = draw_block(engine_for(by_months("mmrm"), truth), None, seed=1, first=0, trials=200)
    assert np.median(mixed.se[:, 1, 1]) < 0.92 * np.median(plain.se[:, 1, 1])


def test_effects_follow_the_true_marker() -> None:
    shape = effect_shape.step(2.0, below=0.0001, above=1.0)
    gate = {"shares": None, "marker": Marker(2.0, 1.0, 1.0), "screening": Screening([2.0])}
    truth = trial(visits=Visits([1.0], effect=shape), participants=4000, sites=[Site(400.0)], **gate)
    table = participants(truth, seed=2)
    means = table.groupby(["part", "arm"])["visit_1"].mean()
    assert means["pos", 1] - means["pos", 0] == pytest.approx(1.0, abs=0.15)
    assert means["neg", 1] - means["neg", 0] == pytest.approx(0.0, abs=0.15)


def test_a_trial_too_small_for_an_estimate_has_none() -> None:
    early = GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(1e-7))
    design = Enrichment(early, [6.2, 20.0], POPULATIONS, selection.everyone(), by="months", statistic="mmrm")
    results = draw_block(engine_for(design, trial()), None, seed=1, first=0, trials=20)
    assert (results.z[:, 0] == 0).any()
    assert np.isinf(results.se[:, 0]).any()


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"months": [3.0, 1.0]}, "months"),
        ({"sd": [1.0, 1.0]}, "sd"),
        ({"sd": 0.0}, "sd"),
        ({"correlation": 1.0}, "correlation"),
        ({"correlation": np.eye(2)}, "correlation"),
        ({"correlation": math.nan}, "correlation"),
        ({"onset": [1.0]}, "onset"),
        ({"onset": 0.5}, "onset"),
        ({"control": [math.nan] * 4}, "control"),
    ],
)
def test_visits_that_cannot_be_are_refused(changes: dict[str, object], names: str) -> None:
    with pytest.raises(SimulationError, match=names):
        Visits(**({"months": [1.0, 3.0, 6.0], "effect": [0.1, 0.5]} | changes))  # type: ignore[arg-type]


def test_a_statistic_at_visits_needs_visits() -> None:
    with pytest.raises(SimulationError, match="statistic"):
        simulate(by_months("ancova"), trial(visits=None, control_hazard=0.01), trials=10)
    with pytest.raises(SimulationError, match="effect"):
        trial(visits=Visits([1.0], effect=[0.1]))


def test_sites_enroll_when_they_are_open_and_carry_their_own_risk() -> None:
    sites = [Site(30.0), Site(30.0, opens_month=4.0, ramp_months=4.0, relative_hazard=3.0)]
    truth = trial(
        sites=sites, participants=4000, visits=None, control_hazard=0.02, dropout_hazard=(0.0, 0.0), duration_months=200
    )
    table = participants(truth, seed=1)
    assert (table.loc[table["site"] == 1, "entry_month"] >= 4.0).all()
    ramping = table[table["entry_month"].between(4.0, 8.0)]
    assert abs((ramping["site"] == 1).mean() - 1 / 3) < 4 * math.sqrt(2 / 9 / len(ramping))  # 15 of 45 a month
    open_now = table[table["entry_month"] > 8.0]
    assert abs((open_now["site"] == 1).mean() - 0.5) < 4 * math.sqrt(0.25 / len(open_now))
    rate = open_now.groupby("site").apply(lambda own: 1 / own["months"].mean(), include_groups=False)
    assert rate[1] / rate[0] == pytest.approx(3.0, rel=0.15)


@pytest.mark.parametrize("statistic", ["ancova", "mmrm"])
def test_engines_agree_on_a_continuous_endpoint(statistic: Statistic) -> None:
    """Normal statistics with the residual SD have the power of ANCOVA at the same number of last visits."""
    two = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    design = Enrichment(two, [100, 200], POPULATIONS, selection.everyone(), statistic=statistic)
    people = trial(
        participants=400, sites=[Site(4000.0)], dropout_hazard=(0, 0), visits=Visits([1.0], effect=[0.15, 0.5])
    )
    slow = simulate(design, people, trials=4000, seed=1)
    residual = parts.means(["neg", "pos"], [0.5, 0.5], [0.15, 0.5], sd=math.sqrt(1 - 0.5**2))
    fast = simulate(design, residual, trials=40_000, seed=2)
    for name in POPULATIONS:
        allowed = 4 * math.hypot(slow.power[name].se, fast.power[name].se)
        assert abs(slow.power[name].value - fast.power[name].value) < allowed, (str(slow), str(fast))


def test_engines_part_when_a_selection_meets_accrual() -> None:
    """After dropping a part, its participants already enrolled still have events, which the statistics do not know."""
    two = InverseNormal(GroupSequential([0.5, 1.0], efficacy=spending.obrien_fleming(0.025)))
    keep = selection.own(lambda seen: np.tile([True, False], (len(seen.z), 1)))
    design = Enrichment(two, [60, 120], POPULATIONS, keep)
    events = {"visits": None, "control_hazard": 0.03, "hazard_ratio": [1.0, 0.8], "dropout_hazard": (0.0, 0.0)}
    people = simulate(design, trial(participants=600, sites=[Site(40.0)], **events), trials=1000, seed=1)
    statistics = simulate(design, parts.survival(["neg", "pos"], [0.5, 0.5], [1.0, 0.8]), trials=1000, seed=1)
    assert statistics.units.value <= 120
    assert people.units.value > 140
