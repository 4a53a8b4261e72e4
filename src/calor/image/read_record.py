"""A read as a record: what was measured, from which input, with which definitions; it is never overwritten."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from calor.errors import ImageError
from calor.image.slice_uptake import SliceUptake
from calor.image.study import StudyTbr
from calor.image.tbr import VesselTbr, vessel_tbr
from calor.protocol.imaging import Imaging


@dataclass(frozen=True)
class ReadRecord:
    """One read of one scan.

    Attributes:
        participant: Study identifier.
        visit: Visit of the protocol.
        reader: Who drew the vessels: a reader's code, or `masks` for imported ones.
        inputs: SHA-256 of the scan's files and masks.
        version: Version of Calor.
        definition: The protocol's definitions, as written.
        background_suv: SUV of the blood pool [g/mL].
        uptake_s: Injection to scan [s].
        suv_rule: How the PET became SUV.
        voxel_mm: Voxel of the PET: slice, row, column [mm].
        slices: Of each vessel, lists by column: index, z_mm, voxels, suv_max, suv_mean.
        notes: What somebody should see.
        scanned: Day of the scan, ISO.
        code: Under which it was read blinded; empty for imported masks.
        repeat: Whether it repeats a read, for repeatability only.
    """

    participant: str
    visit: str
    reader: str
    inputs: str
    version: str
    definition: Mapping[str, Any]
    background_suv: float
    uptake_s: float
    suv_rule: str
    voxel_mm: tuple[float, ...]
    slices: Mapping[str, Mapping[str, list[float]]]
    notes: tuple[str, ...] = ()
    scanned: str = ""
    code: str = ""
    repeat: bool = False

    @property
    def key(self) -> str:
        """Identifies the read: another input, version or definition is another read."""
        return read_key(self.inputs, self.version, self.definition, self.reader)

    def vessels(self) -> dict[str, VesselTbr]:
        """Return the vessels, measured again from the stored slices."""
        definition = Imaging.model_validate(self.definition)
        return {name: vessel_tbr(_uptake(name, s), self.background_suv, definition) for name, s in self.slices.items()}


def read_key(inputs: str, version: str, definition: Mapping[str, Any], reader: str = "masks") -> str:
    """Return the key of a read, known before it is made.

    >>> len(read_key("ab", "0.1.0", {"active_threshold": 2.0}))
    20
    """
    text = json.dumps([inputs, version, definition, reader], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Blinded:
    """How a scan was handed to its reader.

    Attributes:
        code: Under which it was read; empty where it was not blinded.
        repeat: Whether it repeats a read.
        shift_s: By how much its dates and times were moved [s].
    """

    code: str = ""
    repeat: bool = False
    shift_s: int = 0


OPENLY = Blinded()
"""Read from masks that came with the scan."""


def record_of(
    found: StudyTbr, who: tuple[str, str, str], inputs: str, version: str, blinded: Blinded = OPENLY
) -> ReadRecord:
    """Make the record of a measured study.

    Args:
        found: The measured study.
        who: Participant, visit and reader.
        inputs: SHA-256 of the scan's files and masks.
        version: Version of Calor.
        blinded: How it was handed to its reader.
    """
    slices = {}
    for name, vessel in found.vessels.items():
        frame = vessel.uptake.to_frame()[["slice", "z_mm", "voxels", "suv_max", "suv_mean"]]
        slices[name] = {str(column): [float(v) for v in frame[column]] for column in frame.columns}
    uptake_s, injected = found.factor.uptake_s or 0.0, found.factor.injected
    scanned = "" if injected is None else _day(injected, uptake_s, blinded.shift_s)
    return ReadRecord(
        *who, inputs, version, found.definition.model_dump(mode="json"), found.pool.suv, uptake_s, str(found.factor),
        found.voxel_mm, slices, found.notes, scanned, blinded.code, blinded.repeat,
    )  # fmt: skip


def _day(injected: datetime, uptake_s: float, shift_s: int) -> str:
    return (injected + timedelta(seconds=uptake_s - shift_s)).date().isoformat()


def keep(record: ReadRecord, folder: Path) -> Path:
    """Write a record under its key; one that is there already stays as it is.

    Returns:
        Where it lies.

    Raises:
        ImageError: Another record with other numbers has the same key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.key}.json"
    text = json.dumps(asdict(record), indent=1, sort_keys=True)
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            raise ImageError.must("read", "equal the one kept under its key", path.name, fix="The same input measured "
                                  "otherwise: do not trust either before it is explained.")  # fmt: skip
        return path
    part = path.with_name(f".part-{os.getpid()}-{path.name}")
    part.write_text(text, encoding="utf-8")
    try:
        os.link(part, path)  # fails where the file exists, unlike a rename
    except FileExistsError:
        return keep(record, folder)
    finally:
        part.unlink()
    return path


def load(path: Path) -> ReadRecord:
    """Read a record and check that it is what its name says.

    Raises:
        ImageError: The file is damaged or was changed.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        record = ReadRecord(**content | {"notes": tuple(content["notes"]), "voxel_mm": tuple(content["voxel_mm"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ImageError.must("read", "be a whole record", path.name, fix="Restore it from the backup.") from error
    if record.key != path.stem:
        raise ImageError.must("read", "match its key", path.name, fix="It was changed after it was made: restore it.")
    return record


def _uptake(name: str, slices: Mapping[str, list[float]]) -> SliceUptake:
    columns = {key: np.array(values) for key, values in slices.items()}
    return SliceUptake(name, columns["slice"].astype(int), columns["z_mm"], columns["voxels"].astype(int),
                       columns["suv_max"], columns["suv_mean"])  # fmt: skip
