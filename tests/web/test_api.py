"""The JSON interface: what it does, and what it refuses to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.web.routes import post, routes, signed_in
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.web.audit_check import verify
from calor.web.models import Allocation, AuditRow, Participant, Slot
from calor.web.permissions import PERMITTED, Action, Role, can
from calor.web.services import accounts

BASE = "/api/trials/IVORY-2"


@pytest.fixture
def running(on_sqlite: str) -> Running:
    """A trial with one allocation, and a participant without."""
    trial = open_running_trial()
    trial.register("01-001")
    trial.allocate("01-001")
    trial.register("01-002")
    return trial


def _as(running: Running, role: Role | str) -> Client:
    return signed_in(running.people[role])


def test_a_participant_is_registered_allocated_corrected_and_signed(running: Running) -> None:
    coordinator, investigator = _as(running, Role.COORDINATOR), _as(running, Role.INVESTIGATOR)
    new = {"site": "01", "identifier": "01-003", "stratum": "other", "consent_version": "2", "eligible": True}
    assert post(coordinator, f"{BASE}/participants", **new).status_code == 200
    told = post(coordinator, f"{BASE}/participants/01-003/allocation", key="k", stratum="other").json()
    assert set(told) == {"participant", "kit", "at"}
    assert post(coordinator, f"{BASE}/participants/01-003/allocation", key="k", stratum="other").json() == told
    change = {"field": "stratum", "new": "anterior", "reason": "misread ECG"}
    number = post(coordinator, f"{BASE}/participants/01-003/corrections", **change).json()["correction"]
    me = {"username": running.people[Role.INVESTIGATOR].username, "password": PASSWORD}
    assert post(investigator, f"{BASE}/corrections/{number}/signature", **me).status_code == 200
    signed = post(investigator, f"{BASE}/participants/01-003/signatures", meaning="I reviewed this", **me)
    assert signed.status_code == 200
    shown = coordinator.get(f"{BASE}/participants/01-003").json()
    assert (shown["stratum"], shown["kit"]) == ("anterior", told["kit"])
    assert coordinator.get(f"{BASE}/participants/01-003/corrections").json()[0]["counts"] is True
    assert coordinator.get(f"{BASE}/participants/01-003/signatures").json()[0]["holds"] is True
    assert len(coordinator.get(f"{BASE}/participants").json()) == 3
    assert verify().problem is None


def test_an_emergency_tells_one_arm_to_the_investigator_and_the_pharmacist_reads_the_same(running: Running) -> None:
    me = {"username": running.people[Role.INVESTIGATOR].username, "password": PASSWORD}
    path = f"{BASE}/participants/01-001"
    asked = {"confirm": "01-001", "reason": "capillary leak", **me}
    arm = post(_as(running, Role.INVESTIGATOR), f"{path}/unblinding", **asked).json()["arm"]
    assert post(_as(running, Role.PHARMACIST), f"{path}/arm").json()["arm"] == arm
    told = _as(running, Role.MONITOR).get(f"{BASE}/notices").json()
    assert [notice["role"] for notice in told] == ["monitor"]
    assert "01-001 was unblinded" in told[0]["text"]


def test_the_pharmacist_counts_kits_and_receives_more(running: Running) -> None:
    pharmacist = _as(running, Role.PHARMACIST)
    before = pharmacist.get(f"{BASE}/sites/01/kits").json()
    assert sum(before.values()) == 39
    assert post(pharmacist, f"{BASE}/kits", site="01", arms=[0, 0, 1]).status_code == 200
    after = pharmacist.get(f"{BASE}/sites/01/kits").json()
    assert [after[arm] - before[arm] for arm in running.trial.arms] == [2, 1]


def test_the_administrator_adds_sites_and_roles_and_previews_a_list(running: Running) -> None:
    administrator = _as(running, Role.ADMINISTRATOR)
    assert post(administrator, f"{BASE}/sites", site="02").status_code == 200
    role = {"username": running.people["second"].username, "role": "coordinator", "site": "02", "reason": "moved"}
    assert post(administrator, f"{BASE}/roles", **role).status_code == 200
    assert post(administrator, f"{BASE}/roles", **{**role, "username": "nobody"}).status_code == 404
    assert "70.83 %" in post(administrator, f"{BASE}/list/preview", plan=_PLAN).json()["guessable"]
    refused = post(administrator, f"{BASE}/list", plan=_PLAN, configuration="0" * 64)
    assert refused.status_code == 409
    assert administrator.get(f"{BASE}/list").json()["active"] is True


def test_an_export_is_the_kind_that_is_named_and_is_logged(running: Running) -> None:
    client = _as(running, Role.STATISTICIAN)
    for kind, media in (("csv", "application/zip"), ("odm", "application/xml")):
        answer = client.get(f"{BASE}/exports/{kind}")
        assert (answer.status_code, answer["Content-Type"]) == (200, media)
    assert client.get(f"{BASE}/exports/arms").status_code == 404
    assert AuditRow.objects.filter(action=Action.EXPORT).count() == 2


def test_what_may_not_be_set_cannot_be_sent(running: Running) -> None:
    """A13"""
    coordinator = _as(running, Role.COORDINATOR)
    for extra in ("arm", "slot", "position", "allocated_at", "at", "site", "by", "kit"):
        sent = post(coordinator, f"{BASE}/participants/01-002/allocation", key="k", stratum="anterior", **{extra: 0})
        assert sent.status_code == 422
    assert Allocation.objects.count() == 1


def test_a_refused_body_is_not_sent_back(running: Running) -> None:
    sent = {"confirm": "01-001", "reason": "leak", "username": "x", "password": {"secret": "hunter2"}}
    answer = post(_as(running, Role.INVESTIGATOR), f"{BASE}/participants/01-001/unblinding", **sent)
    assert answer.status_code == 422
    assert b"hunter2" not in answer.content


def test_every_address_declares_its_action() -> None:
    undeclared = [route.template for route in routes() if not hasattr(route.view, "action")]
    assert not undeclared
    api = [route for route in routes() if route.template.startswith("api/trials")]
    assert len(api) >= 15
    assert all(set(route.view.action) <= {"GET", "POST"} for route in api)


def test_every_address_is_absent_to_all_whose_roles_do_not_permit_its_action(running: Running) -> None:
    nobody = accounts.create_account("operator", "nobody", PASSWORD, full_name="No Body")
    for role in (*Role, None):
        assert _refusals(running, role, nobody if role is None else running.people[role]) >= 6


def _refusals(running: Running, role: Role | None, who: Any) -> int:
    """Try every address with every method whose action is not the person's; return how many there were."""
    client, tried = signed_in(who), 0
    values = {"trial": ["IVORY-2"], "identifier": ["01-001"], "site": ["01"], "kind": ["csv"], "int": [1]}
    for route in routes():
        if not isinstance(route.view.action, dict):  # a page: test_pages walks them
            continue
        for method, action in route.view.action.items():
            if can(who, action, running.trial, running.site):
                continue
            assert role not in PERMITTED[action]
            for path in route.paths(values):
                answer = client.get(path) if method == "GET" else post(client, path, **_body(action, path))
                assert answer.status_code == 404, f"{role}: {method} {path}: {answer.status_code} {answer.content!r}"
                tried += 1
    return tried


