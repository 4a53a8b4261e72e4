"""Signatures and corrections: nothing is edited away."""

from __future__ import annotations

import pytest
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.errors import ConductError
from calor.web.audit_check import verify
from calor.web.models import Allocation, Participant, Signature
from calor.web.permissions import Role
from calor.web.services import corrections
from calor.web.signatures import holds


@pytest.fixture
def running(database: str) -> Running:
    """A trial with two participants."""
    trial = open_running_trial()
    trial.register("01-001")
    trial.register("01-002")
    return trial


def _participant(identifier: str = "01-001") -> Participant:
    return Participant.objects.get(identifier=identifier)


def _sign(running: Running, identifier: str = "01-001") -> Signature:
    who = running.people[Role.INVESTIGATOR]
    return corrections.sign(
        who, _participant(identifier), meaning="I reviewed this", username=who.username, password=PASSWORD
    )


def test_a_signature_says_who_when_and_what_it_means(running: Running) -> None:
    signature = _sign(running)
    assert signature.printed_name == running.people[Role.INVESTIGATOR].last_name
    assert signature.meaning == "I reviewed this"
    assert signature.at.utcoffset().total_seconds() == 0
    assert holds(signature, _participant())


def test_a_signature_is_broken_by_a_later_correction(running: Running) -> None:
    signature = _sign(running)
    corrections.correct(running.people["second"], _participant(), "stratum", "other", reason="misread ECG")
    assert not holds(signature, _participant())


def test_a_signature_copied_to_another_record_does_not_hold_and_is_found(running: Running) -> None:
    signature = _sign(running)
    copied = Signature.objects.get(pk=signature.pk)
    copied.pk, copied.record = None, f"participant/{_participant('01-002').pk}"
    copied.save(force_insert=True)
    assert not holds(copied, _participant("01-002"))
    assert "signature/" in str(verify().problem)


@pytest.mark.parametrize("wrong", [{"password": "wrong horse battery"}, {"username": "x"}, {"meaning": " "}])
def test_a_signature_needs_the_signers_name_password_and_a_meaning(running: Running, wrong: dict[str, str]) -> None:
    who = running.people[Role.INVESTIGATOR]
    right = {"meaning": "reviewed", "username": who.username, "password": PASSWORD}
    with pytest.raises(ConductError):
        corrections.sign(who, _participant(), **{**right, **wrong})
    assert Signature.objects.count() == 0


def test_a_correction_counts_once_another_person_has_signed_it(running: Running) -> None:
    second, investigator = running.people["second"], running.people[Role.INVESTIGATOR]
    correction = corrections.correct(second, _participant(), "stratum", "other", reason="misread ECG")
    assert corrections.effective(_participant())["stratum"] == "anterior"
    with pytest.raises(ConductError, match="another person"):
        corrections.sign_correction(second, correction, username=second.username, password=PASSWORD)
    corrections.sign_correction(investigator, correction, username=investigator.username, password=PASSWORD)
    assert corrections.effective(_participant())["stratum"] == "other"
    assert _participant().stratum == correction.old == "anterior"  # what was recorded stays
    running.allocate("01-001")
    assert Allocation.objects.get().stratum == "other"
    assert verify().problem is None


def test_a_correction_after_allocation_never_recomputes_it(running: Running) -> None:
    running.allocate("01-001")
    investigator = running.people[Role.INVESTIGATOR]
    correction = corrections.correct(running.people["second"], _participant(), "stratum", "other", reason="misread")
    corrections.sign_correction(investigator, correction, username=investigator.username, password=PASSWORD)
    assert Allocation.objects.get().stratum == "anterior"
    assert corrections.effective(_participant())["stratum"] == "other"


@pytest.mark.parametrize(
    ("field", "new", "reason"),
    [
        ("stratum", "other", " "),
        ("stratum", "posterior", "misread"),
        ("eligible", "no", "misread"),
        ("identifier", "01-009", "typo"),
    ],
)
def test_corrections_without_reason_or_of_the_wrong_kind_are_refused(
    running: Running, field: str, new: object, reason: str
) -> None:
    with pytest.raises(ConductError):
        corrections.correct(running.people["second"], _participant(), field, new, reason=reason)
