"""Minimization and Hu-Hu in the database: every place follows from all earlier ones, and can be checked for ever."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from tests.web.databases import use
from tests.web.running_trial import Running, open_running_trial
from tests.web.superuser import without_triggers
from tests.web.test_allocation_races import race
from tests.web.test_backup import restored

from calor.enroll.minimization import Minimization
from calor.errors import ConductError
from calor.web.audit_check import verify
from calor.web.encryption import open_arm, seal_arm
from calor.web.models import ActiveMethod, Allocation, Participant, SealedDraw, Slot, StratumHead
from calor.web.permissions import Role
from calor.web.services import activation, unblinding
from calor.web.services.adaptive import arms_of
from calor.web.services.plans import HuHuPlan, MinimizationPlan, plan_of

FACTORS = (("anterior", "other"), ("2 to 5 mg/L", "over 5 mg/L"))
STRATA = tuple(", ".join(levels) for levels in product(*FACTORS))
MINIMIZATION = MinimizationPlan((2, 1), FACTORS, 100, 0.9, (1.0, 1.0))
HU_HU = HuHuPlan((1, 1), FACTORS, 100, 0.85, 0.1, 0.3, (0.3, 0.3))


def _allocate(running: Running, count: int) -> None:
    for i in range(count):
        running.register(f"01-{i:03}", STRATA[i * i % 4])
        running.allocate(f"01-{i:03}")


def _arms(running: Running) -> list[int]:
    slots = Slot.objects.order_by("position")
    return [open_arm(slot.sealed_arm, running.trial.code, "slot", slot.stratum, slot.position) for slot in slots]


@pytest.mark.parametrize("plan", [MINIMIZATION, HU_HU])
def test_arms_are_those_of_the_method_with_the_sealed_random_elements(
    database: str, plan: MinimizationPlan | HuHuPlan
) -> None:
    running = open_running_trial(plan=plan, kits=80)
    _allocate(running, 20)
    strata = list(Allocation.objects.order_by("pk").values_list("stratum", flat=True))
    assert _arms(running) == arms_of(running.trial, plan, strata)
    assert list(Allocation.objects.order_by("pk").values_list("position", flat=True)) == list(range(20))
    assert plan_of(ActiveMethod.objects.get().parameters) == plan
    assert verify().problem is None
    arm = unblinding.read_arm(running.people[Role.PHARMACIST], Participant.objects.get(identifier="01-000"))
    assert arm == running.trial.arms[_arms(running)[0]]


def test_eight_processes_balance_on_all_earlier_allocations(database: str) -> None:
    running = open_running_trial(plan=MINIMIZATION, kits=200)
    identifiers = [f"01-{i:03}" for i in range(96)]
    for i, identifier in enumerate(identifiers):
        running.register(identifier, STRATA[i * i % 4])
    told = race(database, running, [identifiers[i::8] for i in range(8)])
    assert not [kit for _, kit, _ in told if kit.startswith("error")]
    assert dict(Allocation.objects.values_list("participant__identifier", "kit__number")) == {
        identifier: kit for identifier, kit, _ in told
    }
    assert list(Allocation.objects.order_by("pk").values_list("position", flat=True)) == list(range(96))
    # Everyone is allocated again, one after the other: had two processes looked at the same allocations, some arm would
    # now come out otherwise.
    assert verify().problem is None
    assert abs(_arms(running).count(1) - 32) <= 6


def test_a_rule_without_balance_would_be_noticed(on_sqlite: str) -> None:
    """The check above can fail: one arm other than the method's is found."""
    running = open_running_trial(plan=MINIMIZATION, kits=80)
    _allocate(running, 6)
    slot = Slot.objects.get(position=3)
    other = 1 - open_arm(slot.sealed_arm, running.trial.code, "slot", slot.stratum, 3)
    with without_triggers():
        sealed = seal_arm(other, running.trial.code, "slot", slot.stratum, 3)
        Slot.objects.filter(pk=slot.pk).update(sealed_arm=sealed)
    assert "allocation 3 of trial IVORY-2 is not what its method gives" in str(verify().problem)


def test_a_random_element_exchanged_is_found(on_sqlite: str) -> None:
    running = open_running_trial(plan=MINIMIZATION, kits=80)
    _allocate(running, 4)
    first, second = SealedDraw.objects.order_by("n")[:2]
    with without_triggers():
        SealedDraw.objects.filter(pk=first.pk).update(sealed=second.sealed)
    assert "not the one that was drawn" in str(verify().problem)


def test_a_refusal_for_want_of_a_kit_does_not_draw_again(database: str) -> None:
    running = open_running_trial(plan=HU_HU, kits=1)  # one kit, of the first arm
    for i in range(8):
        running.register(f"01-{i:03}", STRATA[0])
    expected = arms_of(running.trial, HU_HU, [STRATA[0]] * 2)
    answers = []
    for i in (0, 1, 1, 1, 1):
        try:
            running.allocate(f"01-{i:03}")
            answers.append("told")
        except ConductError as error:
            assert "in stock" in str(error)
            answers.append("refused")
    if expected[0] == 1:
        assert answers == ["refused"] * 5
    else:
        assert answers == ["told", *["refused"] * 4]
    assert StratumHead.objects.get().next_position == Slot.objects.count() == answers.count("told")


def test_the_next_minimized_allocation_after_a_restore_is_the_one_that_would_have_come(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    running = open_running_trial(plan=MINIMIZATION, kits=80)
    _allocate(running, 5)
    for i in range(5, 12):
        running.register(f"01-{i:03}", STRATA[i % 4])
    copy = restored(database, tmp_path, request)
    answers = []
    for url in (database, copy):
        use(url)
        answers.append([running.allocate(f"01-{i:03}").kit for i in range(5, 12)])
        assert verify().problem is None
    use("sqlite:///:memory:")
    assert answers[0] == answers[1]


def test_random_elements_used_up_refuse(on_sqlite: str) -> None:
    running = open_running_trial(plan=MinimizationPlan((1, 1), FACTORS, 3, 0.8, (1.0, 1.0)), kits=20)
    _allocate(running, 3)
    running.register("01-900", STRATA[0])
    with pytest.raises(ConductError, match="place left"):
        running.allocate("01-900")
    assert verify().problem is None


def test_how_minimization_can_be_guessed_is_shown_before_it_is_active() -> None:
    guessable, _ = activation.preview(MINIMIZATION)
    assert "at most 95.00 % guessed correctly" in guessable
    assert str(Minimization((2, 1), (2, 2), (1.0, 1.0), 0.9)) in guessable


def test_strata_of_a_balanced_trial_are_the_combinations_of_levels(on_sqlite: str) -> None:
    running = open_running_trial(plan=MINIMIZATION)
    with pytest.raises(ConductError, match="stratum"):
        running.register("01-001", "anterior")
    running.register("01-001", "anterior, over 5 mg/L")
