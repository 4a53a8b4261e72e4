from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calor.design import (
    GroupSequential,
    average_hazard_ratio,
    counts,
    means,
    rates,
    rmst,
    spending,
    survival,
    weighted_logrank,
)
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.counts import EventCounts
from calor.design.expected_events import Stratum, expected_events, time_of_events
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard

FIXED = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.025))
THREE = GroupSequential(np.array([0.4, 0.7, 1.0]), efficacy=spending.obrien_fleming(0.025))
POWERS, RATIOS = st.floats(0.5, 0.99), st.floats(0.3, 3.0)


@st.composite
def strata(draw: st.DrawFn) -> Stratum:
    spans = draw(st.integers(1, 3))
    starts = np.cumsum([0.0, *draw(st.lists(st.floats(1, 8), min_size=spans - 1, max_size=spans - 1))])
    control = PiecewiseHazard(starts, draw(st.lists(st.floats(0.01, 0.2), min_size=spans, max_size=spans)))
    ratio = HazardRatio(starts, draw(st.lists(st.floats(0.4, 0.9), min_size=spans, max_size=spans)))
    accrual = Accrual(
        draw(st.lists(st.floats(1, 10), min_size=2, max_size=2)),
        draw(st.lists(st.floats(50, 200), min_size=2, max_size=2)),
    )
    return Stratum(accrual, control, ratio, Dropout.by(12, *draw(st.tuples(st.floats(0, 0.2), st.floats(0, 0.2)))))


@given(st.floats(0.1, 0.8), st.floats(0.5, 5.0), POWERS, RATIOS)
def test_means_power_undoes_sample_size(effect: float, sd: float, power: float, ratio: float) -> None:
    asked = {"difference": effect * sd, "sd": sd, "comparison": Comparison(ratio)}
    fixed = means.sample_size(FIXED, power=power, **asked)
    assert means.power(FIXED, participants=fixed.total, **asked).power == pytest.approx(power, abs=1e-7)


@given(st.floats(0.1, 0.9), st.floats(0.1, 0.9), POWERS, RATIOS, st.sampled_from(["difference", "ratio", "odds ratio"]))
def test_rates_power_undoes_sample_size(
    control: float, treatment: float, power: float, ratio: float, measure: rates.Measure
) -> None:
    if abs(control - treatment) < 0.05:
        return
    asked = {"control": control, "treatment": treatment, "measure": measure, "comparison": Comparison(ratio)}
    fixed = rates.sample_size(FIXED, power=power, **asked)
    assert rates.power(FIXED, participants=fixed.total, **asked).power == pytest.approx(power, abs=1e-7)


@given(st.floats(0.2, 2.0), st.floats(0.4, 0.9), st.floats(0, 2), POWERS)
def test_counts_need_more_participants_the_more_they_are_dispersed(
    rate: float, ratio: float, dispersion: float, power: float
) -> None:
    totals = [
        counts.sample_size(THREE, counts=EventCounts(rate, 1.0, k), rate_ratio=ratio, power=power).total
        for k in (dispersion, dispersion + 0.1)
    ]
    assert totals[0] < totals[1]


@given(st.floats(0.4, 0.9), st.floats(0.55, 0.95))
def test_more_power_needs_more_events_and_looks_cost_some(hazard_ratio: float, power: float) -> None:
    few = survival.events(FIXED, hazard_ratio=hazard_ratio, power=power)
    assert survival.events(FIXED, hazard_ratio=hazard_ratio, power=power + 0.02) > few
    assert survival.events(THREE, hazard_ratio=hazard_ratio, power=power) > few


@given(strata(), st.floats(1, 60), st.floats(1.01, 3), RATIOS)
def test_events_grow_with_time_and_never_exceed_the_randomized(
    trial: Stratum, time: float, later: float, ratio: float
) -> None:
    early, late = (expected_events([trial], t, ratio).sum() for t in (time, time * later))
    assert 0 < early < late < trial.n
    assert early <= trial.accrual.enrolled(time)


@given(strata(), st.floats(0.01, 0.9))
def test_the_time_of_events_is_when_they_are_expected(trial: Stratum, share: float) -> None:
    events = share * expected_events([trial], 1000).sum()
    assert expected_events([trial], time_of_events([trial], events)).sum() == pytest.approx(events, rel=1e-9)


@given(strata(), st.floats(0.1, 0.9))
def test_splitting_a_trial_into_like_strata_changes_nothing(trial: Stratum, share: float) -> None:
    parts = [
        Stratum(trial.accrual.scaled(s), trial.control, trial.hazard_ratio, trial.dropout) for s in (share, 1 - share)
    ]
    assert expected_events(parts, 24) == pytest.approx(expected_events([trial], 24))
    whole = weighted_logrank.scores([trial], [FlemingHarrington(0, 0.5)], 24)
    split = weighted_logrank.scores(parts, [FlemingHarrington(0, 0.5)], 24)
    assert split.mean == pytest.approx(whole.mean)
    assert split.covariance == pytest.approx(whole.covariance)


@given(strata(), st.floats(20, 60))
def test_the_average_hazard_ratio_lies_within_the_ratios(trial: Stratum, time: float) -> None:
    average = average_hazard_ratio.average_hazard_ratio([trial], [time]).ratio[0]
    assert min(trial.hazard_ratio.ratios) - 1e-12 <= average <= max(trial.hazard_ratio.ratios) + 1e-12


@settings(max_examples=15)
@given(strata(), st.floats(5, 20), POWERS)
def test_rmst_power_undoes_sample_size(trial: Stratum, tau: float, power: float) -> None:
    end = trial.accrual.duration + tau
    needed = rmst.sample_size(trial, tau=tau, time=end, power=power)
    larger = Stratum(trial.accrual.scaled(needed.total / trial.n), trial.control, trial.hazard_ratio, trial.dropout)
    assert rmst.power(larger, tau=tau, time=end).power == pytest.approx(power, abs=1e-9)


@given(strata())
def test_the_stops_of_every_look_and_the_end_add_up_to_one(trial: Stratum) -> None:
    futility = spending.hwang_shih_decani(0.1, gamma=-2)
    end = trial.accrual.duration + 24
    table = average_hazard_ratio.power(
        [trial], times=[end - 12, end], efficacy=spending.obrien_fleming(0.025), futility=futility
    )
    for crossing in table.crossings:
        assert (crossing.efficacy + crossing.futility).sum() == pytest.approx(1)
