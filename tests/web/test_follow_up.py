"""Follow-up: visits in their windows, values and their corrections, events and their deadlines, queries, the lock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import override_settings
from django.utils import timezone
from tests.web.routes import signed_in
from tests.web.running_trial import PASSWORD, Running, open_running_trial

from calor.errors import CalorError, ConductError
from calor.web.audit_check import verify
from calor.web.capture.models import AdverseEvent, Alert, DataLock, LabValue, VisitRecord, WithheldAlert, WithheldValue
from calor.web.due import visits_due
from calor.web.models import Participant, Signature
from calor.web.permissions import Role
from calor.web.seriousness import deadlines
from calor.web.services import adverse_events, laboratory, lock, queries, visits
from calor.web.services.adverse_events import Event
from calor.web.services.laboratory import Typed

FOLDER = Path(__file__).parents[2] / "examples/ivory"
AGO = timedelta(days=20)
DAY_12 = (datetime.now(UTC) - AGO).date() + timedelta(days=11)


@pytest.fixture
def running(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A trial whose one participant was randomized 20 days ago."""
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        trial = open_running_trial(code="IVORY")
        trial.register("01-001")
        with monkeypatch.context() as clock:
            clock.setattr("django.utils.timezone.now", lambda: datetime.now(UTC) - AGO)
            trial.allocate("01-001")
        yield trial


@pytest.fixture
def participant(running: Running) -> Any:
    return Participant.objects.select_related("trial", "site").get(identifier="01-001")


@pytest.fixture
def visited(running: Running, participant: Any) -> Any:
    """The participant, whose visits of days 1 and 12 were recorded."""
    for visit, on in (("V3", DAY_12 - timedelta(days=11)), ("V8", DAY_12)):
        visits.record_visit(running.people[Role.COORDINATOR], participant, visit, on=on)
    return participant


def _record(running: Running, participant: Any, visit: str = "V8", *, reason: str = "", **values: Typed) -> None:
    laboratory.record_values(running.people[Role.COORDINATOR], participant, visit, values, reason=reason)


def test_a_visit_is_due_in_its_window_and_overdue_after_it(running: Running, participant: Any) -> None:
    due = {row.visit.id: row.status for _, row in visits_due(running.trial, [running.site])}
    assert due == dict.fromkeys(("V1", "V2", "V3", "V7", "V8"), "overdue")  # day 21: the next window opens on day 24
    visits.record_visit(running.people[Role.COORDINATOR], participant, "V8", on=DAY_12)
    assert "V8" not in {row.visit.id for _, row in visits_due(running.trial, [running.site])}


def test_a_visit_outside_its_window_needs_a_reason_and_so_does_a_missed_one(running: Running, participant: Any) -> None:
    coordinator = running.people[Role.COORDINATOR]
    for on in (DAY_12 + timedelta(days=2), None):
        with pytest.raises(ConductError, match="say why"):
            visits.record_visit(coordinator, participant, "V8", on=on)
    with pytest.raises(ConductError, match="future"):
        visits.record_visit(coordinator, participant, "V8", on=timezone.now().date() + timedelta(days=1), reason="x")
    visits.record_visit(coordinator, participant, "V8", on=None, reason="Abroad")
    assert VisitRecord.objects.get().on is None


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("5000", "lie from 0.01 to 500"),
        ("0.1", "told as <0.2"),
        ("<3", "below 0.2"),
        ("3,1", "be a number"),
        ("-1", "number"),
    ],
)
def test_a_value_that_cannot_be_is_refused(running: Running, visited: Any, told: str, said: str) -> None:
    with pytest.raises(ConductError, match=said):
        _record(running, visited, "V3", hs_crp=Typed(told))
    assert LabValue.objects.count() == 0


def test_all_values_of_a_form_are_written_or_none(running: Running, visited: Any) -> None:
    with pytest.raises(ConductError):
        _record(running, visited, alt=Typed("30", 40), ast=Typed("none"))
    assert LabValue.objects.count() == 0
    _record(running, visited, alt=Typed("30", 40), ast=Typed("25", 40))
    assert LabValue.objects.count() == 2


def test_values_wait_for_their_visit(running: Running, participant: Any) -> None:
    with pytest.raises(ConductError, match="have been recorded"):
        _record(running, participant, alt=Typed("30", 40))


