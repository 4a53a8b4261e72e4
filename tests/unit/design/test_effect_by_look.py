from __future__ import annotations

import numpy as np
import pytest

from calor.design import average_hazard_ratio, spending
from calor.design.accrual import Accrual
from calor.design.effect_by_look import EffectByLook
from calor.design.expected_events import Stratum
from calor.design.hazard import Dropout, HazardRatio, PiecewiseHazard
from calor.errors import DesignError

OBF = spending.obrien_fleming(0.025)
CONTROL, DELAYED = PiecewiseHazard.from_median(9), HazardRatio((0, 4), (1.0, 0.6))
TRIAL = Stratum(Accrual.uniform(12, 300), CONTROL, DELAYED, Dropout.by(12, 0.05, 0.05))


def test_futility_spends_its_beta_under_the_effect() -> None:
    seen = average_hazard_ratio.average_hazard_ratio([TRIAL], [18, 27, 36])
    trial = average_hazard_ratio.effect_by_look(seen)
    beta = spending.hwang_shih_decani(0.1, gamma=-2)
    efficacy = trial.design(OBF, None).efficacy_bounds
    bounds = trial.futility_bounds(efficacy, beta)
    spent = np.cumsum(trial.crossing(efficacy, bounds).futility)
    assert spent == pytest.approx(beta.spent(seen.information / seen.information[-1]), abs=1e-9)


def test_a_constant_effect_and_equal_informations_are_the_ordinary_design() -> None:
    information = np.array([20.0, 40.0, 50.0])
    trial = EffectByLook(np.full(3, 0.4), information, information)
    design = trial.design(OBF, None)
    ordinary = design.crossing(0.4 * np.sqrt(50))
    got = trial.crossing(design.efficacy_bounds, design.futility_bounds)
    assert got.efficacy == pytest.approx(ordinary.efficacy, abs=1e-12)


def test_an_overwhelming_effect_stops_at_the_first_look_one_way_or_the_other() -> None:
    trial = EffectByLook(np.full(2, 3.0), np.array([20.0, 40.0]), np.array([21.0, 42.0]))
    design = trial.design(OBF, spending.hwang_shih_decani(0.1, gamma=-2))
    stops = trial.crossings(design)[2]
    assert (stops.efficacy + stops.futility)[0] == pytest.approx(1)


def test_information_must_grow_from_look_to_look() -> None:
    with pytest.raises(DesignError, match="`information` must be positive and grow"):
        EffectByLook(np.ones(2), np.array([2.0, 1.0]), np.ones(2))


def test_an_effect_that_futility_stops_too_often_has_no_sample_size() -> None:
    """An effect that is harmful early is given up early, however large the trial."""
    trial = EffectByLook(np.array([-0.5, 0.3]), np.array([20.0, 40.0]), np.array([20.0, 40.0]))
    with pytest.raises(DesignError, match="`power` must be reachable with these looks"):
        trial.factor_for(0.9, OBF, spending.hwang_shih_decani(0.2, gamma=4))
