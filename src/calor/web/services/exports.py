"""Exports: ADaM datasets, CDISC ODM-XML and CSV; each is in the audit trail with the SHA-256 of its file."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from django.utils import timezone

from calor.datasets.dataset_json import write_dataset_json
from calor.web import copies, odm, served, unblinded
from calor.web.adam.datasets import datasets
from calor.web.adam.followed import followed
from calor.web.allocator import with_arms
from calor.web.audit import append, save_audited
from calor.web.capture.models import UnblindedExport
from calor.web.permissions import Action


class Kind(StrEnum):
    """What can be exported."""

    ADAM = "adam"
    ODM = "odm"
    CSV = "csv"


ADAM, ODM, CSV = Kind
_ENDINGS = {ADAM: ("zip", "application/zip"), ODM: ("xml", "application/xml"), CSV: ("zip", "application/zip")}


@dataclass(frozen=True)
class Exported:
    """A file.

    Attributes:
        name: Its name.
        media: Its media type.
        content: Its bytes.
        sha256: Their digest, as it stands in the audit trail.
    """

    name: str
    media: str
    content: bytes
    sha256: str


def export(actor: Any, trial: Any, kind: Kind) -> Exported:
    """Export the data of the sites from which a person may, without arms and without what is withheld.

    Raises:
        ConductError: The actor may not export anything here.
    """
    participants = copies.chosen(actor, trial, Action.EXPORT)
    if kind == ADAM:
        content = _adam(trial, participants, None)
    else:
        content = _copy(trial, copies.tables_of(trial, participants), kind)
    made = _file(trial, kind, "blinded", content)
    append(trial.code, actor=actor.username, action=Action.EXPORT, reason=f"{kind}, SHA-256 {made.sha256}")
    return made


@with_arms(asked=False)
def export_unblinded(actor: Any, trial: Any, kind: Kind) -> Exported:
    """Export the same with arms and with what is withheld.

    The trail says that there was an export; its digest, which depends on the arms, stands in a table that the blinded
    cannot read.

    Raises:
        ConductError: The actor may not, or asks where the arms cannot be read.
    """
    participants = copies.chosen(actor, trial, Action.EXPORT_UNBLINDED)
    if kind == ADAM:
        content = _adam(trial, participants, unblinded.arms(trial, participants))
    else:
        content = _copy(trial, unblinded.tables(trial, participants), kind)
    made = _file(trial, kind, "unblinded", content)
    record = UnblindedExport(trial=trial, kind=kind, sha256=made.sha256, by=actor, at=timezone.now())
    save_audited(record, chain=trial.code, actor=actor.username, action=Action.EXPORT_UNBLINDED)
    return made


def _adam(trial: Any, participants: Sequence[Any], arms: Mapping[int, str] | None) -> bytes:
    """Return the datasets as Dataset-JSON in a folder `adam`, as a trial's folder holds them."""
    protocol, at = served.protocol_of(trial), timezone.now()
    files = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, dataset in datasets(protocol, followed(protocol, trial, participants, arms=arms)).items():
            path = Path(folder) / f"{name}.json"
            write_dataset_json(dataset, path, at=at)
            files[f"adam/{path.name}"] = path.read_bytes()
    return copies.archive(files)


def _copy(trial: Any, tables: copies.Tables, kind: Kind) -> bytes:
    return odm.write(tables, trial.code, timezone.now()) if kind == ODM else copies.csv_archive(tables)


def _file(trial: Any, kind: Kind, who: str, content: bytes) -> Exported:
    ending, media = _ENDINGS[kind]
    name = f"{trial.code}-{timezone.now():%Y-%m-%d}-{kind}-{who}.{ending}"
    return Exported(name, media, content, hashlib.sha256(content).hexdigest())