def test_a_correction_is_a_further_version_with_a_reason_and_the_first_stays(running: Running, visited: Any) -> None:
    _record(running, visited, troponin_i=Typed("12"))
    with pytest.raises(ConductError, match="say why"):
        _record(running, visited, troponin_i=Typed("21", seen=1))
    with pytest.raises(ConductError, match="latest version"):
        _record(running, visited, troponin_i=Typed("21", seen=0), reason="misread")
    _record(running, visited, troponin_i=Typed("21", seen=1), reason="misread")
    assert list(LabValue.objects.order_by("version").values_list("told", flat=True)) == ["12", "21"]
    assert verify().problem is None


def test_a_value_that_could_reveal_the_arm_is_written_by_unblinded_people_only_after_baseline(
    running: Running, visited: Any
) -> None:
    _record(running, visited, "V3", eosinophils=Typed("0.2", 0.5))  # day 1, before the first dose
    with pytest.raises(ConductError, match="people who may know arms"):
        _record(running, visited, "V8", eosinophils=Typed("0.2", 0.5))
    unblinded = running.people[Role.UNBLINDED_MONITOR]
    with pytest.raises(ConductError, match="by the site"):
        laboratory.record_withheld(unblinded, visited, "V8", {"troponin_i": Typed("12")})
    laboratory.record_withheld(unblinded, visited, "V8", {"eosinophils": Typed("0.2", 0.5)})
    assert (LabValue.objects.count(), WithheldValue.objects.count()) == (1, 1)


def test_the_liver_rule_raises_one_alert(running: Running, visited: Any) -> None:
    _record(running, visited, alt=Typed("121", 40), bilirubin=Typed("41", 20))
    assert [alert.rule for alert in Alert.objects.all()] == ["liver"]
    assert "3.0 x ULN" in Alert.objects.get().text
    _record(running, visited, ast=Typed("30", 40))
    assert Alert.objects.count() == 1


def test_liver_tests_below_the_rule_raise_none(running: Running, visited: Any) -> None:
    _record(running, visited, alt=Typed("119", 40), bilirubin=Typed("41", 20))
    assert Alert.objects.count() == 0


def test_a_limit_on_a_withheld_value_tells_the_site_nothing_but_that_somebody_looks(
    running: Running, visited: Any
) -> None:
    unblinded = running.people[Role.UNBLINDED_MONITOR]
    laboratory.record_withheld(unblinded, visited, "V8", {"eosinophils": Typed("1.5", 0.5)})
    assert "eosinophils 1.5" in WithheldAlert.objects.get().text
    neutral = Alert.objects.get()
    assert not {"eosinophil", "1.5"} & set(f"{neutral.text} {neutral.action} {neutral.key}".lower().split())
    assert Role.UNBLINDED_MONITOR in WithheldAlert.objects.get().roles


def test_events_contradict_themselves_in_vain(running: Running, visited: Any) -> None:
    now = timezone.now()
    for wrong in (
        {"grade": 5}, {"grade": 3, "criteria": ["death"]}, {"ended": now.date() - timedelta(days=3)}, {"term": " "},
        {"criteria": ["bad luck"]}, {"learned_at": now + timedelta(hours=1)}, {"onset": now.date() + timedelta(days=1)},
    ):  # fmt: skip
        event = {"term": "Fever", "onset": now.date(), "grade": 2, "learned_at": now} | wrong
        with pytest.raises(CalorError):
            adverse_events.record_event(running.people[Role.COORDINATOR], visited, Event(**event))
    assert AdverseEvent.objects.count() == 0


def test_a_serious_event_owes_reports_by_how_grave_and_how_expected_it_is() -> None:
    learned = datetime(2026, 3, 1, 8, tzinfo=UTC)
    hours = {"hospital": 15 * 24, "life_threatening": 7 * 24}
    for criterion, later in hours.items():
        event = AdverseEvent(criteria=[criterion], related=True, expected=False, learned_at=learned)
        assert [(one.due - learned) / timedelta(hours=1) for one in deadlines(event, {})] == [24, later]
        event.expected = True
        assert len(deadlines(event, {})) == 1
    assert deadlines(AdverseEvent(criteria=[], related=True, learned_at=learned), {}) == ()


def test_a_report_is_sent_once(running: Running, visited: Any) -> None:
    coordinator, now = running.people[Role.COORDINATOR], timezone.now()
    event = Event("Chest pain", now.date(), 3, now, criteria=["hospital"])
    written = adverse_events.record_event(coordinator, visited, event)
    assert Alert.objects.get().rule == "serious"
    adverse_events.report_serious(coordinator, written, "24 hours")
    for kind in ("24 hours", "7 days"):
        with pytest.raises(ConductError):
            adverse_events.report_serious(coordinator, written, kind)


