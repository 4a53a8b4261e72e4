from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, spending, survival, weighted_logrank
from calor.design.accrual import Accrual
from calor.design.expected_events import Stratum
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
from calor.errors import DesignError

LOGRANK, LATE = FlemingHarrington(0, 0), FlemingHarrington(0, 0.5)
OBF = spending.obrien_fleming(0.025)
CONTROL, DELAYED = PiecewiseHazard.from_median(9), HazardRatio((0, 4), (1.0, 0.6))
TRIAL = Stratum(Accrual.uniform(12, 300), CONTROL, DELAYED, Dropout.by(12, 0.05, 0.05))


def _proportional(ratio: float) -> Stratum:
    return Stratum(Accrual.uniform(12, 300), CONTROL, HazardRatio.constant(ratio), Dropout.none())


def test_one_look_at_proportional_hazards_is_close_to_schoenfeld() -> None:
    fixed = GroupSequential(np.ones(1), efficacy=OBF)
    simple = survival.sample_size(
        fixed, hazard_ratio=0.8, power=0.9, control=CONTROL, accrual=Accrual.uniform(12), follow_up=24
    )
    table = weighted_logrank.sample_size([_proportional(0.8)], times=[36], power=0.9, weight=LOGRANK, efficacy=OBF)
    assert table.total == pytest.approx(simple.total, rel=0.02)


def test_sample_size_and_power_agree() -> None:
    asked = {
        "times": [18, 27, 36],
        "efficacy": OBF,
        "weight": LATE,
        "futility": spending.hwang_shih_decani(0.1, gamma=-2),
    }
    needed = weighted_logrank.sample_size([TRIAL], power=0.85, **asked)
    larger = Stratum(TRIAL.accrual.scaled(needed.total / TRIAL.n), CONTROL, DELAYED, TRIAL.dropout)
    got = weighted_logrank.power([larger], **asked)
    assert got.power == pytest.approx(0.85)
    assert got.times is not None
    assert got.times.tolist() == [18, 27, 36]


def test_late_weights_see_a_delayed_effect_better() -> None:
    seen = weighted_logrank.scores([TRIAL], [LOGRANK, LATE], 36)
    z = seen.mean / np.sqrt(seen.covariance.diagonal())
    assert z[1] > z[0]


def test_the_weighted_average_of_a_constant_ratio_is_close_to_it() -> None:
    table = weighted_logrank.power([_proportional(0.9)], times=[36], weight=LATE, efficacy=OBF)
    assert table.effect == pytest.approx(0.9, abs=0.002)


def test_weights_follow_the_survivor_function() -> None:
    survivors = np.array([1.0, 0.5, 0.1])
    assert LOGRANK.at(survivors).tolist() == [1, 1, 1]
    assert FlemingHarrington(1, 0).at(survivors).tolist() == survivors.tolist()
    assert str(LATE) == "FH(0, 0.5)"


def test_a_trial_followed_until_nobody_is_left_has_scores() -> None:
    steep = Stratum(Accrual.uniform(12, 300), PiecewiseHazard.constant(5.0), HazardRatio.constant(0.7), Dropout.none())
    seen = weighted_logrank.scores([steep], [LOGRANK, LATE], 1000)
    assert seen.events == pytest.approx(300)
    assert np.all(np.isfinite(seen.null_covariance))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: FlemingHarrington(-1, 0), "`rho` must be finite and not negative"),
        (lambda: FlemingHarrington(0, float("nan")), "`gamma` must be finite and not negative"),
        (lambda: weighted_logrank.scores([TRIAL], [], 36), "`weights` must hold at least one"),
        (lambda: weighted_logrank.scores([], [LATE], 36), "`strata` must hold at least one"),
        (lambda: weighted_logrank.scores([TRIAL], [LATE], -1), "`times` must be positive"),
    ],
)
def test_impossible_questions_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()
