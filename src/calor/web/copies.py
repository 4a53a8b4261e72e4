"""Complete copies of a trial's records as tables: written as CSV here, as CDISC ODM-XML by `odm`, and compared later.

A copy for blinded people holds no arm and nothing withheld; `unblinded` adds both.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from calor.web.audit import moment, name_of
from calor.web.capture.models import (
    Acknowledgement,
    AdverseEvent,
    Alert,
    Consent,
    EligibilityCheck,
    Enrollment,
    LabValue,
    Medication,
    Query,
    QueryStep,
    SafetyReport,
    VisitRecord,
)
from calor.web.models import (
    Allocation,
    AssessmentClosing,
    AuditRow,
    Correction,
    Participant,
    Signature,
    Unblinding,
    Withdrawal,
)
from calor.web.permissions import Action, sites_for

Table = list[dict[str, str]]
Tables = dict[str, Table]
Source = tuple[Any, str, Mapping[str, str]]
WHO = {"by": "by__username", "at": "at"}
VERSION = {"version": "version", "reason": "reason", **WHO}
# The last four are the full-width forms, which some spreadsheets take for the same.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NEGATIVE = re.compile(r"-\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
VALUE = {name: name for name in ("visit", "biomarker", "told", "value", "below", "upper")} | VERSION


def _columns(*names: str) -> dict[str, str]:
    return {name: name for name in names}


# Table, how it leads to the participant, and its columns; places are left out, because they help to guess, and so is
# the number that a person has in the site's health records.
OF_PARTICIPANTS: tuple[Source, ...] = (
    (Participant, "", {"site": "site__code", **_columns("stratum", "consent_version", "eligible", "at")}),
    (Withdrawal, "participant__", _columns("reason") | WHO),
    (Allocation, "participant__", {"stratum": "stratum", "kit": "kit__number", **WHO}),
    (Correction, "participant__", _columns("field", "old", "new", "reason") | WHO),
    (Unblinding, "participant__", _columns("reason") | WHO),
    (AssessmentClosing, "assessment__unblinding__participant__", _columns("conclusion") | WHO),
    (Consent, "enrollment__participant__", _columns("version", "signed_on") | WHO),
    (
        EligibilityCheck,
        "consent__enrollment__participant__",
        _columns("status", "answers", "confirmed", "records_as_of") | WHO,
    ),
    (Enrollment, "participant__", {"consent": "consent_id", "check": "check_made_id", "at": "at"}),
    (VisitRecord, "participant__", _columns("visit", "on") | VERSION),
    (LabValue, "participant__", VALUE),
    (
        AdverseEvent,
        "participant__",
        _columns(
            "number", "term", "onset", "ended", "grade", "criteria", "infection", "related", "expected", "learned_at"
        )
        | VERSION,
    ),
    (SafetyReport, "event__participant__", {"number": "event__number", "kind": "kind", **WHO}),
    (Medication, "participant__", _columns("number", "name", "dose", "indication", "started", "ended") | VERSION),
    (Query, "participant__", _columns("about", "text") | WHO),
    (QueryStep, "query__participant__", {"query": "query_id", **_columns("kind", "text"), **WHO}),
    (Alert, "participant__", _columns("rule", "text", "action", "roles", "at")),
    (Acknowledgement, "alert__participant__", {"alert": "alert_id", "done": "done", **WHO}),
)


def chosen(actor: Any, trial: Any, action: Action) -> list[Any]:
    """Return the participants of the sites from which a person may export.

    Raises:
        ConductError: The actor may not export anything here.
    """
    sites = sites_for(actor, action, trial)
    return list(Participant.objects.filter(site__in=sites).select_related("site").order_by("identifier"))


def tables_of(
    trial: Any, participants: Sequence[Any], *, beside: Sequence[Source] = (), chains: Sequence[str] = ()
) -> Tables:
    """Return the records of some participants, with signatures and audit rows; asks nobody's role.

    Every row begins with `participant` and `record`, the name by which the audit trail calls it.

    Args:
        trial: The trial.
        participants: Whose records.
        beside: Tables beside those that blinded people may have.
        chains: Audit chains beside the trial's own.
    """
    told = {
        model._meta.model_name: list(_rows(model, path, columns, participants))
        for model, path, columns in (*OF_PARTICIPANTS, *beside)
    }
    owners = {row["record"]: row["participant"] for rows in told.values() for row in rows}
    told["signature"] = []
    for signature in Signature.objects.filter(trial=trial).select_related("by").order_by("pk"):
        if signature.record not in owners:
            continue
        row = {"participant": owners[signature.record], "record": name_of(signature), "signed": signature.record}
        row |= {"printed_name": signature.printed_name, "meaning": signature.meaning, "digest": signature.record_digest}
        told["signature"].append({**row, "by": signature.by.username, "at": moment(signature.at)})
        owners[row["record"]] = row["participant"]
    told["audit"] = [
        {"participant": owners[row.record], "record": row.record}
        | {name: str(getattr(row, name)) for name in ("n", "at", "actor", "action", "reason")}
        for row in AuditRow.objects.filter(chain__in=(trial.code, *chains)).order_by("chain", "n").iterator()
        if row.record in owners
    ]
    return told


def columns_of(rows: Table) -> list[str]:
    """Return the columns of a table; of one without rows, those that every table begins with."""
    return list(rows[0]) if rows else ["participant", "record"]


def csv_archive(told: Tables) -> bytes:
    """Return tables as CSV files in one archive; cells that a spreadsheet would compute begin with an apostrophe."""
    files = {f"{name}.csv": csv_text(rows, columns_of(rows)) for name, rows in told.items()}
    return archive({name: text.encode() for name, text in files.items()})


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return files as one ZIP archive; what is the same has the same bytes, as all carry one date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in files.items():
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def csv_text(rows: Table, columns: Sequence[str]) -> str:
    """Return rows as CSV that a spreadsheet shows and does not compute."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows({name: plain_text(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def plain_text(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet takes for a formula, and before one that is there already.

    So taking one away gives back every original. A negative number is none of these and stays as it is.

    Example:
        >>> plain_text("=1+1"), plain_text("'quoted"), plain_text("01-001"), plain_text("-0.5"), plain_text("-2+3")
        ("'=1+1", "''quoted", '01-001', '-0.5', "'-2+3")

    Reference:
        OWASP, CSV Injection.
    """
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NEGATIVE.fullmatch(cell) else cell


def difference(kept: Tables, now: Tables) -> str | None:
    """Return the first thing that a copy kept earlier and the database of now tell differently; later rows are none.

    Example:
        >>> difference({"participant": [{"record": "participant/1", "stratum": "a"}]}, {"participant": []})
        'participant/1 of the copy is not in the database'
    """
    for name, rows in kept.items():
        present = {row["record"] + row.get("n", ""): row for row in now.get(name, ())}
        for row in rows:
            found = present.get(row["record"] + row.get("n", ""))
            if found is None:
                return f"{row['record']} of the copy is not in the database"
            for column, value in row.items():
                if found.get(column) != value:
                    return f"{column} of {row['record']} is another in the copy"
    return None


def _rows(model: Any, path: str, columns: Mapping[str, str], chosen: Sequence[Any]) -> Iterator[dict[str, str]]:
    names = ["participant", "record", *columns]
    records = model.objects.filter(**{f"{path}pk__in": [participant.pk for participant in chosen]}).order_by("pk")
    for identifier, number, *values in records.values_list(f"{path}identifier", "pk", *columns.values()):
        record = f"{model._meta.model_name}/{number}"
        yield dict(zip(names, (identifier, record, *map(_text, values)), strict=True))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str) else json.dumps(value)
