"""Sample sizes that trials published or that follow from closed forms: input, rule, answer."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from calor.design import GroupSequential, means, rates, spending, survival
from calor.design.accrual import Accrual
from calor.design.comparison import Comparison
from calor.design.hazard import PiecewiseHazard

TWO_SIDED = GroupSequential(np.ones(1), efficacy=spending.at_the_end(0.05), sides=2)


@pytest.mark.parametrize(
    ("hazard_ratio", "power", "events"),
    [
        (0.80, 0.95, 1044),  # ZEUS published about 1,044
        (0.70, 0.90, 331),  # LoDoCo2 published 331
        (0.80, 0.90, 845),
        (0.85, 0.90, 1592),
        (0.724, 0.80, 301),  # COLCOT
        (0.75, 0.80, 380),
    ],
)
def test_schoenfelds_events(hazard_ratio: float, power: float, events: int) -> None:
    needed = survival.events(TWO_SIDED, hazard_ratio=hazard_ratio, power=power)
    assert abs(needed - events) < 1  # some trials round up, some to the nearest


@pytest.mark.parametrize(("power", "per_arm"), [(0.8, 39), (0.9, 52)])
def test_participants_per_arm_for_ivorys_effect(power: float, per_arm: int) -> None:
    table = means.sample_size(TWO_SIDED, difference=-0.171, sd=0.265, power=power)
    assert np.ceil(table.participants[-1]).tolist() == [per_arm, per_arm]


def test_ivorys_observed_power() -> None:
    arms = Comparison(allocation_ratio=31 / 29)
    table = means.power(TWO_SIDED, difference=-0.171, sd=0.265, participants=60, comparison=arms)
    assert table.power == pytest.approx(0.690, abs=5e-4)


def test_clear_synergys_participants_by_the_unpooled_formula() -> None:
    table = rates.sample_size(TWO_SIDED, control=0.09, treatment=0.0675, power=0.8, null_variance="unpooled")
    assert np.ceil(table.participants[-1]).tolist() == [2246, 2246]


@pytest.mark.parametrize(
    ("predictive_value", "hazard_ratio", "events"),
    [(1.0, 0.750, 508), (0.8, 0.794, 794), (0.6, 0.841, 1411), (0.4, 0.891, 3175)],
)
def test_misclassified_participants_dilute_the_hazard_ratio(
    predictive_value: float, hazard_ratio: float, events: int
) -> None:
    diluted = float(np.exp(predictive_value * log(0.75)))
    assert diluted == pytest.approx(hazard_ratio, abs=5e-4)
    assert survival.events(TWO_SIDED, hazard_ratio=diluted, power=0.9) == pytest.approx(events, abs=1)


@pytest.mark.parametrize(("rate", "participants"), [(0.025, 12938), (0.036, 9119), (0.045, 7384), (0.060, 5650)])
def test_prognostic_enrichment_saves_participants_not_events(rate: float, participants: int) -> None:
    at_once = Accrual.uniform(1e-6)
    table = survival.sample_size(
        TWO_SIDED, hazard_ratio=0.8, power=0.9, control=PiecewiseHazard.constant(rate), accrual=at_once, follow_up=3
    )
    assert table.total == pytest.approx(participants, abs=3)
    assert table.events is not None
    assert table.events[-1] == pytest.approx(844.1, abs=0.1)