def test_a_query_is_answered_by_the_site_and_closed_by_the_monitor(running: Running, visited: Any) -> None:
    monitor, coordinator = running.people[Role.MONITOR], running.people[Role.COORDINATOR]
    query = queries.ask(monitor, visited, about="Day 12", text="Is the day right?")
    queries.answer(coordinator, query, text="Yes, see the source.")
    assert queries.status(query) == queries.ANSWERED
    queries.close(monitor, query)
    with pytest.raises(ConductError, match="be open"):
        queries.answer(coordinator, query, text="One more thing.")


def test_locked_data_take_nothing_more_and_their_digest_is_signed(running: Running, visited: Any) -> None:
    statistician, coordinator = running.people[Role.STATISTICIAN], running.people[Role.COORDINATOR]
    signed = {"confirm": "IVORY", "username": statistician.username, "password": PASSWORD}
    query = queries.ask(running.people[Role.MONITOR], visited, about="", text="Right?")
    with pytest.raises(ConductError, match="be closed"):
        lock.lock_data(statistician, running.trial, **signed)
    queries.close(running.people[Role.MONITOR], query)
    locked = lock.lock_data(statistician, running.trial, **signed)
    assert Signature.objects.get(record=f"datalock/{locked.pk}").meaning == lock.MEANING
    for write in (
        lambda: _record(running, visited, alt=Typed("30", 40)),
        lambda: visits.record_visit(coordinator, visited, "V7", on=None, reason="Abroad"),
        lambda: running.register("01-002"),
        lambda: queries.ask(running.people[Role.MONITOR], visited, about="", text="One more?"),
    ):
        with pytest.raises(ConductError, match="not be locked"):
            write()
    assert LabValue.objects.count() == 0
    assert DataLock.objects.count() == 1
    assert verify().problem is None


def _values(client: Any, participant: Any, **changes: str) -> Any:
    address = f"/participants/{participant.identifier}/visits/V8/"
    form = client.get(address).context["open_form"]
    return {field.name: "" if field.value() is None else str(field.value()) for field in form} | changes


def test_the_second_of_two_coordinators_sees_what_changed_and_loses_nothing_typed(
    running: Running, visited: Any
) -> None:
    first, second = (signed_in(running.people[who]) for who in (Role.COORDINATOR, Role.INVESTIGATOR))
    address = "/participants/01-001/visits/V8/values/"
    begun = _values(second, visited)
    first.post(address, _values(first, visited, told_alt="30", upper_alt="40"))
    answer = second.post(address, begun | {"told_alt": "33", "upper_alt": "40", "told_ast": "21", "upper_ast": "35"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "ALT: was nothing, now 30" in text
    assert 'value="33"' in text
    assert 'value="21"' in text
    assert LabValue.objects.count() == 1
    again = {field.name: str(field.value() or "") for field in answer.context["open_form"]}
    assert second.post(address, again | {"reason": "Read from the print"}).status_code == 302
    assert list(LabValue.objects.order_by("pk").values_list("biomarker", "told", "version")) == [
        ("alt", "30", 1), ("alt", "33", 2), ("ast", "21", 1),
    ]  # fmt: skip


def test_what_another_person_wrote_elsewhere_in_the_form_is_kept_without_a_word(running: Running, visited: Any) -> None:
    first, second = (signed_in(running.people[who]) for who in (Role.COORDINATOR, Role.INVESTIGATOR))
    address = "/participants/01-001/visits/V8/values/"
    begun = _values(second, visited)
    first.post(address, _values(first, visited, told_alt="30", upper_alt="40"))
    assert second.post(address, begun | {"told_ast": "21", "upper_ast": "35"}).status_code == 302
    assert set(LabValue.objects.values_list("biomarker", "told")) == {("alt", "30"), ("ast", "21")}


def test_the_day_of_a_visit_changed_meanwhile_is_shown(running: Running, visited: Any) -> None:
    client = signed_in(running.people[Role.COORDINATOR])
    visits.record_visit(
        running.people[Role.INVESTIGATOR], visited, "V8", on=DAY_12 + timedelta(days=1), reason="Typing error", seen=1
    )
    posted = {"seen": "1", "on": DAY_12.isoformat(), "reason": "So it stands in the notes"}
    answer = client.post("/participants/01-001/visits/V8/day/", posted)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f"was {DAY_12}, now {DAY_12 + timedelta(days=1)}" in text
    assert "So it stands in the notes" in text
    assert client.post("/participants/01-001/visits/V8/day/", posted | {"seen": "2"}).status_code == 302
