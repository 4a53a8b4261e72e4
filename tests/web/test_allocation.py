"""Allocation: once, in list order, or not at all."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from django.utils import timezone
from tests.web.running_trial import open_running_trial

from calor.errors import ConductError
from calor.web.audit_check import verify
from calor.web.encryption import open_arm
from calor.web.models import Allocation, Kit, Slot, StratumHead
from calor.web.permissions import Role
from calor.web.services import activation

pytestmark = pytest.mark.usefixtures("database")


def _used() -> tuple[int, int]:
    return Allocation.objects.count(), sum(StratumHead.objects.values_list("next_position", flat=True))


def test_places_are_given_in_list_order_with_kits_of_their_arm() -> None:
    running = open_running_trial()
    for i in range(6):
        running.register(f"01-{i:03}", ("anterior", "other")[i % 2])
        running.allocate(f"01-{i:03}")
    for stratum in ("anterior", "other"):
        given = Allocation.objects.filter(stratum=stratum).order_by("pk").select_related("slot", "kit")
        assert [a.position for a in given] == [0, 1, 2]
        for a in given:
            kit_arm = open_arm(a.kit.sealed_arm, "IVORY-2", "kit", a.kit.number)
            assert kit_arm == open_arm(a.slot.sealed_arm, "IVORY-2", "slot", stratum, a.position)
    assert verify().problem is None


def test_asking_again_tells_the_same_allocation() -> None:
    """A17"""
    running = open_running_trial()
    running.register("01-001")
    first = running.allocate("01-001", key="a")
    assert running.allocate("01-001", key="a") == first
    assert running.allocate("01-001", key="b") == first
    assert _used() == (1, 1)


def test_a_key_of_another_participant_is_refused() -> None:
    running = open_running_trial()
    running.register("01-001")
    running.register("01-002")
    running.allocate("01-001", key="a")
    with pytest.raises(ConductError, match="key"):
        running.allocate("01-002", key="a")
    assert _used() == (1, 1)


def test_an_exhausted_list_refuses_and_uses_nothing() -> None:
    """A17"""
    running = open_running_trial(length=2)
    for i in range(3):
        running.register(f"01-{i:03}")
    running.allocate("01-000")
    running.allocate("01-001")
    with pytest.raises(ConductError, match="place left"):
        running.allocate("01-002")
    assert _used() == (2, 2)
    assert verify().problem is None


def test_without_a_kit_of_the_arm_no_place_is_used() -> None:
    running = open_running_trial(kits=1)
    for i in range(4):
        running.register(f"01-{i:03}")
    told = 0
    for i in range(4):
        try:
            running.allocate(f"01-{i:03}")
        except ConductError as error:
            assert "in stock" in str(error)
        else:
            told += 1
    assert told <= 1
    assert _used() == (told, told)


@pytest.mark.parametrize(("eligible", "consent"), [(False, "2"), (True, "")])
def test_nobody_is_allocated_before_consent_or_eligibility(eligible: bool, consent: str) -> None:
    running = open_running_trial()
    running.register("01-001", eligible=eligible, consent=consent)
    with pytest.raises(ConductError, match="eligible and have consented"):
        running.allocate("01-001")
    assert _used() == (0, 0)


def test_unknown_participants_and_strata_are_refused() -> None:
    running = open_running_trial()
    with pytest.raises(ConductError):
        running.allocate("01-999")
    with pytest.raises(ConductError, match="stratum"):
        running.register("01-001", "posterior")
    running.register("01-001")
    with pytest.raises(ConductError, match="identifier"):
        running.register("01-001")


def test_only_a_previewed_configuration_is_activated_and_only_once() -> None:
    """A22: what was drawn for development never becomes the trial's own."""
    running = open_running_trial()
    plan = activation.ListPlan((1, 1), (4, 6), ("anterior",), 24)
    administrator = running.people[Role.ADMINISTRATOR]
    guessable, configuration = activation.preview(plan)
    assert "69.33 %" in guessable
    with pytest.raises(ConductError, match="previewed"):
        activation.activate(administrator, running.trial, plan, configuration="0" * 64)
    with pytest.raises(ConductError, match="no list yet"):
        activation.activate(administrator, running.trial, plan, configuration=configuration)


def test_sealed_arms_have_one_length_and_open_only_in_their_place() -> None:
    """A4, A6"""
    running = open_running_trial()
    slots = list(Slot.objects.filter(stratum="anterior").order_by("position"))
    assert {len(bytes(slot.sealed_arm)) for slot in slots} == {12 + 16 + 16}
    for place in (("slot", "anterior", 1), ("slot", "other", 0), ("kit", "anterior", 0)):
        with pytest.raises(ConductError, match="sealed for this place"):
            open_arm(slots[0].sealed_arm, running.trial.code, *place)
    with pytest.raises(ConductError, match="sealed for this place"):
        open_arm(slots[0].sealed_arm, "IVORY-3", "slot", "anterior", 0)


def test_kit_numbers_and_their_order_do_not_tell_the_arm() -> None:
    """A4"""
    running = open_running_trial(kits=200)
    kits = list(Kit.objects.order_by("pk"))
    arms = [open_arm(kit.sealed_arm, running.trial.code, "kit", kit.number) for kit in kits]
    assert [kit.number for kit in kits] == sorted(kit.number for kit in kits)
    assert sum(arms) == 100
    # The pharmacist entered the arms alternating; of 199 neighbors about half differ, SD 7.
    changes = sum(a != b for a, b in pairwise(arms))
    assert abs(changes - 100) < 5 * 7.1, changes


def test_the_servers_clock_says_when_in_utc() -> None:
    """A18"""
    running = open_running_trial()
    running.register("01-001")
    before = timezone.now()
    told = running.allocate("01-001").at
    assert before <= datetime.fromisoformat(told) <= timezone.now()
    assert told.endswith("+00:00")