# A body that each action accepts, so that only the role is in the way.
_ME = {"username": "x", "password": "x"}
_PLAN = {"plan": "ListPlan", "ratio": [1, 1], "sizes": [4], "strata": ["all"], "length": 8}
BODIES: dict[Action, dict[str, Any]] = {
    Action.REGISTER: {
        "site": "01", "identifier": "01-009", "stratum": "other", "consent_version": "2", "eligible": True,
    },
    Action.ALLOCATE: {"key": "k", "stratum": "anterior"},
    Action.WITHDRAW: {"reason": "asked"},
    Action.CLOSE_ASSESSMENT: {"conclusion": "none", **_ME},
    Action.CORRECT: {"field": "stratum", "new": "other", "reason": "misread"},
    Action.SIGN_CORRECTION: _ME,
    Action.SIGN: {"meaning": "reviewed", **_ME},
    Action.UNBLIND: {"confirm": "01-001", "reason": "leak", **_ME},
    Action.RECEIVE_KITS: {"site": "01", "arms": [0]},
    Action.ADD_SITE: {"site": "02"},
    Action.GRANT_ROLE: {"username": "nobody", "role": "monitor", "reason": "delegation"},
    Action.ACTIVATE_LIST: {"plan": _PLAN},
    Action.RECORD_VISIT: {"on": None, "reason": "ill"},
    Action.RECORD_VALUE: {"values": {"alt": {"told": "31"}}},
    Action.RECORD_WITHHELD: {"values": {"eosinophils": {"told": "0.2"}}},
    Action.RECORD_EVENT: {"term": "Fever", "onset": "2026-01-01", "grade": 1, "learned_at": "2026-01-02T09:00:00Z"},
    Action.REPORT_SERIOUS: {"kind": "24 hours"},
    Action.RECORD_MEDICATION: {
        "name": "Aspirin", "dose": "75 mg", "indication": "Prevention", "started": "2026-01-01",
    },
    Action.ACKNOWLEDGE: {"done": "seen"},
    Action.ACKNOWLEDGE_WITHHELD: {"done": "seen"},
    Action.ASK: {"text": "Is it right?"},
    Action.ANSWER: {"text": "Yes."},
    Action.CLOSE: {},
}  # fmt: skip


