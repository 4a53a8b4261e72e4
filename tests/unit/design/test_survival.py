from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, lachin_foulkes, spending, survival
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.expected_events import Stratum, expected_events
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard, WeibullHazard
from calor.errors import DesignError

FIXED = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.025))
THREE = GroupSequential(np.array([0.5, 0.75, 1.0]), efficacy=spending.obrien_fleming(0.025))
STOPPING = GroupSequential(
    np.array([0.5, 0.75, 1.0]), efficacy=spending.obrien_fleming(0.025), futility=spending.hwang_shih_decani(0.1, -2)
)
HAZARD = PiecewiseHazard.from_median(12)


def test_sample_size_power_and_duration_agree() -> None:
    accrual, lost = Accrual((6, 12), (1, 2)), Dropout.by(12, treatment=0.05, control=0.1)
    assumed = {"hazard_ratio": 0.75, "control": HAZARD, "dropout": lost, "comparison": Comparison(2.0)}
    table = survival.sample_size(THREE, power=0.9, accrual=accrual, follow_up=10, **assumed)
    assert table.times is not None
    assert table.events is not None
    absolute = accrual.scaled(table.total / accrual.total)
    again = survival.duration(THREE, power=0.9, accrual=absolute, **assumed)
    assert again.times == pytest.approx(table.times)
    assert survival.power(THREE, events=table.events[-1], accrual=absolute, **assumed).power == pytest.approx(0.9)


def test_looks_come_when_their_events_have_happened() -> None:
    table = survival.sample_size(
        THREE, hazard_ratio=0.7, power=0.9, control=HAZARD, accrual=Accrual.uniform(12), follow_up=18
    )
    assert table.times is not None
    assert table.events is not None
    trial = Stratum(Accrual.uniform(12, table.total), HAZARD, HazardRatio.constant(0.7), Dropout.none())
    seen = [expected_events([trial], t).sum() for t in table.times]
    assert seen == pytest.approx(table.events)
    assert table.times[-1] == pytest.approx(30)


def test_accrual_may_be_unfinished_at_an_early_look() -> None:
    table = survival.sample_size(
        THREE, hazard_ratio=0.6, power=0.9, control=PiecewiseHazard.from_median(3), accrual=Accrual.uniform(24),
        follow_up=2,
    )  # fmt: skip
    assert table.participants[0].sum() < table.total
    assert table.expected_participants() < table.total


def test_the_estimate_on_the_bound_has_the_bounds_z() -> None:
    margin = Comparison(null=1.3, benefit="lower")
    table = survival.duration(
        THREE, hazard_ratio=1.0, power=0.9, control=HAZARD, accrual=Accrual.uniform(12, 1500), comparison=margin
    )
    assert table.events is not None
    z = np.log(1.3 / table.efficacy_effect) * np.sqrt(table.events / 4)
    assert z == pytest.approx(THREE.efficacy_bounds)


def test_futility_stops_shorten_the_trial_under_the_null() -> None:
    table = survival.sample_size(
        STOPPING, hazard_ratio=0.7, power=0.9, control=HAZARD, accrual=Accrual.uniform(12), follow_up=18
    )
    assert table.power == pytest.approx(0.9)
    assert table.expected_events("null") < table.expected_events("effect") < table.events[-1]  # type: ignore[index]


def test_weibull_times_are_proportional_hazards_too() -> None:
    table = survival.sample_size(
        FIXED, hazard_ratio=0.7, power=0.8, control=WeibullHazard(17, 1.5), accrual=Accrual.uniform(12), follow_up=18
    )
    assert table.events is not None
    assert table.events[-1] == pytest.approx(246.787, abs=1e-3)
    assert table.total < 362  # more of them have the event by then than under the exponential of the same median


def test_lachin_and_foulkes_approach_schoenfeld_as_the_ratio_nears_one() -> None:
    trial = [Stratum(Accrual.uniform(12), HAZARD, HazardRatio.constant(0.97), Dropout.none())]
    exact = lachin_foulkes.sample_size(FIXED, trial, time=30, power=0.9)
    simple = survival.sample_size(
        FIXED, hazard_ratio=0.97, power=0.9, control=HAZARD, accrual=Accrual.uniform(12), follow_up=18
    )
    assert exact.total == pytest.approx(simple.total, rel=2e-3)


def test_strata_of_one_kind_are_one_stratum() -> None:
    ratio, lost = HazardRatio.constant(0.7), Dropout.none()
    whole = lachin_foulkes.sample_size(THREE, [Stratum(Accrual.uniform(12), HAZARD, ratio, lost)], time=30, power=0.9)
    halves = [Stratum(Accrual.uniform(12, share), HAZARD, ratio, lost) for share in (0.3, 0.7)]
    split = lachin_foulkes.sample_size(THREE, halves, time=30, power=0.9)
    assert split.total == pytest.approx(whole.total)
    assert split.times == pytest.approx(whole.times)


def test_an_event_target_out_of_reach_is_refused() -> None:
    with pytest.raises(DesignError, match=r"`events` must be reachable, got 300.0 where at most 200.0 of 200"):
        survival.power(FIXED, hazard_ratio=0.7, events=300, control=HAZARD, accrual=Accrual.uniform(12, 200))


def test_more_looks_than_events_are_refused() -> None:
    looks = GroupSequential(np.arange(1, 6) / 5, efficacy=spending.pocock(0.025))
    with pytest.raises(DesignError, match="`events` must expect at least one event at each look"):
        survival.power(looks, hazard_ratio=0.7, events=4, control=HAZARD, accrual=Accrual.uniform(12, 200))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hazard_ratio": 0.0}, "`hazard_ratio` must be positive"),
        ({"hazard_ratio": 1.0}, "`effect` must lie on the side of benefit"),
        ({"hazard_ratio": 1.2, "comparison": Comparison(benefit="lower")}, "`effect` must lie on the side of benefit"),
        ({"comparison": Comparison(null=-1.0)}, "`null` must be positive"),
        ({"follow_up": -1.0}, "`follow_up` must be finite and not negative"),
        ({"power": 2.0}, "`power` must"),
        ({"control": PiecewiseHazard.constant(0.0)}, "`control` must let some have the event"),
    ],
)
def test_impossible_questions_are_refused(changes, says) -> None:  # type: ignore[no-untyped-def]
    asked = {
        "hazard_ratio": 0.7, "power": 0.9, "control": HAZARD, "accrual": Accrual.uniform(12), "follow_up": 18,
    } | changes  # fmt: skip
    with pytest.raises(DesignError, match=says):
        survival.sample_size(THREE, **asked)


def test_lachin_and_foulkes_refuse_ratios_that_change() -> None:
    late = Stratum(Accrual.uniform(12), HAZARD, HazardRatio((0, 3), (1.0, 0.6)), Dropout.none())
    with pytest.raises(DesignError, match="`strata` must share one constant hazard ratio"):
        lachin_foulkes.sample_size(FIXED, [late], time=30, power=0.9)
