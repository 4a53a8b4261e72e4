"""Captured data over JSON: the same services as the pages, for the same people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.web.captured_trial import CANARY, DAY_12, SECRET_DEED, START
from tests.web.routes import post, routes, signed_in
from tests.web.running_trial import Running

from calor.web.audit_check import verify
from calor.web.capture.models import AdverseEvent, Alert, LabValue, Query, VisitRecord, WithheldAlert, WithheldValue
from calor.web.permissions import Action, Role

BASE = "/api/trials/IVORY"
ONE = f"{BASE}/participants/01-001"


def _told(captured: Running, role: Role, path: str) -> Any:
    answer = signed_in(captured.people[role]).get(path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def _sent(captured: Running, role: Role, path: str, **body: object) -> Any:
    return post(signed_in(captured.people[role]), path, **body)


def test_visits_are_listed_with_their_windows_and_recorded(captured: Running) -> None:
    visits = {one["visit"]: one for one in _told(captured, Role.MONITOR, f"{ONE}/visits")}
    assert (visits["V8"]["status"], visits["V8"]["on"], visits["V8"]["version"]) == ("done", str(DAY_12), 1)
    assert (visits["V7"]["status"], visits["V7"]["version"]) == ("overdue", 0)
    on = str(START.date() + timedelta(days=4))
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/visits/V7", on=on).json()["version"] == 1
    stale = _sent(captured, Role.COORDINATOR, f"{ONE}/visits/V7", on=on, reason="misread")
    assert (stale.status_code, "latest version" in stale.json()["detail"]) == (409, True)
    again = _sent(captured, Role.COORDINATOR, f"{ONE}/visits/V7", on=on, reason="misread", seen=1)
    assert again.json()["version"] == VisitRecord.objects.filter(visit="V7").count() == 2
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/visits/V99", on=on).status_code == 404


def test_values_are_read_and_written_apart_from_those_that_could_reveal_the_arm(captured: Running) -> None:
    told = {(v["visit"], v["biomarker"]): v for v in _told(captured, Role.STATISTICIAN, f"{ONE}/values")}
    assert (told["V8", "alt"]["told"], told["V8", "alt"]["unit"], told["V8", "alt"]["version"]) == ("141", "U/L", 2)
    assert ("V8", "eosinophils") not in told
    secret = {v["biomarker"]: v["told"] for v in _told(captured, Role.UNBLINDED_MONITOR, f"{ONE}/withheld")}
    assert secret == {"eosinophils": f"{CANARY}0", "hs_crp": "<0.2"}
    ast, eosinophils = {"ast": {"told": "31", "upper": 40}}, {"eosinophils": {"told": "0.3", "seen": 2}}
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/visits/V8/values", values=ast).status_code == 200
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/visits/V8/values", values=eosinophils).status_code == 409
    path = f"{ONE}/visits/V8/withheld"
    sent = {"values": eosinophils, "reason": "Repeated"}
    assert _sent(captured, Role.UNBLINDED_MONITOR, path, **sent).status_code == 200
    assert (LabValue.objects.filter(biomarker="ast").count(), WithheldValue.objects.count()) == (1, 4)
    assert verify().problem is None


def test_an_event_is_recorded_reported_and_written_again(captured: Running) -> None:
    event = {
        "term": "Chest pain", "onset": str(DAY_12), "grade": 3, "criteria": ["hospital"],
        "learned_at": f"{DAY_12}T12:00:00Z",
    }  # fmt: skip
    written = _sent(captured, Role.COORDINATOR, f"{ONE}/events", **event).json()
    assert (written["number"], written["version"]) == (3, 1)
    path = f"{ONE}/events/3"
    assert _sent(captured, Role.COORDINATOR, f"{path}/reports", kind="24 hours").status_code == 200
    assert _sent(captured, Role.COORDINATOR, f"{path}/reports", kind="24 hours").status_code == 409
    worse = _sent(captured, Role.INVESTIGATOR, path, **{**event, "grade": 4}, seen=1, reason="Ventilated")
    assert worse.json()["version"] == AdverseEvent.objects.filter(number=3).count() == 2
    told = _told(captured, Role.MONITOR, f"{ONE}/events")[-1]
    assert (told["grade"], told["reason"], told["reports"][0]["sent"] is not None) == (4, "Ventilated", True)
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/events/99", **event).status_code == 404
    contrary = _sent(captured, Role.COORDINATOR, f"{ONE}/events", **{**event, "grade": 5})
    assert (contrary.status_code, "fatal" in contrary.json()["detail"]) == (409, True)


def test_medication_is_recorded_and_changed(captured: Running) -> None:
    drug = {"name": "Ibuprofen", "dose": "400 mg", "indication": "Pain", "started": str(DAY_12)}
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/medication", **drug).json()["number"] == 2
    ended = {**drug, "ended": str(DAY_12), "seen": 1, "reason": "Stopped"}
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/medication/2", **ended).json()["version"] == 2
    told = _told(captured, Role.MONITOR, f"{ONE}/medication")
    assert [(one["name"], one["ended"]) for one in told] == [("Aspirin", None), ("Ibuprofen", str(DAY_12))]


def test_alerts_go_to_whom_they_are_routed_and_are_taken_up(captured: Running) -> None:
    told = _told(captured, Role.INVESTIGATOR, f"{BASE}/alerts")
    waiting = next(one["alert"] for one in told if one["done"] is None)
    path = f"{BASE}/alerts/{waiting}/acknowledgement"
    assert _sent(captured, Role.INVESTIGATOR, path, done="Called").status_code == 200
    assert _sent(captured, Role.INVESTIGATOR, path, done="Called").status_code == 409
    assert CANARY not in str(told)
    assert _told(captured, Role.STATISTICIAN, f"{BASE}/alerts") == []
    secret = _told(captured, Role.UNBLINDED_MONITOR, f"{BASE}/withheld-alerts")
    assert CANARY in str(secret)
    assert [one["done"] for one in secret] == [SECRET_DEED]
    path = f"{BASE}/withheld-alerts/{secret[0]['alert']}/acknowledgement"
    assert _sent(captured, Role.UNBLINDED_MONITOR, path, done="Seen").status_code == 409
    eosinophils = {"values": {"eosinophils": {"told": "9.9", "seen": 2}}, "reason": "Repeated"}
    laboratory_alerts = WithheldAlert.objects.count()
    _sent(captured, Role.UNBLINDED_MONITOR, f"{ONE}/visits/V8/withheld", **eosinophils)
    assert WithheldAlert.objects.count() == laboratory_alerts  # the same finding is told once
    assert Alert.objects.filter(acknowledgement=None).count() == len(told) - 2


def test_a_query_is_asked_answered_and_closed(captured: Running) -> None:
    number = _sent(captured, Role.MONITOR, f"{ONE}/queries", about="Day 1", text="Which day?").json()["number"]
    path = f"{BASE}/queries/{number}"
    assert _sent(captured, Role.COORDINATOR, f"{path}/answer", text="The first.").status_code == 200
    assert _sent(captured, Role.COORDINATOR, f"{path}/closing").status_code == 404
    assert _sent(captured, Role.MONITOR, f"{path}/closing").status_code == 200
    assert _sent(captured, Role.COORDINATOR, f"{path}/answer", text="No, the second.").status_code == 409
    told = _told(captured, Role.COORDINATOR, f"{BASE}/queries")[0]
    assert (told["status"], [step["kind"] for step in told["steps"]]) == ("closed", ["answer", "close"])
    assert len(_told(captured, Role.MONITOR, f"{ONE}/queries")) == Query.objects.count() == 2


def test_what_a_page_records_can_be_recorded_over_json_by_the_same_roles() -> None:
    over_json = {
        action for route in routes() if isinstance(route.view.action, dict) for action in route.view.action.values()
    }
    by_page = {route.view.action for route in routes() if not isinstance(route.view.action, dict)} - {None}
    # They need the candidate, or the page, before one; the board's reports are pages; and accounts are the pages' own.
    only_pages = {
        Action.SCREEN, Action.CONSENT, Action.LOCK_DATA, Action.MAKE_CUT, Action.READ_OPEN, Action.READ_CLOSED,
        Action.READ_CODES, Action.READ_RESULTS, Action.CHANGE_ACCOUNT,
    }  # fmt: skip
    assert by_page - over_json == only_pages


def test_another_trial_than_the_served_has_no_captured_data_here(captured: Running) -> None:
    from tests.web.running_trial import open_running_trial  # noqa: PLC0415

    other = open_running_trial(code="IVORY-2")
    other.register("01-001")
    other.allocate("01-001")
    answer = signed_in(other.people[Role.MONITOR]).get("/api/trials/IVORY-2/participants/01-001/visits")
    assert (answer.status_code, "folder is served" in answer.json()["detail"]) == (409, True)


@pytest.mark.parametrize(
    "body",
    [
        {"values": {}},
        {"values": {"alt": {"told": "31", "at": "2026-01-01"}}},
        {"values": {"alt": {"told": "3" * 21}}},
        {"values": {"alt": {"told": "31", "upper": -1}}},
        {"values": {"alt": {"told": "31"}}, "by": 1},
    ],
)
def test_what_is_not_described_is_not_accepted(captured: Running, body: dict[str, object]) -> None:
    assert _sent(captured, Role.COORDINATOR, f"{ONE}/visits/V8/values", **body).status_code == 422
    assert LabValue.objects.count() == 7
