"""Laboratory files: what they would change is shown first, and written whole or not at all."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import override_settings
from tests.web.captured_trial import CANARY, DAY_12, FOLDER, open_captured_trial, participant
from tests.web.databases import use
from tests.web.routes import signed_in
from tests.web.running_trial import Running

from calor.errors import CalorError, ConductError
from calor.web.audit_check import verify
from calor.web.blinded_role import grant_blinded
from calor.web.capture.models import Alert, LabValue, WithheldFile, WithheldFileDone, WithheldValue
from calor.web.laboratory_file import MOST_BYTES, MOST_ROWS, read, written
from calor.web.models import AuditRow, Notice
from calor.web.permissions import Role
from calor.web.sealed_upload import Upload, opened, seal
from calor.web.services import imports, laboratory, visits
from calor.web.services.laboratory import Typed

HEADER = "participant,visit,analyte,value,unit,upper_limit,taken"
NEW = ("01-002,Day 1,hs-troponin I,14.5,ng/L,,", "01-001,V8,AST,33,U/L,40,")
CHANGED, SAME = "01-001,V8,alt,99,U/L,40,", "01-001,V8,BILI,60.0,umol/L,20,"
TOLD_TO_FEW = "8.47"
WITHHELD = f"01-001,Day 12,EOS,{TOLD_TO_FEW},10*9/L,0.5,{DAY_12}"


def _file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


@pytest.fixture
def running(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        yield open_captured_trial(monkeypatch)


def _plan(running: Running, *rows: str, role: Role = Role.COORDINATOR) -> Any:
    plan = imports.plan_withheld if role == Role.UNBLINDED_MONITOR else imports.plan_values
    return plan(running.people[role], running.trial, _file(*rows))


def _import(running: Running, *rows: str, role: Role = Role.COORDINATOR, reason: str = "Repeated test") -> Any:
    write = imports.import_withheld if role == Role.UNBLINDED_MONITOR else imports.import_values
    seen = _plan(running, *rows, role=role).digest
    return write(running.people[role], running.trial, _file(*rows), seen=seen, reason=reason)


def _written() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (LabValue, WithheldValue, WithheldFile, Alert, Notice, AuditRow))


def test_the_preview_says_what_is_new_changed_and_unchanged_and_writes_nothing(captured: Running) -> None:
    before = _written()
    plan = _plan(captured, *NEW, CHANGED, SAME, WITHHELD)
    assert str(plan) == "2 new, 1 changed, 1 unchanged"
    assert [(line.old, line.text) for line in plan.changed] == [("141 (limit 40)", "99 (limit 40)")]
    assert len(plan.elsewhere) == 1
    assert _written() == before


def test_an_import_writes_what_was_seen_with_a_version_an_audit_row_and_its_file_each(running: Running) -> None:
    before = AuditRow.objects.filter(record__startswith="labvalue/").count()
    plan = _import(running, *NEW, CHANGED, SAME)
    assert AuditRow.objects.filter(record__startswith="labvalue/").count() == before + 3
    alt = LabValue.objects.filter(participant=participant(), visit="V8", biomarker="alt").order_by("version")
    assert [row.told for row in alt] == ["140", "141", "99"]
    assert alt.last().reason == f"Repeated test (laboratory file {plan.sha256})"
    assert (
        LabValue.objects.get(biomarker="ast").reason
        == f"laboratory file {hashlib.sha256(_file(*NEW, CHANGED, SAME)).hexdigest()}"
    )
    assert AuditRow.objects.filter(action=imports.IMPORT).get().reason.startswith("2 new, 1 changed, 1 unchanged")
    assert str(_plan(running, *NEW, CHANGED, SAME)) == "0 new, 0 changed, 4 unchanged"
    assert verify().problem is None


def test_an_imported_value_raises_the_alerts_that_a_typed_one_does(captured: Running) -> None:
    visits.record_visit(captured.people[Role.COORDINATOR], participant("01-002"), "V8", on=DAY_12)
    _import(captured, "01-002,V8,ALT,200,U/L,40,", "01-002,V8,BILI,70,umol/L,20,")
    assert Alert.objects.filter(participant=participant("01-002"), rule="liver").count() == 1


REFUSED = {
    "01-999,V8,AST,33,U/L,40,": "randomized participant of your sites",
    "01-001,V99,AST,33,U/L,40,": "be one of the protocol",
    "01-001,V8,sodium,33,U/L,40,": "be one of the protocol",
    "01-001,V8,AST,33,mg/L,40,": "be U/L for AST",
    "01-001,V8,AST,much,U/L,40,": "be a number",
    "01-001,V8,AST,=30+3,U/L,40,": "be a number",
    "01-001,V8,AST,999999,U/L,40,": "lie from 1 to 20000",
    "01-001,V8,AST,33,U/L,high,": "be a number or empty",
    "01-001,V8,AST,33,U/L,40,2020-01-01": "be the day of the visit",
    "01-001,V10,troponin_i,33,ng/L,,": "have been recorded",
    "01-001,V3,AST,33,U/L,40,": "be measured at Day 1",
    "01-001,Day 12,EOS,hidden-9,10*9/L,,": "not shown here",
    "\"=cmd|' /C calc'!A0\",V8,AST,33,U/L,40,": "randomized participant of your sites",
}


def test_a_row_that_cannot_be_is_refused_with_its_number_and_a_way_out(captured: Running) -> None:
    before = _written()
    for row, rule in REFUSED.items():
        plan = _plan(captured, NEW[0], row)
        assert [(refused.number, rule in refused.why) for refused in plan.refused] == [(3, True)], row
        assert "hidden-9" not in plan.refused[0].why
        with pytest.raises(ConductError, match="all be accepted"):
            _import(captured, NEW[0], row)
    assert _written() == before


def test_a_value_given_twice_is_refused(captured: Running) -> None:
    (refused,) = _plan(captured, *NEW, "01-001,Day 12,aspartate aminotransferase,34,U/L,40,").refused
    assert (refused.number, "row 3 too" in refused.why) == (4, True)


def test_an_error_in_the_last_row_leaves_nothing_written(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    before, calls = _written(), []
    record = laboratory.record_values

    def fail_at_last(actor: Any, one: Any, visit: str, values: Any, *, reason: str = "") -> None:
        calls.append(visit)
        record(actor, one, visit, values, reason=reason)
        if len(calls) == 3:
            raise CalorError("the database went away")

    monkeypatch.setattr(laboratory, "record_values", fail_at_last)
    with pytest.raises(CalorError, match="went away"):
        _import(running, *NEW, CHANGED, WITHHELD)
    assert len(calls) == 3  # the first two had been written by then
    assert _written() == before
    assert verify().problem is None


def test_a_correction_needs_a_reason(captured: Running) -> None:
    before = _written()
    with pytest.raises(ConductError, match="say why"):
        _import(captured, CHANGED, reason=" ")
    assert _written() == before


def test_what_was_written_since_the_preview_stops_the_import(captured: Running) -> None:
    seen = _plan(captured, *NEW, CHANGED).digest
    coordinator = captured.people[Role.COORDINATOR]
    laboratory.record_values(coordinator, participant(), "V8", {"ast": Typed("31", 40.0)})
    before = _written()
    with pytest.raises(ConductError, match="other data than then"):
        imports.import_values(coordinator, captured.trial, _file(*NEW, CHANGED), seen=seen, reason="x")
    assert _written() == before


def test_another_file_than_the_previewed_is_refused(captured: Running) -> None:
    seen = _plan(captured, *NEW).digest
    for other in (_file(*NEW, CHANGED), _file(*NEW) + b"\n"):
        with pytest.raises(ConductError, match="other data than then"):
            imports.import_values(captured.people[Role.COORDINATOR], captured.trial, other, seen=seen, reason="x")


def test_of_two_people_who_import_at_once_one_writes_and_the_other_is_asked_to_look_again(running: Running) -> None:
    seen, told, start = _plan(running, *NEW, CHANGED).digest, [], threading.Barrier(2)

    def send(who: Any) -> None:
        start.wait()
        try:
            imports.import_values(who, running.trial, _file(*NEW, CHANGED), seen=seen, reason="Repeated")
            told.append("written")
        except ConductError as error:
            told.append(str(error))
        finally:
            connection.close()

    people = [running.people[Role.COORDINATOR], running.people["second"]]
    threads = [threading.Thread(target=send, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told)[1] == "written"
    assert "Look at what it would change now" in sorted(told)[0]
    assert LabValue.objects.filter(biomarker="alt", visit="V8").count() == 3
    assert LabValue.objects.filter(biomarker="ast").count() == 1
    assert verify().problem is None


def test_values_that_could_reveal_an_arm_wait_for_the_unblinded_who_see_and_import_them(running: Running) -> None:
    _import(running, *NEW, WITHHELD)
    assert WithheldValue.objects.filter(biomarker="eosinophils").count() == 2  # as before
    assert Notice.objects.get().text == "Values of a laboratory file of site 01 wait for you: 1."
    unblinded = running.people[Role.UNBLINDED_MONITOR]
    (waiting,) = imports.files_waiting(unblinded, running.trial)
    content = waiting.content.encode()
    plan = imports.plan_withheld(unblinded, running.trial, content)
    assert [line.text for line in plan.changed] == [f"{TOLD_TO_FEW} (limit 0.5)"]
    imports.import_withheld(unblinded, running.trial, content, seen=plan.digest, reason="Again", waiting=waiting)
    assert WithheldValue.objects.filter(biomarker="eosinophils").last().told == TOLD_TO_FEW
    assert imports.files_waiting(unblinded, running.trial) == []
    with pytest.raises(ConductError, match="dealt with"):
        imports.set_file_aside(unblinded, waiting, reason="sent twice")
    assert verify().problem is None


def test_the_unblinded_leave_the_sites_values_to_the_site(captured: Running) -> None:
    plan = _import(captured, *NEW, WITHHELD, role=Role.UNBLINDED_MONITOR)
    assert (str(plan), len(plan.elsewhere)) == ("0 new, 1 changed, 0 unchanged", 2)
    assert not LabValue.objects.filter(biomarker="ast").exists()
    assert AuditRow.objects.filter(action=imports.IMPORT).get().reason.startswith("withheld values, SHA-256")


def test_a_file_that_cannot_be_imported_is_set_aside_with_a_reason(captured: Running) -> None:
    _import(captured, WITHHELD)
    client = signed_in(captured.people[Role.UNBLINDED_MONITOR])
    address = f"/laboratory-files/withheld/{WithheldFile.objects.get().pk}/"
    assert TOLD_TO_FEW in client.get(address).content.decode()
    assert client.post(address, {"aside": "Wrong patient"}).status_code == 302
    assert WithheldFileDone.objects.get().what == "set aside: Wrong patient"
    assert client.get(address).status_code == 404


def _upload(client: Any, content: bytes, address: str = "/laboratory-files/") -> Any:
    return client.post(address, {"file": SimpleUploadedFile("laboratory.csv", content, "text/csv")})


def test_the_page_shows_a_preview_and_imports_what_it_sealed(captured: Running) -> None:
    client = signed_in(captured.people[Role.COORDINATOR])
    preview = _upload(client, _file(*NEW, CHANGED, WITHHELD))
    text = preview.content.decode()
    assert preview.status_code == 200
    for told in ("141 (limit 40)", "99 (limit 40)", "1 value could reveal the arm", "Import 3 values"):
        assert told in text
    assert TOLD_TO_FEW not in text
    sealed = preview.context["form"]["sealed"].value()
    unexplained = client.post("/laboratory-files/", {"sealed": sealed})
    assert unexplained.status_code == 422
    assert "say why" in unexplained.content.decode()
    assert client.post("/laboratory-files/", {"sealed": sealed, "reason": "Repeated"}).status_code == 302
    assert "2 new, 1 changed, 0 unchanged, 1 handed on" in client.get("/laboratory-files/").content.decode()
    again = client.post("/laboratory-files/", {"sealed": sealed, "reason": "Repeated"})
    assert again.status_code == 422
    assert "other data than then" in again.content.decode()


def test_a_sealed_file_opens_for_nobody_else_and_holds_no_readable_value(captured: Running) -> None:
    sealed = seal(Upload(_file(WITHHELD), "x", ("ann", "IVORY", "imports")))
    assert TOLD_TO_FEW not in sealed
    assert opened(sealed, "ann", "IVORY", "imports").content == _file(WITHHELD)
    for whose in (("bob", "IVORY", "imports"), ("ann", "IVORY", "withheld-imports")):
        with pytest.raises(ConductError, match="by you"):
            opened(sealed, *whose)
    for other in ("", "x", sealed[:-4] + "AAA="):
        with pytest.raises(ConductError, match="half an hour"):
            opened(other, "ann", "IVORY", "imports")


NO_FILES = {
    "UTF-8": [HEADER.encode("utf-16"), "participant,visit,analyte,value,unit\n1,V8,ALT,5,µg\n".encode("latin-1")],
    "a spreadsheet": [b"PK\x03\x04"],
    "submitted file is empty": [b""],
    "header": [b"\n"],
    "analyte, value, unit": [b"participant,visit\n"],
    "7 cells in each row": [_file("01-001,V8")],
    "quote": [_file('01-001,"V8"x,ALT,1,U/L,,'), _file('01-001,"V8')],
    "NUL": [b"participant,visit,analyte,value,unit\n\0"],
    "at most 500 kB": [b"x" * (MOST_BYTES + 1)],
    "at most 2000 values": [_file(*["01-001,V8,ALT,1,U/L,,"] * (MOST_ROWS + 1))],
}


def test_a_file_that_is_none_is_refused_beside_its_field(captured: Running) -> None:
    """A10: an archive, too many bytes or rows, another encoding."""
    client = signed_in(captured.people[Role.COORDINATOR])
    before = _written()
    for said, contents in NO_FILES.items():
        for content in contents:
            answer = _upload(client, content)
            assert (answer.status_code, said in answer.content.decode()) == (422, True), said
    assert _written() == before


def test_a_file_with_a_byte_order_mark_semicolons_and_more_columns_is_read() -> None:
    content = "\ufeffSite;Participant;Visit;Analyte;Value;Unit\r\n01;01-001;V8; ALT ;31;U/L\r\n;;;;;\r\n".encode()
    (row,) = read(content)
    assert (row.number, row.participant, row.analyte, row.value, row.upper_limit) == (2, "01-001", "ALT", "31", "")
    (again,) = read(written([row]))
    assert again == row


def test_on_postgresql_the_blinded_process_hands_on_what_it_cannot_read(running: Running, database: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no roles")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE blinded_import LOGIN")
    try:
        grant_blinded(connection, "blinded_import")
        blinded = database.replace("calor@", "blinded_import@")
        use(blinded)
        client = signed_in(running.people[Role.COORDINATOR])
        preview = _upload(client, _file(*NEW, WITHHELD))
        sealed = preview.context["form"]["sealed"].value()
        assert client.post("/laboratory-files/", {"sealed": sealed}).status_code == 302
        assert signed_in(running.people[Role.STATISTICIAN]).post("/exports/", {"kind": "csv"}).status_code == 200
        with psycopg.connect(blinded) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT content FROM calor_capture_withheldfile")
        use(database)
        assert TOLD_TO_FEW in WithheldFile.objects.get().content
        assert CANARY not in WithheldFile.objects.get().content
    finally:
        use(database)
        with connection.cursor() as cursor:
            cursor.execute("DROP OWNED BY blinded_import")
            cursor.execute("DROP ROLE blinded_import")
