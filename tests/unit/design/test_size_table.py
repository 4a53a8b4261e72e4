from __future__ import annotations

import numpy as np
import pytest

from calor.design import GroupSequential, means, spending, survival
from calor.design.accrual import Accrual
from calor.design.hazard import PiecewiseHazard
from calor.errors import DesignError

DESIGN = GroupSequential(
    np.array([0.5, 1.0]), efficacy=spending.obrien_fleming(0.025), futility=spending.obrien_fleming(0.1)
)
TABLE = survival.sample_size(
    DESIGN, hazard_ratio=0.8, power=0.9, control=PiecewiseHazard.constant(0.04), accrual=Accrual.uniform(2), follow_up=3
)


def test_it_prints_what_a_protocol_needs() -> None:
    text = str(TABLE)
    assert text.startswith("Survival, log-rank test: hazard ratio 0.8 (null 1), one-sided alpha 0.025, power 90.0 %")
    for row in ("Information", "Events", "Participants, control", "Efficacy: z beyond", "Futility: estimate short of"):
        assert f"\n{row} " in text
    assert "A fixed design would need" in text
    widths = {len(line) for line in text.splitlines()[2:-4]}
    assert len(widths) == 1, "columns line up"


def test_participants_are_rounded_up_in_print_only() -> None:
    assert TABLE.total % 1 != 0
    arms = int(np.ceil(TABLE.participants[-1]).sum())
    assert f"At most {arms} participants" in str(TABLE)


def test_a_two_sided_bound_is_printed_on_the_absolute_z() -> None:
    two_sided = GroupSequential(np.array([0.5, 1.0]), efficacy=spending.obrien_fleming(0.05), sides=2)
    assert "\nEfficacy: |z| beyond " in str(means.sample_size(two_sided, difference=0.5, sd=1, power=0.9))


def test_a_fixed_design_prints_no_expectation() -> None:
    fixed = GroupSequential(np.ones(1), efficacy=spending.obrien_fleming(0.025))
    text = str(means.sample_size(fixed, difference=0.5, sd=1, power=0.9))
    assert text.endswith("172 participants.")


def test_a_design_without_futility_prints_no_futility() -> None:
    plain = GroupSequential(np.array([0.5, 1.0]), efficacy=spending.obrien_fleming(0.025))
    assert "Futility" not in str(means.sample_size(plain, difference=0.5, sd=1, power=0.9))


def test_the_stops_of_all_looks_add_up() -> None:
    table = TABLE.to_frame()
    assert table["efficacy"].sum() == pytest.approx(TABLE.power)
    assert table["efficacy"].sum() + table["futility"].sum() < 1
    assert list(table.index) == [1, 2]


def test_expectations_lie_between_first_and_last_look() -> None:
    assert TABLE.times is not None
    assert TABLE.times[0] < TABLE.expected_duration < TABLE.times[1]
    for under in ("null", "halfway", "effect"):
        assert TABLE.events[0] < TABLE.expected_events(under) < TABLE.events[1]  # type: ignore[index]


def test_what_an_endpoint_does_not_have_cannot_be_asked_for() -> None:
    table = means.sample_size(DESIGN, difference=0.5, sd=1, power=0.9)
    with pytest.raises(DesignError, match="`endpoint` must have events"):
        table.expected_events()
    with pytest.raises(DesignError, match="`endpoint` must have a calendar"):
        _ = table.expected_duration


def test_a_first_look_without_a_participant_in_each_arm_is_refused() -> None:
    early = GroupSequential(np.array([0.01, 1.0]), efficacy=spending.obrien_fleming(0.025))
    with pytest.raises(DesignError, match="at least one participant in each arm"):
        means.sample_size(early, difference=1, sd=1, power=0.9, test="z")


def test_a_trial_is_planned_with_looks_that_end_at_full_information() -> None:
    over = GroupSequential(
        np.array([0.5, 1.1]), efficacy=spending.obrien_fleming(0.025), spending_times=np.array([0.5, 1.0])
    )
    with pytest.raises(DesignError, match="`information_fractions` must end at 1"):
        means.sample_size(over, difference=0.5, sd=1, power=0.9)
