from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, average_hazard_ratio, spending, survival
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.expected_events import Stratum
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
from calor.errors import DesignError

OBF = spending.obrien_fleming(0.025)
CONTROL, DELAYED = PiecewiseHazard.from_median(9), HazardRatio((0, 4), (1.0, 0.6))
TRIAL = Stratum(Accrual.uniform(12, 300), CONTROL, DELAYED, Dropout.by(12, 0.05, 0.05))


def _proportional(ratio: float) -> Stratum:
    return Stratum(Accrual.uniform(12, 300), CONTROL, HazardRatio.constant(ratio), Dropout.none())


def test_a_constant_hazard_ratio_is_its_own_average() -> None:
    got = average_hazard_ratio.average_hazard_ratio([_proportional(0.7)], [10, 20, 30])
    assert got.ratio == pytest.approx([0.7, 0.7, 0.7])


def test_a_delayed_effect_shows_more_the_later_one_looks() -> None:
    got = average_hazard_ratio.average_hazard_ratio([TRIAL], [10, 20, 36])
    assert 1 > got.ratio[0] > got.ratio[1] > got.ratio[2] > 0.6


def test_strata_average_by_their_events() -> None:
    both = [_proportional(0.5), _proportional(1.0)]
    got = average_hazard_ratio.average_hazard_ratio(both, [30])
    apart = [average_hazard_ratio.average_hazard_ratio([s], [30]) for s in both]
    events = [a.events[0] for a in apart]
    assert got.events[0] == pytest.approx(sum(events))
    assert np.log(got.ratio[0]) == pytest.approx(np.log(0.5) * events[0] / sum(events))


def test_one_look_at_proportional_hazards_is_close_to_schoenfeld() -> None:
    fixed = GroupSequential(np.ones(1), efficacy=OBF)
    simple = survival.sample_size(
        fixed, hazard_ratio=0.8, power=0.9, control=CONTROL, accrual=Accrual.uniform(12), follow_up=24
    )
    table = average_hazard_ratio.sample_size([_proportional(0.8)], times=[36], power=0.9, efficacy=OBF)
    assert table.total == pytest.approx(simple.total, rel=0.02)


def test_sample_size_and_power_agree() -> None:
    asked = {"times": [18, 27, 36], "efficacy": OBF, "futility": spending.hwang_shih_decani(0.1, gamma=-2)}
    needed = average_hazard_ratio.sample_size([TRIAL], power=0.85, **asked)
    larger = Stratum(TRIAL.accrual.scaled(needed.total / TRIAL.n), CONTROL, DELAYED, TRIAL.dropout)
    got = average_hazard_ratio.power([larger], **asked)
    assert got.power == pytest.approx(0.85)
    assert got.times is not None
    assert got.times.tolist() == [18, 27, 36]


def test_a_margin_moves_the_null() -> None:
    """Non-inferiority of an equal treatment against 1.3 is as hard as superiority of a ratio of 1 / 1.3, nearly."""
    margin, end = Comparison(null=1.3), [36]
    equal = average_hazard_ratio.sample_size(
        [_proportional(1.0)], times=end, power=0.9, efficacy=OBF, comparison=margin
    )
    better = average_hazard_ratio.sample_size([_proportional(1 / 1.3)], times=end, power=0.9, efficacy=OBF)
    assert equal.events[-1] == pytest.approx(better.events[-1], rel=0.02)  # type: ignore[index]
    assert 1.0 < equal.efficacy_effect[-1] < 1.3


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: average_hazard_ratio.average_hazard_ratio([], [12]), "`strata` must hold at least one"),
        (lambda: average_hazard_ratio.average_hazard_ratio([TRIAL], [12, 12]), "`times` must be positive and increase"),
        (lambda: average_hazard_ratio.average_hazard_ratio([TRIAL], []), "`times` must be positive and increase"),
        (
            lambda: average_hazard_ratio.power([TRIAL], times=[0.1, 36], efficacy=OBF),
            "`design` must (have|expect) at least one",
        ),
        (
            lambda: average_hazard_ratio.power([TRIAL], times=[36], efficacy=OBF, comparison=Comparison(null=-1.0)),
            "`null` must be positive",
        ),
        (
            lambda: average_hazard_ratio.sample_size([_proportional(1.1)], times=[36], power=0.9, efficacy=OBF),
            "`effect` must favor treatment at the last look",
        ),
        (
            lambda: average_hazard_ratio.sample_size([TRIAL], times=[36], power=0.02, efficacy=OBF),
            "`power` must lie between alpha",
        ),
    ],
)
def test_impossible_questions_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()
