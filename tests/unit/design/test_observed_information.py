"""Bounds recomputed when looks come earlier or later than planned."""

from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, classical, spending
from calor.design.observed_information import recompute
from calor.errors import DesignError

PLANNED = GroupSequential([0.5, 0.75, 1.0], efficacy=spending.obrien_fleming(0.025))


def test_looks_as_planned_change_nothing() -> None:
    same = recompute(PLANNED, [150, 225, 300], 300, final=True)
    assert same.efficacy_bounds == pytest.approx(PLANNED.efficacy_bounds, abs=1e-10)


@pytest.mark.parametrize("last", [270, 300, 345])
def test_under_and_over_running_spend_all_of_alpha(last: float) -> None:
    design = recompute(PLANNED, [140, 222, last], 300, final=True)
    assert design.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)
    assert design.information_fractions[-1] == pytest.approx(last / 300)
    early = spending.obrien_fleming(0.025).spent(np.array([140, 222]) / 300)
    assert design.alpha_spent[:2] == pytest.approx(early, abs=1e-10)


def test_earlier_bounds_do_not_depend_on_later_information() -> None:
    interim = recompute(PLANNED, [140], 300, final=False)
    final = recompute(PLANNED, [140, 222, 345], 300, final=True)
    assert interim.efficacy_bounds[0] == pytest.approx(final.efficacy_bounds[0], abs=1e-12)
    assert interim.information_fractions.tolist() == pytest.approx([140 / 300, 0.75, 1.0])


def test_a_classical_boundary_keeps_its_early_bounds() -> None:
    planned = GroupSequential([0.5, 1.0], efficacy=classical.pocock(0.025))
    design = recompute(planned, [120, 310], 300, final=True)
    assert design.efficacy_bounds[0] == planned.efficacy_bounds[0]
    assert design.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)


def test_beta_spending_keeps_the_planned_drift() -> None:
    planned = GroupSequential([0.5, 0.75, 1.0], efficacy=spending.obrien_fleming(0.025), futility=spending.pocock(0.1))
    design = recompute(planned, [150, 225, 300], 300, final=True)
    assert design.futility_drift == planned.futility_drift
    assert design.futility_bounds == pytest.approx(planned.futility_bounds, abs=1e-8)


def test_fixed_futility_bounds_are_kept() -> None:
    planned = GroupSequential([0.5, 1.0], efficacy=spending.pocock(0.025), futility=[0.3], binding=True)
    design = recompute(planned, [130, 300], 300, final=True)
    assert design.futility_bounds[0] == 0.3
    assert design.alpha_spent[-1] == pytest.approx(0.025, abs=1e-10)


@pytest.mark.parametrize(
    ("information", "final", "message"),
    [
        ([150, 140], False, "`information` must increase"),
        ([300], False, "stay below the planned 300 before the final look, got 300.0 at look 1"),
        ([150, 310, 320], True, "stay below the planned 300"),
    ],
)
def test_impossible_information_is_refused(information: list[float], final: bool, message: str) -> None:
    with pytest.raises(DesignError, match=message):
        recompute(PLANNED, information, 300, final=final)


def test_more_looks_than_a_classical_boundary_has_are_refused() -> None:
    planned = GroupSequential([0.5, 1.0], efficacy=classical.pocock(0.025))
    with pytest.raises(DesignError, match="have at most 2 looks"):
        recompute(planned, [100, 200, 300], 300, final=True)


def test_planned_information_must_be_positive() -> None:
    with pytest.raises(DesignError, match="`planned_information` must be positive"):
        recompute(PLANNED, [100], 0, final=False)
