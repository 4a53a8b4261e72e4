"""Copies as CDISC ODM-XML 1.3.2, written and read back.

Records hang on their participant as item groups, one item a column: what was captured at a visit under that visit, the
rest under the trial's conduct. Each carries who wrote it, when and why as its AuditRecord, and all audit rows are a
group of their own. Characters that XML cannot hold are written as escapes.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import datetime
from typing import Any

from defusedxml.ElementTree import fromstring

from calor.errors import ConductError
from calor.web.audit import moment
from calor.web.copies import Tables, columns_of

NAMESPACE = "http://www.cdisc.org/ns/odm/v1.3"
_EVENT, _FORM, _VERSION = "CONDUCT", "RECORDS", "1"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\\\\")
_ESCAPE = re.compile(r"\\u([0-9a-f]{4})")


def write(tables: Tables, trial: str, at: datetime) -> bytes:
    """Return an ODM document of tables.

    Args:
        tables: What `calor.web.copies.tables_of` gives.
        trial: The trial's code.
        at: When the copy is made.
    """
    ET.register_namespace("", NAMESPACE)
    created = moment(at)
    file = {"FileType": "Snapshot", "FileOID": f"{trial}.{created}", "CreationDateTime": created}
    root = _element(None, "ODM", **file, ODMVersion="1.3.2", Granularity="All")
    _metadata(root, tables, trial)
    _administration(root, tables, trial, created)
    clinical = _element(root, "ClinicalData", StudyOID=trial, MetaDataVersionOID=_VERSION)
    written = {row["record"]: row for row in reversed(tables["audit"])}  # the first of each
    by_event = _by_event(tables)
    for row in tables["participant"]:
        subject = _element(clinical, "SubjectData", SubjectKey=row["participant"])
        _element(subject, "SiteRef", LocationOID=row["site"])
        for event, groups in by_event[row["participant"]].items():
            form = _element(_element(subject, "StudyEventData", StudyEventOID=event), "FormData", FormOID=_FORM)
            for name, key, items in groups:
                group = _element(form, "ItemGroupData", ItemGroupOID=name, ItemGroupRepeatKey=str(key))
                if name != "audit" and items["record"] in written:
                    _audit_record(group, written[items["record"]], row["site"])
                for column, value in items.items():
                    _element(group, "ItemData", ItemOID=f"{name}.{column}", Value=value)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def read(document: bytes) -> tuple[str, Tables]:
    """Return the trial's code and the tables of a document that `write` made, each in the order of participants.

    Raises:
        ConductError: It is no such document, or one that tries to reach beyond itself.
    """
    fix = "Take the file as it was exported."
    try:
        root = fromstring(document, forbid_dtd=True)
    except (ET.ParseError, ValueError) as error:  # defusedxml's refusals are ValueErrors
        raise ConductError.must("copy", "be an ODM document", type(error).__name__, fix=fix) from error
    if root.tag != _name("ODM"):
        raise ConductError.must("copy", "be an ODM document", "another", fix=fix)
    tables: Tables = {group.get("OID", ""): [] for group in root.iter(_name("ItemGroupDef"))}
    for group in root.iter(_name("ItemGroupData")):
        items = [(item.get("ItemOID", ""), item.get("Value", "")) for item in group.iter(_name("ItemData"))]
        row = {oid.split(".", 1)[-1]: _ESCAPE.sub(_character, value) for oid, value in items}
        tables.setdefault(group.get("ItemGroupOID", ""), []).append(row)
    study = root.find(_name("Study"))
    return "" if study is None else study.get("OID", ""), tables


def _by_event(tables: Tables) -> dict[str, dict[str, list[tuple[str, int, dict[str, str]]]]]:
    """Return the rows of each participant by the event that they belong to, each with its table and number there."""
    found: dict[str, dict[str, list[tuple[str, int, dict[str, str]]]]] = {}
    numbers: Counter[tuple[str, str, str]] = Counter()
    for name, rows in tables.items():
        for row in rows:
            place = row["participant"], _event(row), name
            numbers[place] += 1
            found.setdefault(place[0], {}).setdefault(place[1], []).append((name, numbers[place], row))
    return found


def _event(row: dict[str, str]) -> str:
    return f"VISIT.{row['visit']}" if "visit" in row else _EVENT


def _audit_record(group: Any, row: dict[str, str], site: str) -> None:
    record = _element(group, "AuditRecord")
    _element(record, "UserRef", UserOID=row["actor"])
    _element(record, "LocationRef", LocationOID=site)
    for tag, text in (("DateTimeStamp", row["at"]), ("ReasonForChange", row["reason"]), ("SourceID", row["n"])):
        if text:
            _element(record, tag).text = _NOT_XML.sub(_escaped, text)


def _metadata(root: Any, tables: Tables, trial: str) -> None:
    study = _element(root, "Study", OID=trial)
    names = _element(study, "GlobalVariables")
    for tag, text in (("StudyName", trial), ("StudyDescription", "Conduct of the trial"), ("ProtocolName", trial)):
        _element(names, tag).text = text
    version = _element(study, "MetaDataVersion", OID=_VERSION, Name="Conduct")
    visits = sorted({_event(row) for rows in tables.values() for row in rows} - {_EVENT})
    protocol = _element(version, "Protocol")
    for oid in (_EVENT, *visits):
        _element(protocol, "StudyEventRef", StudyEventOID=oid, Mandatory="Yes" if oid == _EVENT else "No")
    for oid in (_EVENT, *visits):
        kind = "Common" if oid == _EVENT else "Scheduled"
        event = _element(version, "StudyEventDef", OID=oid, Name=oid, Repeating="No", Type=kind)
        _element(event, "FormRef", FormOID=_FORM, Mandatory="Yes")
    form = _element(version, "FormDef", OID=_FORM, Name=_FORM, Repeating="No")
    for name in tables:
        _element(form, "ItemGroupRef", ItemGroupOID=name, Mandatory="No")
    for name, rows in tables.items():
        group = _element(version, "ItemGroupDef", OID=name, Name=name, Repeating="Yes")
        for column in columns_of(rows):
            _element(group, "ItemRef", ItemOID=f"{name}.{column}", Mandatory="Yes")
    for name, rows in tables.items():
        for column in columns_of(rows):
            longest = str(max([1, *(len(_NOT_XML.sub(_escaped, row[column])) for row in rows)]))
            _element(version, "ItemDef", OID=f"{name}.{column}", Name=column, DataType="text", Length=longest)


def _administration(root: Any, tables: Tables, trial: str, created: str) -> None:
    administration = _element(root, "AdminData", StudyOID=trial)
    people = {row[name] for rows in tables.values() for row in rows for name in ("by", "actor") if name in row}
    for person in sorted(people):
        _element(_element(administration, "User", OID=person), "LoginName").text = person
    for site in sorted({row["site"] for row in tables["participant"]}):
        location = _element(administration, "Location", OID=site, Name=site, LocationType="Site")
        described = {"StudyOID": trial, "MetaDataVersionOID": _VERSION, "EffectiveDate": created[:10]}
        _element(location, "MetaDataVersionRef", **described)


def _element(parent: Any, tag: str, **attributes: str) -> Any:
    written = {name: _NOT_XML.sub(_escaped, value) for name, value in attributes.items()}
    return ET.Element(_name(tag), written) if parent is None else ET.SubElement(parent, _name(tag), written)


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))
