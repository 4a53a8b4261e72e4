"""Who may do what: the table is complete, and everything outside it is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.errors import ConductError
from calor.web import blinded
from calor.web.audit import save_audited
from calor.web.audit_check import verify
from calor.web.capture.models import Alert, DataCut, Query, WithheldAlert, WithheldFile
from calor.web.models import AuditRow, ImpactAssessment, Notice, Participant, Unblinding
from calor.web.permissions import AT_A_SITE, PERMITTED, UNBLINDED, Action, Role, can
from calor.web.screening import Judged
from calor.web.services import (
    accounts,
    activation,
    adverse_events,
    alerts,
    allocation,
    consent,
    corrections,
    cuts,
    enrollment,
    exports,
    imports,
    laboratory,
    lock,
    queries,
    unblinding,
    visits,
)

SERVICES = (
    accounts, activation, adverse_events, alerts, allocation, consent, corrections, cuts, enrollment, exports, imports,
    laboratory, lock, queries, unblinding, visits,
)  # fmt: skip
VIEWED = {Action.ENTER, Action.VIEW, Action.VIEW_WITHHELD, Action.SCREEN}
INSIDE = {"store_signature"}  # called by services that have checked

FILE = b"participant,visit,analyte,value,unit\n"
# What a person without any role could try, and the action that the table must permit for it.
Attempt = Callable[[Running, Any], object]
ATTEMPTS: dict[str, tuple[Action, Attempt]] = {
    "add_site": (Action.ADD_SITE, lambda r, who: accounts.add_site(who, r.trial, "02")),
    "change_role": (
        Action.GRANT_ROLE,
        lambda r, who: accounts.change_role(who, r.people["second"], Role.MONITOR, r.trial, reason="delegation"),
    ),
    "switch_account": (
        Action.CHANGE_ACCOUNT,
        lambda r, who: accounts.switch_account(who, r.people["second"], r.trial, on=True, reason="back"),
    ),
    "take_authenticator": (
        Action.CHANGE_ACCOUNT,
        lambda r, who: accounts.take_authenticator(who, r.people["second"], r.trial, reason="telephone lost"),
    ),
    "activate": (
        Action.ACTIVATE_LIST,
        lambda r, who: activation.activate(
            who, r.trial, activation.ListPlan((1, 1), (4,), ("x",), 4), configuration="x"
        ),
    ),
    "receive_kits": (Action.RECEIVE_KITS, lambda r, who: activation.receive_kits(who, r.site, [0, 1])),
    "stock": (Action.RECEIVE_KITS, lambda r, who: activation.stock(who, r.site)),
    "register": (
        Action.REGISTER,
        lambda r, who: allocation.register(who, r.site, "01-900", stratum="other", consent_version="2", eligible=True),
    ),
    "allocate": (Action.ALLOCATE, lambda r, who: allocation.allocate(who, r.trial, "01-002", key="k")),
    "correct": (
        Action.CORRECT,
        lambda r, who: corrections.correct(who, _participant(), "stratum", "other", reason="misread"),
    ),
    "sign_correction": (
        Action.SIGN_CORRECTION,
        lambda r, who: corrections.sign_correction(who, _open_correction(r), username=who.username, password=PASSWORD),
    ),
    "sign": (
        Action.SIGN,
        lambda r, who: corrections.sign(
            who, _participant(), meaning="reviewed", username=who.username, password=PASSWORD
        ),
    ),
    "read_arm": (Action.READ_ARM, lambda r, who: unblinding.read_arm(who, _participant())),
    "unblind": (
        Action.UNBLIND,
        lambda r, who: unblinding.unblind(
            who, _participant(), confirm="01-001", reason="bleeding", username=who.username, password=PASSWORD
        ),
    ),
    "consent": (
        Action.CONSENT,
        lambda r, who: enrollment.consent(who, r.site, next(_numbers), version="2", signed_on=date(2026, 1, 1)),
    ),
    "randomize": (
        Action.ALLOCATE,
        lambda r, who: enrollment.randomize(
            who, _consent(r), Judged("ineligible", ()), confirmed={}, stratum="other", key="k"
        ),
    ),
    "withdraw": (Action.WITHDRAW, lambda r, who: consent.withdraw(who, _participant(), reason="asked")),
    "close_assessment": (
        Action.CLOSE_ASSESSMENT,
        lambda r, who: unblinding.close_assessment(
            who, _open_assessment(r), conclusion="none", username=who.username, password=PASSWORD
        ),
    ),
    "record_visit": (
        Action.RECORD_VISIT,
        lambda r, who: visits.record_visit(who, _participant(), "V3", on=None, reason="ill"),
    ),
    "record_values": (Action.RECORD_VALUE, lambda r, who: laboratory.record_values(who, _participant(), "V3", {})),
    "record_withheld": (
        Action.RECORD_WITHHELD,
        lambda r, who: laboratory.record_withheld(who, _participant(), "V8", {}),
    ),
    "record_event": (Action.RECORD_EVENT, lambda r, who: adverse_events.record_event(who, _participant(), _event())),
    "report_serious": (
        Action.REPORT_SERIOUS,
        lambda r, who: adverse_events.report_serious(who, _serious(r), "24 hours"),
    ),
    "record_medication": (
        Action.RECORD_MEDICATION,
        lambda r, who: adverse_events.record_medication(
            who, _participant(), adverse_events.Drug("Aspirin", "75 mg", "prevention", date(2026, 1, 1))
        ),
    ),
    "acknowledge": (Action.ACKNOWLEDGE, lambda r, who: alerts.acknowledge(who, _alert(Alert), done="seen")),
    "acknowledge_withheld": (
        Action.ACKNOWLEDGE_WITHHELD,
        lambda r, who: alerts.acknowledge_withheld(who, _alert(WithheldAlert), done="seen"),
    ),
    "ask": (Action.ASK, lambda r, who: queries.ask(who, _participant(), about="V3", text="Is it right?")),
    "answer": (Action.ANSWER, lambda r, who: queries.answer(who, _query(r), text="Yes.")),
    "close": (Action.CLOSE, lambda r, who: queries.close(who, _query(r))),
    "lock_data": (
        Action.LOCK_DATA,
        lambda r, who: lock.lock_data(who, r.trial, confirm="", username=who.username, password=PASSWORD),
    ),
    "export": (Action.EXPORT, lambda r, who: exports.export(who, r.trial, exports.CSV)),
    "export_unblinded": (
        Action.EXPORT_UNBLINDED,
        lambda r, who: exports.export_unblinded(who, r.trial, exports.CSV),
    ),
    "plan_values": (Action.RECORD_VALUE, lambda r, who: imports.plan_values(who, r.trial, FILE)),
    "import_values": (Action.RECORD_VALUE, lambda r, who: imports.import_values(who, r.trial, FILE, seen="x")),
    "plan_withheld": (Action.RECORD_WITHHELD, lambda r, who: imports.plan_withheld(who, r.trial, FILE)),
    "import_withheld": (
        Action.RECORD_WITHHELD,
        lambda r, who: imports.import_withheld(who, r.trial, FILE, seen="x"),
    ),
    "set_file_aside": (
        Action.RECORD_WITHHELD,
        lambda r, who: imports.set_file_aside(who, _file_waiting(r), reason="sent twice"),
    ),
    "files_waiting": (Action.RECORD_WITHHELD, lambda r, who: imports.files_waiting(who, r.trial)),
    "make_cut": (Action.MAKE_CUT, lambda r, who: _make_cut(r, who, f"cut {next(_numbers)}")),
    "read_open": (Action.READ_OPEN, lambda r, who: cuts.read_open(who, _any_cut(r))),
    "read_closed": (Action.READ_CLOSED, lambda r, who: cuts.read_closed(who, _any_cut(r))),
    "read_result": (Action.READ_RESULTS, lambda r, who: cuts.read_result(who, _any_cut(r), "recurrent_mi")),
    "read_codes": (
        Action.READ_CODES,
        lambda r, who: cuts.read_codes(who, r.trial, reason="asked", username=who.username, password=PASSWORD),
    ),
    "audit_rows": (Action.VIEW_AUDIT, lambda r, who: blinded.audit_rows(who, r.trial)),
}


def _event(*criteria: str) -> adverse_events.Event:
    now = timezone.now()
    return adverse_events.Event("Fever", now.date(), 2, now, criteria=criteria)


def _serious(running: Running) -> Any:
    return adverse_events.record_event(running.people["second"], _participant(), _event("hospital"))


def _alert(model: Any) -> Any:
    number, trial = model.objects.count(), _participant().trial
    alert = model(
        trial=trial, participant=_participant(), rule="x", key=f"{number}", text="x", action="x", roles=[],
        at=timezone.now(),
    )  # fmt: skip
    save_audited(alert, chain=trial.code, actor="rules", action="raise alert")
    return alert


def _query(running: Running) -> Any:
    by, participant = running.people[Role.MONITOR], _participant()
    query = Query(participant=participant, about="V3", text="Is it right?", by=by, at=timezone.now())
    save_audited(query, chain=participant.trial.code, actor="prepared", action="ask")
    return query


def _file_waiting(running: Running) -> Any:
    by = running.people["second"]
    file = WithheldFile(trial=running.trial, site=running.site, content="", by=by, at=timezone.now())
    save_audited(file, chain=running.trial.code, actor="prepared", action="hand on withheld values")
    return file


def _make_cut(running: Running, who: Any, name: str) -> Any:
    told = {"name": name, "cutoff": timezone.now().date(), "reason": "the board meets"}
    return cuts.make_cut(who, running.trial, **told, username=who.username, password=PASSWORD)


def _any_cut(running: Running) -> Any:
    made = DataCut.objects.filter(trial=running.trial).first()
    return made or _make_cut(running, running.people[Role.UNBLINDED_STATISTICIAN], "the first")


def _participant() -> Any:
    return Participant.objects.get(identifier="01-001")


_numbers = count(1)


def _consent(running: Running) -> Any:
    return enrollment.consent(
        running.people["second"], running.site, next(_numbers), version="2", signed_on=date(2026, 1, 1)
    )


def _open_correction(running: Running) -> Any:
    return corrections.correct(running.people["second"], _participant(), "stratum", "other", reason="misread")


def _open_assessment(running: Running) -> Any:
    second = running.people["second"]
    unblinding.unblind(
        second, _participant(), confirm="01-001", reason="leak", username=second.username, password=PASSWORD
    )
    return ImpactAssessment.objects.last()


@pytest.fixture
def running(database: str) -> Iterator[Running]:
    """A trial with one allocation, and a participant without."""
    trial = open_running_trial()
    trial.register("01-001")
    trial.allocate("01-001")
    trial.register("01-002")
    with override_settings(TRIAL_FOLDER=str(Path(__file__).parents[2] / "examples/ivory")):
        yield trial


def test_the_table_names_every_action_and_every_role() -> None:
    assert set(PERMITTED) == set(Action)
    assert frozenset().union(*PERMITTED.values()) | UNBLINDED == set(Role)


def test_every_service_that_an_actor_calls_is_tried_here() -> None:
    services = {
        name
        for module in SERVICES
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "actor" in inspect.signature(function).parameters
    }
    assert services - INSIDE <= set(ATTEMPTS)
    assert {action for action, _ in ATTEMPTS.values()} | VIEWED == set(Action)


def test_no_blinded_role_may_learn_an_arm_but_in_an_emergency() -> None:
    for action in (Action.READ_ARM, Action.RECEIVE_KITS, Action.EXPORT_UNBLINDED):
        assert PERMITTED[action] <= UNBLINDED
    assert PERMITTED[Action.UNBLIND] == {Role.INVESTIGATOR}


def test_an_action_is_refused_to_every_role_outside_the_table_and_to_nobody_in_it(running: Running) -> None:
    nobody = accounts.create_account("operator", "nobody", PASSWORD, full_name="No Body")
    for name, (action, attempt) in ATTEMPTS.items():
        for role in (*Role, None):
            who = nobody if role is None else running.people[role]
            allowed = role is not None and role in PERMITTED[action]
            assert can(who, action, running.trial, running.site) == allowed, f"{role}: {name}"
            before = AuditRow.objects.filter(actor=who.username).count()
            refused = _refused(running, who, attempt)
            assert refused != allowed, f"{role}: {name}"
            assert allowed or AuditRow.objects.filter(actor=who.username).count() == before


def _refused(running: Running, who: Any, attempt: Attempt) -> bool:
    """Say whether an attempt was refused for want of a role; the rest of the rules may refuse it as well."""
    try:
        attempt(running, who)
    except ConductError as error:
        return "hold a role" in str(error)
    return False


def test_a_role_at_one_site_is_none_at_another(running: Running) -> None:
    other = accounts.add_site(running.people[Role.ADMINISTRATOR], running.trial, "02")
    for role in AT_A_SITE:
        for action in Action:
            assert not can(running.people[role], action, running.trial, other)


def test_participants_of_another_site_are_neither_seen_nor_allocated(running: Running) -> None:
    """A2"""
    administrator = running.people[Role.ADMINISTRATOR]
    other = accounts.add_site(administrator, running.trial, "02")
    stranger = accounts.create_account("operator", "stranger", PASSWORD, full_name="A Stranger")
    accounts.change_role(administrator, stranger, Role.COORDINATOR, running.trial, site=other, reason="delegation")
    assert blinded.participants(stranger, running.trial) == []
    messages = []
    for identifier in ("01-002", "99-999"):
        with pytest.raises(ConductError) as refused:
            allocation.allocate(stranger, running.trial, identifier, key="k")
        messages.append(str(refused.value).replace(identifier, ""))
    assert messages[0] == messages[1]


def test_a_role_taken_back_ends_at_once(running: Running) -> None:
    administrator, coordinator = running.people[Role.ADMINISTRATOR], running.people[Role.COORDINATOR]
    accounts.change_role(
        administrator, coordinator, Role.COORDINATOR, running.trial, site=running.site, granted=False, reason="left"
    )
    with pytest.raises(ConductError, match="hold a role"):
        running.allocate("01-002")


def test_nobody_grants_themselves_or_joins_blinded_and_unblinded_work(running: Running) -> None:
    """A14"""
    administrator = running.people[Role.ADMINISTRATOR]
    with pytest.raises(ConductError, match="another person"):
        accounts.change_role(
            administrator, administrator, Role.PHARMACIST, running.trial, site=running.site, reason="short of staff"
        )
    coordinator = running.people[Role.COORDINATOR]
    with pytest.raises(ConductError, match="blinded and unblinded"):
        accounts.change_role(
            administrator, coordinator, Role.PHARMACIST, running.trial, site=running.site, reason="short of staff"
        )


def test_accounts_and_role_changes_are_in_the_audit_trail(running: Running) -> None:
    assert AuditRow.objects.filter(chain="system", action="create account").count() == len(running.people)
    assert AuditRow.objects.filter(chain="IVORY-2", action="grant role").count() == len(running.people)
    with pytest.raises(ConductError, match="say why"):
        accounts.change_role(
            running.people[Role.ADMINISTRATOR], running.people["second"], Role.MONITOR, running.trial, reason=" "
        )


def test_weak_passwords_and_taken_names_are_refused(running: Running) -> None:
    with pytest.raises(ConductError, match="password"):
        accounts.create_account("operator", "weak", "password", full_name="W")
    with pytest.raises(ConductError, match="username"):
        accounts.create_account("operator", running.people["second"].username.upper(), PASSWORD, full_name="S")


def test_emergency_unblinding_works_alone_and_tells_those_who_must_know(running: Running) -> None:
    """A16: no letter has to be sent, so none can be lost."""
    investigator = running.people[Role.INVESTIGATOR]
    signed = {"username": investigator.username, "password": PASSWORD}
    arm = unblinding.unblind(investigator, _participant(), confirm="01-001", reason="capillary leak", **signed)
    assert arm == unblinding.read_arm(running.people[Role.PHARMACIST], _participant())
    unblinded = Unblinding.objects.get()
    assert unblinded.impactassessment.opened_at == unblinded.at
    assert set(Notice.objects.values_list("role", flat=True)) == set(unblinding.TOLD_OF_UNBLINDING)
    told = " ".join(Notice.objects.values_list("text", flat=True))
    written = told + str(list(AuditRow.objects.values_list()))
    assert "aldesleukin" not in written.replace("open trial", "")
    assert "placebo" not in written
    assert AuditRow.objects.filter(action=Action.UNBLIND, reason="capillary leak").count() == 1
    assert verify().problem is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"confirm": "01-002"},
        {"reason": "  "},
        {"password": "wrong horse battery"},
        {"username": "second.investigator.ivory-2"},
    ],
)
def test_unblinding_without_confirmation_reason_or_own_password_is_refused(
    running: Running, wrong: dict[str, str]
) -> None:
    """A16"""
    investigator = running.people[Role.INVESTIGATOR]
    right = {"confirm": "01-001", "reason": "leak", "username": investigator.username, "password": PASSWORD}
    with pytest.raises(ConductError):
        unblinding.unblind(investigator, _participant(), **{**right, **wrong})
    assert Unblinding.objects.count() == 0


def test_five_unblindings_within_an_hour_raise_an_alarm(running: Running) -> None:
    """A16"""
    investigator = running.people[Role.INVESTIGATOR]
    signed = {"username": investigator.username, "password": PASSWORD}
    for _ in range(5):
        assert not AuditRow.objects.filter(action="alarm").exists()
        unblinding.unblind(investigator, _participant(), confirm="01-001", reason="leak", **signed)
    assert AuditRow.objects.filter(action="alarm").count() == 1


def test_five_wrong_passwords_lock_the_signer_out(running: Running) -> None:
    """A14"""
    investigator = running.people[Role.INVESTIGATOR]
    signed = {"meaning": "reviewed", "username": investigator.username}
    for _ in range(5):
        with pytest.raises(ConductError, match="signer's own"):
            corrections.sign(investigator, _participant(), password="guess", **signed)  # noqa: S106
    with pytest.raises(ConductError, match="fail fewer than 5"):
        corrections.sign(investigator, _participant(), password=PASSWORD, **signed)
    assert AuditRow.objects.filter(chain="system", action="access refused").count() == 5


def test_logins_and_failures_are_in_the_audit_trail(running: Running) -> None:
    username = running.people[Role.MONITOR].username
    client = Client()
    for password in ("wrong horse battery", PASSWORD):
        client.post("/sign-in/", {"username": username, "password": password})
    client.post("/sign-out/")
    actions = AuditRow.objects.filter(chain="system", actor=username).order_by("n").values_list("action", flat=True)
    assert list(actions) == ["access refused", "logged in", "logged out"]
    assert verify().problem is None
