from __future__ import annotations

import numpy as np
import pytest

from calor.design import max_combo, weighted_logrank
from calor.design.accrual import Accrual
from calor.design.expected_events import Stratum
from calor.design.fleming_harrington import FlemingHarrington
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
from calor.errors import DesignError

LOGRANK, LATE = FlemingHarrington(0, 0), FlemingHarrington(0, 0.5)
CONTROL, DELAYED = PiecewiseHazard.from_median(9), HazardRatio((0, 4), (1.0, 0.6))
TRIAL = Stratum(Accrual.uniform(12, 300), CONTROL, DELAYED, Dropout.by(12, 0.05, 0.05))


def _proportional(ratio: float) -> Stratum:
    return Stratum(Accrual.uniform(12, 300), CONTROL, HazardRatio.constant(ratio), Dropout.none())


def test_maxcombo_of_like_weights_is_little_stricter_than_one() -> None:
    weights = [LOGRANK, FlemingHarrington(0, 0.01)]
    got = max_combo.power([TRIAL], weights=weights, time=36)
    assert 1.95996 < got.bound < 1.97
    one = weighted_logrank.scores([TRIAL], [LOGRANK], 36)
    assert got.means[0] == pytest.approx(one.mean[0] / np.sqrt(one.covariance[0, 0]))


def test_maxcombo_sample_size_and_power_agree() -> None:
    weights = [LOGRANK, LATE, FlemingHarrington(0.5, 0.5)]
    needed = max_combo.sample_size([TRIAL], weights=weights, time=36, power=0.85)
    assert needed.power == pytest.approx(0.85, abs=1e-5)
    assert needed.to_frame().shape == (3, 2)
    assert "MaxCombo of FH(0, 0), FH(0, 0.5), FH(0.5, 0.5)" in str(needed)


def test_a_trial_without_effect_rejects_at_its_level() -> None:
    assert max_combo.power([_proportional(1.0)], weights=[LOGRANK, LATE], time=36).power == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: max_combo.power([TRIAL], weights=[LOGRANK], time=36), "`weights` must be two or more"),
        (lambda: max_combo.power([TRIAL], weights=[LATE, LATE], time=36), "`weights` must be two or more"),
        (lambda: max_combo.power([TRIAL], weights=[LATE, LOGRANK], time=36, alpha=0.6), "`alpha` must lie"),
        (
            lambda: max_combo.sample_size([TRIAL], weights=[LATE, LOGRANK], time=36, power=0.01),
            "`power` must lie between alpha",
        ),
        (
            lambda: max_combo.sample_size([_proportional(1.2)], weights=[LATE, LOGRANK], time=36, power=0.9),
            "`strata` must favor treatment",
        ),
    ],
)
def test_impossible_questions_are_refused(make, says) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DesignError, match=says):
        make()
