"""Exports: whole, without arms for the blinded, read back by the packages they are meant for, in the audit trail."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test.utils import override_settings
from django.utils import timezone
from tests.web.captured_trial import (
    CANARY,
    FOLDER,
    FORMULA,
    LABELS,
    SECRET_DEED,
    SECRET_REASON,
    START,
)
from tests.web.routes import signed_in
from tests.web.running_trial import Running

from calor.analyze import declared
from calor.datasets.check import check
from calor.datasets.folder import read_folder
from calor.protocol import read_protocol
from calor.web import copies, odm, unblinded
from calor.web.audit_check import verify
from calor.web.capture.models import AdverseEvent, LabValue, UnblindedExport, VisitRecord, WithheldValue
from calor.web.models import AuditRow, Participant
from calor.web.permissions import UNBLINDED, Action, Role
from calor.web.services import unblinding
from calor.web.services.exports import ADAM, CSV, Exported, Kind, export, export_unblinded


def _files(made: Exported) -> dict[str, bytes]:
    if not made.name.endswith(".zip"):
        return {made.name: made.content}
    with zipfile.ZipFile(io.BytesIO(made.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _export(captured: Running, kind: Kind, *, secret: bool = False) -> Exported:
    if secret:
        return export_unblinded(captured.people[Role.UNBLINDED_MONITOR], captured.trial, kind)
    return export(captured.people[Role.STATISTICIAN], captured.trial, kind)


def _datasets(captured: Running, folder: Path, *, secret: bool) -> dict[str, Any]:
    for name, content in _files(_export(captured, ADAM, secret=secret)).items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return read_folder(folder / "adam")


@pytest.mark.parametrize("kind", list(Kind))
def test_a_blinded_export_holds_no_arm_and_nothing_withheld_and_the_other_holds_both(
    captured: Running, kind: Kind
) -> None:
    for secret in (False, True):
        text = "".join(content.decode() for content in _files(_export(captured, kind, secret=secret)).values())
        found = [word in text for word in (*LABELS, CANARY)]
        assert found == [secret] * 3, kind
        if kind != ADAM:
            assert [word in text for word in (SECRET_REASON, SECRET_DEED)] == [secret] * 2


def test_the_copy_tells_all_that_was_captured_with_every_version_and_who_wrote_it(captured: Running) -> None:
    told = copies.tables_of(captured.trial, list(Participant.objects.all()))
    assert len(told["labvalue"]) == LabValue.objects.count() == 7
    assert len(told["visitrecord"]) == VisitRecord.objects.count() == 5
    assert [row["told"] for row in told["labvalue"] if row["biomarker"] == "alt"] == ["25", "140", "141"]
    assert told["labvalue"][-1]["reason"] == "Misread"
    assert {row["term"] for row in told["adverseevent"]} == set(AdverseEvent.objects.values_list("term", flat=True))
    assert [row["text"] for row in told["querystep"]] == ["2", ""]
    assert told["medication"][0]["ended"] == "null"
    audited = {row["record"] for row in told["audit"]}
    assert audited == {row["record"] for name, rows in told.items() if name != "audit" for row in rows}
    secret = unblinded.tables(captured.trial, list(Participant.objects.all()))
    assert len(secret["withheldvalue"]) == WithheldValue.objects.count() == 3
    assert {row["record"] for row in secret["withheldalert"]} <= {row["record"] for row in secret["audit"]}


def test_an_odm_document_places_values_under_their_visit_with_an_audit_record_each(captured: Running) -> None:
    told = copies.tables_of(captured.trial, list(Participant.objects.all()))
    document = odm.write(told, captured.trial.code, timezone.now())
    _, again = odm.read(document)
    assert copies.difference(again, told) is None
    assert copies.difference(told, again) is None
    root = odm.fromstring(document)
    space = {"odm": odm.NAMESPACE}
    at_day_12 = root.findall(".//odm:StudyEventData[@StudyEventOID='VISIT.V8']//odm:ItemGroupData", space)
    assert [group.get("ItemGroupOID") for group in at_day_12] == ["visitrecord", "labvalue", "labvalue", "labvalue"]
    defined = {item.get("OID") for item in root.iter(f"{{{odm.NAMESPACE}}}StudyEventDef")}
    assert {item.get("StudyEventOID") for item in root.iter(f"{{{odm.NAMESPACE}}}StudyEventData")} <= defined
    record = at_day_12[-1].find("odm:AuditRecord", space)
    assert record is not None
    assert [child.tag.split("}")[1] for child in record] == [
        "UserRef", "LocationRef", "DateTimeStamp", "ReasonForChange", "SourceID",
    ]  # fmt: skip
    assert record.findtext("odm:ReasonForChange", namespaces=space) == "Misread"
    users = {user.get("OID") for user in root.iter(f"{{{odm.NAMESPACE}}}User")}
    assert {ref.get("UserOID") for ref in root.iter(f"{{{odm.NAMESPACE}}}UserRef")} <= users


# What CDISC ODM 1.3.2 has in each element, in its order, as far as copies use it; + where there must be one.
ODM_CONTENT = {
    "ODM": "Study AdminData ReferenceData ClinicalData",
    "Study": "GlobalVariables+ BasicDefinitions MetaDataVersion",
    "GlobalVariables": "StudyName+ StudyDescription+ ProtocolName+",
    "MetaDataVersion": "Include Protocol StudyEventDef FormDef ItemGroupDef ItemDef CodeList",
    "Protocol": "Description StudyEventRef",
    "StudyEventDef": "Description FormRef",
    "FormDef": "Description ItemGroupRef",
    "ItemGroupDef": "Description ItemRef+",
    "ItemDef": "Description Question",
    "AdminData": "User Location SignatureDef",
    "User": "LoginName DisplayName FullName",
    "Location": "MetaDataVersionRef+",
    "ClinicalData": "SubjectData",
    "SubjectData": "AuditRecord Signature InvestigatorRef SiteRef Annotation StudyEventData",
    "StudyEventData": "AuditRecord Signature Annotation FormData",
    "FormData": "AuditRecord Signature ArchiveLayoutRef Annotation ItemGroupData",
    "ItemGroupData": "AuditRecord Signature Annotation ItemData",
    "AuditRecord": "UserRef+ LocationRef+ DateTimeStamp+ ReasonForChange SourceID",
    "ItemData": "AuditRecord Signature",
}
REFERENCES = {
    "StudyEventOID": "StudyEventDef", "FormOID": "FormDef", "ItemGroupOID": "ItemGroupDef", "ItemOID": "ItemDef",
    "UserOID": "User", "LocationOID": "Location", "StudyOID": "Study", "MetaDataVersionOID": "MetaDataVersion",
}  # fmt: skip


def test_an_odm_document_keeps_the_standards_order_and_its_references_lead_somewhere(captured: Running) -> None:
    root = odm.fromstring(_export(captured, Kind.ODM).content)
    defined = {(_tag(one), one.get("OID")) for one in root.iter()}
    lengths = {one.get("OID"): int(one.get("Length")) for one in root.iter() if _tag(one) == "ItemDef"}
    for element in root.iter():
        content, found = ODM_CONTENT.get(_tag(element), ""), [_tag(child) for child in element]
        order = content.replace("+", "").split()
        assert [order.index(tag) for tag in found] == sorted(order.index(tag) for tag in found), element.tag
        assert {tag[:-1] for tag in content.split() if tag.endswith("+")} <= set(found), element.tag
        for name, kind in REFERENCES.items():
            assert name not in element.attrib or (kind, element.get(name)) in defined, element.attrib
        if _tag(element) == "ItemData":
            assert len(element.get("Value", "")) <= lengths[element.get("ItemOID")]


def _tag(element: Any) -> str:
    return str(element.tag).split("}")[1]


def test_cells_of_a_csv_export_compute_nothing_and_taking_the_apostrophe_away_gives_the_original(
    captured: Running,
) -> None:
    files = _files(_export(captured, CSV))
    told = copies.tables_of(captured.trial, list(Participant.objects.all()))
    for name, original in told.items():
        if name != "audit":  # its own export added a row
            rows = list(csv.DictReader(io.StringIO(files[f"{name}.csv"].decode("utf-8"), newline="")))
            assert [{c: v[1:] if v.startswith("'") else v for c, v in row.items()} for row in rows] == original
    cells = [cell for file in files.values() for row in csv.reader(io.StringIO(file.decode())) for cell in row]
    assert f"'{FORMULA}" in cells
    assert "'-2 or 2?" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("-0.5", "-0.5"), ("-1e-3", "-1e-3"), ("-1+1", "'-1+1"), ("-", "'-"), ("+1", "'+1"), ("@x", "'@x"),
        ("\tx", "'\tx"), ("\rx", "'\rx"), ("=1", "'=1"), ("\uff1d1", "'\uff1d1"), ("5-3", "5-3"), ("", ""),
        ("-1\n", "'-1\n"), ("-\u0661", "'-\u0661"),
    ],
)  # fmt: skip
def test_negative_numbers_stay_numbers_and_formulas_become_text(cell: str, safe: str) -> None:
    assert copies.plain_text(cell) == safe
    assert copies.csv_text([{"a": cell}], ["a"]).splitlines(keepends=True)[0] == "a\r\n"


def test_adam_datasets_of_the_unblinded_pass_the_protocols_checks_and_are_analyzed(
    captured: Running, tmp_path: Path
) -> None:
    datasets, protocol = _datasets(captured, tmp_path, secret=True), read_protocol(FOLDER / "protocol.toml")
    problems = check(datasets, protocol)
    assert problems["rule"].tolist() == ["must occur: the protocol analyzes it"] * 2  # nobody had the visit of day 61
    pharmacist = captured.people[Role.PHARMACIST]
    subjects = datasets["adsl"].frame.set_index("USUBJID")
    for one in Participant.objects.all():
        assert subjects.loc[one.identifier, "TRT01P"] == unblinding.read_arm(pharmacist, one)
    assert subjects["SAFFL"].tolist() == ["Y", "Y", "Y", "N"]  # the last has no visit of day 1
    assert subjects["TRTDURD"].tolist()[:3] == [12, 1, 1]  # planned doses up to the last contact
    finding = declared.run(protocol, "adverse_events", datasets)
    assert "Rash" in str(finding.tables)


def test_adam_values_keep_limits_and_days_and_take_the_gates_value_as_baseline(
    captured: Running, tmp_path: Path
) -> None:
    labs = _datasets(captured, tmp_path, secret=True)["adlb"].frame.set_index(["PARAMCD", "AVISIT"])
    below = labs.loc[("HSCRP", "Day 12")]
    assert (below["AVALC"], below["ADY"], below["AVALU"]) == ("<0.2", 12, "mg/L")
    assert below[["AVAL", "CHG"]].isna().all()
    assert labs["BASE"].xs("HSCRP").tolist() == [6.2, 6.2, 6.2]  # screening, by which she was let in, not day 1
    assert labs.loc[("ALT", "Day 12"), ["AVAL", "BASE", "CHG", "ANRHI"]].tolist() == [141, 25, 116, 40]
    assert labs.loc[("ALT", "Screening"), "ADY"] == -3
    assert labs.loc[("EOS", "Day 12"), "AVAL"] == float(CANARY)


def test_adam_events_are_emergent_from_the_first_dose_and_times_count_from_randomization(
    captured: Running, tmp_path: Path
) -> None:
    datasets = _datasets(captured, tmp_path, secret=False)
    events = datasets["adae"].frame
    assert events["AETERM"].tolist() == [FORMULA, "Rash"]
    assert events[["AESER", "AESHOSP", "AESDTH", "AETOXGR"]].iloc[0].tolist() == ["Y", "Y", "N", "3"]
    assert (events["TRTEMFL"] == "Y").all()
    assert events["ASTDY"].tolist() == [6, 12]
    times = datasets["adttesaf"].frame.set_index(["USUBJID", "PARAMCD"])
    assert times.loc[("01-001", "TTSAE"), ["AVAL", "CNSR"]].tolist() == [6, 0]
    assert times.loc[("01-001", "TTDEATH"), ["AVAL", "CNSR"]].tolist() == [12, 1]
    assert times.loc[("01-004", "TTSAE"), ["AVAL", "CNSR"]].tolist() == [1, 1]
    assert datasets["adcm"].frame["CMTRT"].tolist() == ["Aspirin"]
    assert datasets["adsl"].frame["RANDDT"].dt.date.tolist() == [START.date()] * 4
    assert datasets["adsl"].frame["TRTEDT"].isna().all()  # regimens can differ by arm


def test_a_trial_without_anybody_exports_empty_datasets(on_sqlite: str, tmp_path: Path) -> None:
    from tests.web.running_trial import open_running_trial  # noqa: PLC0415

    with override_settings(TRIAL_FOLDER=str(FOLDER)):
        captured = open_running_trial(code="IVORY")
        for secret in (False, True):
            datasets = _datasets(captured, tmp_path, secret=secret)
            assert {len(dataset.frame) for dataset in datasets.values()} == {0}


def test_each_export_is_in_the_audit_trail_with_the_digest_of_its_file(captured: Running) -> None:
    for kind in Kind:
        made = _export(captured, kind)
        assert made.sha256 == hashlib.sha256(made.content).hexdigest()
        assert AuditRow.objects.filter(chain="IVORY", action=Action.EXPORT).last().reason.endswith(made.sha256)
        secret = _export(captured, kind, secret=True)
        assert UnblindedExport.objects.last().sha256 == secret.sha256
        row = AuditRow.objects.filter(chain="IVORY").last()
        assert (row.action, row.record) == (
            Action.EXPORT_UNBLINDED,
            f"unblindedexport/{UnblindedExport.objects.last().pk}",
        )
        assert secret.sha256 not in row.reason  # it depends on the arms
    assert verify().problem is None


def test_the_page_offers_each_kind_and_the_download_is_the_file_of_the_audit_trail(captured: Running) -> None:
    for role, address in ((Role.MONITOR, "/exports/"), (Role.UNBLINDED_MONITOR, "/exports/unblinded/")):
        client = signed_in(captured.people[role])
        for kind in Kind:
            answer = client.post(address, {"kind": kind})
            assert answer.status_code == 200
            assert 'attachment; filename="IVORY-' in answer["Content-Disposition"]
            assert hashlib.sha256(answer.content).hexdigest() in client.get(address).content.decode()
        assert client.post(address, {"kind": "arms"}).status_code == 404
    api = signed_in(captured.people[Role.UNBLINDED_MONITOR])
    for kind in Kind:
        assert api.get(f"/api/trials/IVORY/unblinded-exports/{kind}").status_code == 200


def test_a_site_exports_its_own_participants_only(captured: Running) -> None:
    from calor.web.services import accounts, allocation  # noqa: PLC0415

    administrator, investigator = captured.people[Role.ADMINISTRATOR], captured.people[Role.INVESTIGATOR]
    other = accounts.add_site(administrator, captured.trial, "02")
    stranger = accounts.create_account("operator", "stranger", "correct horse battery", full_name="A Stranger")
    accounts.change_role(administrator, stranger, Role.COORDINATOR, captured.trial, site=other, reason="delegation")
    allocation.register(stranger, other, "02-001", stratum="other", consent_version="2", eligible=True)
    for kind in (ADAM, CSV):
        made = _files(export(investigator, captured.trial, kind))
        assert not any(b"02-001" in content for content in made.values())
    assert any(b"02-001" in content for content in _files(_export(captured, CSV)).values())


def test_only_unblinded_roles_export_arms() -> None:
    from calor.web.permissions import PERMITTED  # noqa: PLC0415

    assert PERMITTED[Action.EXPORT_UNBLINDED] <= UNBLINDED
    assert not PERMITTED[Action.EXPORT] & UNBLINDED
