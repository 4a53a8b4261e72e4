"""Complete copies of what blinded people may have, for a site to keep: as CSV, as CDISC ODM-XML, and compared later."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from calor.web.audit import append, moment, name_of
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
from calor.web.permissions import Action, can, check

Table = list[dict[str, str]]
Tables = dict[str, Table]
_WHO = {"by": "by__username", "at": "at"}
# Table, how it leads to the participant, and its columns; places are left out, because they help to guess.
_OF_PARTICIPANTS: tuple[tuple[Any, str, dict[str, str]], ...] = (
    (
        Participant,
        "",
        {
            "site": "site__code",
            "stratum": "stratum",
            "consent_version": "consent_version",
            "eligible": "eligible",
            "at": "at",
        },
    ),
    (Withdrawal, "participant__", {"reason": "reason", **_WHO}),
    (Allocation, "participant__", {"stratum": "stratum", "kit": "kit__number", **_WHO}),
    (Correction, "participant__", {"field": "field", "old": "old", "new": "new", "reason": "reason", **_WHO}),
    (Unblinding, "participant__", {"reason": "reason", **_WHO}),
    (AssessmentClosing, "assessment__unblinding__participant__", {"conclusion": "conclusion", **_WHO}),
)


def tables(actor: Any, trial: Any) -> Tables:
    """Return the records of the sites from which a person may export, with signatures and audit rows.

    Every row begins with `participant` and `record`, the name by which the audit trail calls it.

    Raises:
        ConductError: The actor may not export anything here.
    """
    chosen = [
        participant
        for participant in Participant.objects.filter(trial=trial).select_related("site").order_by("identifier")
        if can(actor, Action.EXPORT, trial, participant.site)
    ]
    if not chosen:
        check(actor, Action.EXPORT, trial)
    append(trial.code, actor=actor.username, action=Action.EXPORT)
    return tables_of(trial, chosen)


def tables_of(trial: Any, participants: Sequence[Any]) -> Tables:
    """Return the same for some participants, asking nobody's role; for the operator."""
    told = {
        model._meta.model_name: list(_rows(model, path, columns, participants))
        for model, path, columns in _OF_PARTICIPANTS
    }
    owners = {row["record"]: row["participant"] for rows in told.values() for row in rows}
    told["signature"] = []
    for signature in Signature.objects.filter(trial=trial, record__in=owners).select_related("by").order_by("pk"):
        row = {"participant": owners[signature.record], "record": name_of(signature), "signed": signature.record}
        row |= {"printed_name": signature.printed_name, "meaning": signature.meaning, "digest": signature.record_digest}
        told["signature"].append({**row, "by": signature.by.username, "at": moment(signature.at)})
        owners[row["record"]] = row["participant"]
    told["audit"] = [
        {"participant": owners[row.record], "record": row.record}
        | {name: str(getattr(row, name)) for name in ("n", "at", "actor", "action", "reason")}
        for row in AuditRow.objects.filter(chain=trial.code, record__in=owners).order_by("n")
    ]
    return told


def csv_archive(actor: Any, trial: Any) -> bytes:
    """Return the tables as CSV files in one archive; cells that a spreadsheet would compute begin with an apostrophe.

    Raises:
        ConductError: The actor may not export anything here.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables(actor, trial).items():
            # One date for all: what is the same has the same bytes.
            archive.writestr(zipfile.ZipInfo(f"{name}.csv"), csv_text(rows, list(rows[0]) if rows else ["participant"]))
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

    So taking one away gives back every original.

    Example:
        >>> plain_text("=1+1"), plain_text("'quoted"), plain_text("01-001")
        ("'=1+1", "''quoted", '01-001')
    """
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "'")) else cell


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


def _rows(model: Any, path: str, columns: dict[str, str], chosen: Sequence[Any]) -> Iterator[dict[str, str]]:
    names = ["participant", "record", *columns]
    records = model.objects.filter(**{f"{path}pk__in": [participant.pk for participant in chosen]}).order_by("pk")
    for identifier, number, *values in records.values_list(f"{path}identifier", "pk", *columns.values()):
        record = f"{model._meta.model_name}/{number}"
        yield dict(zip(names, (identifier, record, *map(_text, values)), strict=True))


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    return value if isinstance(value, str) else json.dumps(value)