def _body(action: Action, path: str) -> dict[str, Any]:
    configuration = {"configuration": "0" * 64} if path.endswith("/list") else {}
    return BODIES.get(action, {}) | configuration


def test_what_one_may_not_see_looks_like_what_does_not_exist(running: Running) -> None:
    """A1: also in headers."""
    administrator = running.people[Role.ADMINISTRATOR]
    other = accounts.add_site(administrator, running.trial, "02")
    stranger = accounts.create_account("operator", "stranger", PASSWORD, full_name="A Stranger")
    accounts.change_role(administrator, stranger, Role.COORDINATOR, running.trial, site=other, reason="delegation")
    client = signed_in(stranger)
    for route in routes():
        if "<identifier>" not in route.template or not isinstance(route.view.action, dict):
            continue
        for method, action in route.view.action.items():
            answers = []
            for identifier in ("01-001", "99-999"):
                (path,) = route.paths({"trial": ["IVORY-2"], "identifier": [identifier]})
                with CaptureQueriesContext(connection) as queries:
                    answer = client.get(path) if method == "GET" else post(client, path, **_body(action, path))
                answers.append((answer.status_code, answer.content, sorted(answer.headers.items())))
            assert answers[0] == answers[1], path
            assert answers[0][0] == 404
            assert len(queries) < 10


def test_a_change_of_site_takes_effect_within_the_session(running: Running) -> None:
    """A2"""
    coordinator = running.people[Role.COORDINATOR]
    client = signed_in(coordinator)
    assert client.get(f"{BASE}/participants/01-001").status_code == 200
    accounts.change_role(
        running.people[Role.ADMINISTRATOR], coordinator, Role.COORDINATOR, running.trial,
        site=running.site, granted=False, reason="moved",
    )  # fmt: skip
    assert client.get(f"{BASE}/participants/01-001").status_code == 404
    assert post(client, f"{BASE}/participants/01-002/allocation", key="k", stratum="anterior").status_code == 404


def test_nobody_who_is_not_signed_in_reaches_anything(running: Running) -> None:
    values = {"trial": ["IVORY-2"], "identifier": ["01-001"], "site": ["01"], "kind": ["csv"], "int": [1]}
    for route in routes():
        if isinstance(route.view.action, dict):
            for path in route.paths(values):
                for method in route.view.action:
                    assert getattr(Client(SERVER_NAME="localhost"), method.lower())(path).status_code == 401


def test_a_post_without_the_token_is_refused(running: Running) -> None:
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    client.force_login(running.people[Role.COORDINATOR])
    assert post(client, f"{BASE}/participants/01-002/allocation", key="k", stratum="anterior").status_code == 403
    assert Allocation.objects.count() == 1


def test_reading_changes_nothing(running: Running) -> None:
    values = {"trial": ["IVORY-2"], "identifier": ["01-001", "01-002"], "site": ["01"], "kind": ["csv"], "int": [1]}
    before = Allocation.objects.count(), Participant.objects.count(), Slot.objects.count()
    for role in (Role.INVESTIGATOR, Role.PHARMACIST):
        client = _as(running, role)
        for route in routes():
            for path in route.paths(values):
                client.get(path)
    assert (Allocation.objects.count(), Participant.objects.count(), Slot.objects.count()) == before
    for path in (f"{BASE}/participants/01-002/allocation", f"{BASE}/participants/01-002/unblinding"):
        assert _as(running, Role.INVESTIGATOR).get(path).status_code == 405


def test_odd_names_in_addresses_are_absent(running: Running) -> None:
    client = _as(running, Role.INVESTIGATOR)
    me = {"username": "x", "password": "x"}
    assert post(client, f"{BASE}/corrections/{'9' * 40}/signature", **me).status_code == 404
    for odd in ("%00", "01-001%00", "%27%20OR%201=1", "..%2f..", "9" * 500, "%F0%9F%92%A5"):
        for path in (f"{BASE}/participants/{odd}", f"/api/trials/{odd}/list"):
            assert client.get(path).status_code == 404
