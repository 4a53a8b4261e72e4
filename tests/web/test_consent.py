"""Consent, people who take part already, and what changes between looking and clicking."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.apps import apps
from tests.web.running_trial import PASSWORD, Running, open_running_trial
from tests.web.test_allocation_races import at_once

from calor.errors import ConductError
from calor.web.audit_check import verify
from calor.web.models import Allocation, AuditRow, Notice, Participant, PersonDigest, Withdrawal
from calor.web.permissions import Action, Role
from calor.web.persons import Person
from calor.web.services import accounts, allocation, consent, corrections

ANNA = Person(number="CH-756.1234", names="Anna-Maria Müller", born=date(1961, 2, 3))


@pytest.fixture
def running(on_sqlite: str) -> Running:
    """A trial without participants."""
    return open_running_trial()


def _register(running: Running, identifier: str, person: Person | None, site: Any = None, who: Any = None) -> Any:
    return allocation.register(
        who or running.people[Role.COORDINATOR],
        site or running.site,
        identifier,
        stratum="anterior",
        consent_version="2",
        eligible=True,
        person=person,
    )


def test_withdrawn_consent_counts_at_once_and_refuses_an_allocation(running: Running) -> None:
    participant = running.register("01-001")
    consent.withdraw(running.people[Role.COORDINATOR], participant, reason="no longer wishes")
    with pytest.raises(ConductError, match="not be withdrawn"):
        running.allocate("01-001")
    with pytest.raises(ConductError, match="not be withdrawn yet"):
        consent.withdraw(running.people[Role.COORDINATOR], participant, reason="again")
    assert Allocation.objects.count() == 0
    assert AuditRow.objects.filter(action=Action.WITHDRAW, reason="no longer wishes").count() == 1
    assert verify().problem is None


def test_a_withdrawal_without_reason_is_refused(running: Running) -> None:
    with pytest.raises(ConductError, match="say why"):
        consent.withdraw(running.people[Role.COORDINATOR], running.register("01-001"), reason=" ")


def test_consent_withdrawn_in_the_same_instant_comes_before_or_after_and_never_between(database: str) -> None:
    """A21"""
    running = open_running_trial()
    identifiers = [f"01-{i:03}" for i in range(8)]
    for identifier in identifiers:
        running.register(identifier)
    told = at_once(database, running, [[(what, i) for i in identifiers] for what in ("allocate", "withdraw")])
    assert sorted(i for i, answer, _ in told if not answer.startswith("error"))
    assert not [answer for _, answer, _ in told if answer.startswith("error") and "withdrawn" not in answer]
    assert Withdrawal.objects.count() == len(identifiers)
    order = dict(AuditRow.objects.values_list("record", "n"))
    for allocated in Allocation.objects.select_related("participant__withdrawal"):
        withdrawal = allocated.participant.withdrawal
        assert order[f"allocation/{allocated.pk}"] < order[f"withdrawal/{withdrawal.pk}"]
    assert verify().problem is None


def test_a_person_is_registered_once_whatever_the_site_and_the_way_of_writing(running: Running) -> None:
    """A19"""
    administrator = running.people[Role.ADMINISTRATOR]
    other = accounts.add_site(administrator, running.trial, "02")
    stranger = accounts.create_account("operator", "stranger", PASSWORD, full_name="A Stranger")
    accounts.change_role(administrator, stranger, Role.COORDINATOR, running.trial, site=other, reason="delegation")
    _register(running, "01-001", ANNA)
    again = (
        Person(number="ch 7561234"),
        Person(names="MULLER Anna Maria", born=date(1961, 2, 3)),
        Person(number="another", names="anna maria muller", born=date(1961, 2, 3)),
    )
    for i, person in enumerate(again):
        with pytest.raises(ConductError, match="takes part"):
            _register(running, f"02-{i:03}", person, other, stranger)
    assert Participant.objects.count() == 1
    assert Notice.objects.filter(role=Role.ADMINISTRATOR, text__contains="site 02").count() == 3
    twin = Person(names="Eva Müller", born=date(1961, 2, 3))
    _register(running, "02-009", twin, other, stranger)
    assert verify().problem is None


def test_who_withdrew_is_not_registered_again(running: Running) -> None:
    """A19"""
    participant = _register(running, "01-001", ANNA)
    consent.withdraw(running.people[Role.COORDINATOR], participant, reason="asked to")
    with pytest.raises(ConductError, match="takes part"):
        _register(running, "01-002", ANNA)


def test_nothing_of_a_person_is_kept_but_keyed_digests(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    """A15"""
    caplog.set_level("DEBUG")
    _register(running, "01-001", ANNA)
    with pytest.raises(ConductError) as refused:
        _register(running, "01-002", ANNA)
    assert PersonDigest.objects.count() == 2
    rows = [str(row) for model in apps.get_app_config("calor_web").get_models() for row in model.objects.values_list()]
    written = " ".join([*rows, str(refused.value), caplog.text, repr(ANNA)]).casefold()
    for canary in ("müller", "muller", "anna", "7561234", "756.1234", "1961-02-03", "1961, 2, 3"):
        assert canary not in written
    assert ANNA.digests("IVORY-2") != ANNA.digests("IVORY-3")


def test_too_little_to_identify_a_person_is_refused(running: Running) -> None:
    for person in (Person(), Person(names="Anna Müller"), Person(born=date(1961, 2, 3)), Person(number=" - ")):
        with pytest.raises(ConductError, match="identified"):
            _register(running, "01-001", person)
    assert Participant.objects.count() == 0


def test_a_stratum_corrected_between_looking_and_clicking_is_shown_and_asked_again(running: Running) -> None:
    """A20"""
    participant, coordinator = running.register("01-001"), running.people[Role.COORDINATOR]
    investigator = running.people[Role.INVESTIGATOR]
    correction = corrections.correct(coordinator, participant, "stratum", "other", reason="misread ECG")
    corrections.sign_correction(investigator, correction, username=investigator.username, password=PASSWORD)
    with pytest.raises(ConductError, match="as it now is, other"):
        allocation.allocate(coordinator, running.trial, "01-001", key="k", shown="anterior")
    assert Allocation.objects.count() == 0
    allocation.allocate(coordinator, running.trial, "01-001", key="k", shown="other")
    assert Allocation.objects.get().stratum == "other"


@pytest.mark.parametrize("identifier", ["", "  ", "a/b", "a\nb", "a\0b", "x" * 41])
def test_identifiers_that_no_address_can_hold_are_refused(running: Running, identifier: str) -> None:
    with pytest.raises(ConductError, match="identifier"):
        running.register(identifier)
