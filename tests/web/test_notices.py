"""Notices: a list that ends, an unblinding to be assessed, a clock set back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.errors import ConductError
from calor.web import blinded
from calor.web.audit_check import verify
from calor.web.models import AssessmentClosing, ImpactAssessment, Notice, Participant, Signature
from calor.web.permissions import Role
from calor.web.services import unblinding
from calor.web.services.plans import MinimizationPlan
from calor.web.signatures import holds


def test_before_a_list_ends_the_administrator_and_the_pharmacist_are_told_once(on_sqlite: str) -> None:
    running = open_running_trial(length=20)
    for i in range(20):
        assert Notice.objects.count() == (0 if i < 18 else 2)
        running.register(f"01-{i:03}")
        running.allocate(f"01-{i:03}")
    assert set(Notice.objects.values_list("role", flat=True)) == {Role.ADMINISTRATOR, Role.PHARMACIST}
    (notice,) = blinded.notices(running.people[Role.ADMINISTRATOR], running.trial)
    # Neither how many places are left nor anything of blocks or arms.
    assert notice["text"] == "The list of stratum anterior is nearly used up."
    assert blinded.notices(running.people[Role.COORDINATOR], running.trial) == []
    assert verify().problem is None


def test_before_random_elements_are_used_up_the_same_are_told(on_sqlite: str) -> None:
    running = open_running_trial(plan=MinimizationPlan((1, 1), (("a", "b"),), 10, 0.8, (1.0,)))
    for i in range(9):
        running.register(f"01-{i:03}", "ab"[i % 2])
        running.allocate(f"01-{i:03}")
    assert Notice.objects.filter(text="The list of random elements is nearly used up.").count() == 2


@pytest.fixture
def unblinded(on_sqlite: str) -> Running:
    """A trial with one participant, unblinded."""
    running = open_running_trial()
    running.register("01-001")
    running.allocate("01-001")
    investigator = running.people[Role.INVESTIGATOR]
    unblinding.unblind(
        investigator,
        Participant.objects.get(),
        confirm="01-001",
        reason="capillary leak",
        username=investigator.username,
        password=PASSWORD,
    )
    return running


def test_the_impact_of_an_unblinding_is_assessed_and_signed_once(unblinded: Running) -> None:
    monitor, assessment = unblinded.people[Role.MONITOR], ImpactAssessment.objects.get()
    signed = {"username": monitor.username, "password": PASSWORD}
    assert blinded.assessments(monitor, unblinded.trial)[0]["conclusion"] is None
    closing = unblinding.close_assessment(monitor, assessment, conclusion="Follow-up stays blinded.", **signed)
    assert blinded.assessments(monitor, unblinded.trial)[0]["conclusion"] == "Follow-up stays blinded."
    signature = Signature.objects.get(record=f"assessmentclosing/{closing.pk}")
    assert holds(signature, closing)
    with pytest.raises(ConductError, match="be open"):
        unblinding.close_assessment(monitor, assessment, conclusion="Another.", **signed)
    assert verify().problem is None


@pytest.mark.parametrize("wrong", [{"conclusion": " "}, {"password": "wrong horse battery"}, {"username": "x"}])
def test_an_assessment_without_conclusion_or_own_password_stays_open(unblinded: Running, wrong: dict[str, str]) -> None:
    monitor = unblinded.people[Role.MONITOR]
    right = {"conclusion": "None.", "username": monitor.username, "password": PASSWORD}
    with pytest.raises(ConductError):
        unblinding.close_assessment(monitor, ImpactAssessment.objects.get(), **{**right, **wrong})
    assert AssessmentClosing.objects.count() == 0


def test_a_clock_set_back_is_flagged_and_the_order_of_rows_stands(
    on_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A7, A18"""
    running = open_running_trial()
    running.register("01-001")
    assert verify().clock_set_back == ()
    yesterday = timezone.now() - timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: yesterday)
    running.register("01-002")
    running.allocate("01-002")
    monkeypatch.undo()
    running.allocate("01-001")
    verdict = verify()
    assert verdict.problem is None
    (flag,) = verdict.clock_set_back
    assert "of chain IVORY-2" in flag
    assert "the server's clock was set back before row" in str(verdict)
    rows = [row["record"] for row in blinded.audit_rows(running.people[Role.MONITOR], running.trial)]
    assert rows.index("allocation/1") < rows.index("allocation/2")
