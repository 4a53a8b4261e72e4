"""A batch of scans: which there are, each measured in a process that may die, memory that does not grow with them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import TerminatedWorkerError

from calor import __version__
from calor.errors import CalorError, ImageError, TrialError
from calor.image.counted_reads import MASKS
from calor.image.dicom_results import pet_headers_of, write_report, write_seg
from calor.image.fused import keep_fused
from calor.image.qc_sheet import fused_slices, qc_sheet
from calor.image.read_record import OPENLY, Blinded, ReadRecord, keep, read_key, record_of
from calor.image.study import Study, StudyTbr, measure, read_study
from calor.protocol import Protocol
from calor.protocol.imaging import Imaging
from calor.trial.atomic import whole_folder

T = TypeVar("T")
WORTH_A_PROCESS = 8
"""Studies from which processes pay: each takes seconds to load the libraries."""
DIED = "not measured: its process died, of memory or of a file that broke a decoder"


@dataclass(frozen=True)
class Scan:
    """One scan to be read.

    Attributes:
        participant: Study identifier.
        visit: Visit of the protocol.
        folder: Its PET and CT.
        drawn: A reader's masks; None where they lie with the scan.
        reader: Code of the reader.
        blinded: How it was handed to the reader.
    """

    participant: str
    visit: str
    folder: Path
    drawn: Path | None = None
    reader: str = MASKS
    blinded: Blinded = OPENLY


@dataclass(frozen=True)
class Done:
    """What became of one scan.

    Attributes:
        scan: Which.
        record: Its record; None where it was refused.
        reason: Why it was refused.
        now: Whether it was measured now.
    """

    scan: Scan
    record: Path | None = None
    reason: str = ""
    now: bool = False


def studies(folder: Path, protocol: Protocol) -> list[Scan]:
    """Find the studies of a trial, by participant and in the order of visits.

    Raises:
        TrialError: There is none.
        ProtocolError: A folder is named after no visit.
    """
    people = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")) if folder.is_dir() else []
    found = [Scan(p.name, v.name, v) for p in people for v in sorted(p.iterdir()) if v.is_dir()]
    if not found:
        raise TrialError.must(
            "imaging", "hold studies as imaging/<participant>/<visit>", "none", fix="Copy the DICOM folders there."
        )
    order = [v.id for v in protocol.visits]
    for scan in found:
        protocol.visit(scan.visit)
    return sorted(found, key=lambda s: (s.participant, order.index(s.visit)))


def measure_scans(
    scans: Sequence[Scan], definition: Imaging, reads: Path, *, workers: int | None = None
) -> Iterator[Done]:
    """Read each scan that has no read yet of the same input, version and definition, and give each as it is done.

    Args:
        scans: What to read.
        definition: The protocol's definitions.
        reads: Folder of records.
        workers: Processes; by default as many as there are processors, or none of its own for a few scans.
    """
    if workers is None:
        workers = (os.cpu_count() or 1) if len(scans) >= WORTH_A_PROCESS else 1
    for scan, done in each(read_scan, [(scan, definition, reads) for scan in scans], workers):
        yield done if isinstance(done, Done) else Done(scan[0], reason=DIED)


def each(work: Callable[[T], Done], items: Sequence[T], workers: int) -> Iterator[tuple[T, Done | None]]:
    """Do work on every item in processes, and give each with its result as it comes; None where the process died.

    A process that dies takes those beside it along: what is left is then done one at a time, so that only the item at
    fault has no result.
    """
    left = dict(enumerate(items))
    try:
        jobs = (delayed(_numbered)(work, number, item) for number, item in list(left.items()))
        for number, done in Parallel(n_jobs=workers, return_as="generator_unordered")(jobs):
            yield left.pop(number), done
    except TerminatedWorkerError:
        for item in left.values():
            yield item, _alone(work, item)


def _numbered(work: Callable[[T], Done], number: int, item: T) -> tuple[int, Done]:
    return number, work(item)


def _alone(work: Callable[[T], Done], item: T) -> Done | None:
    try:
        # A second, idle process keeps joblib from working in this one.
        return next(iter(Parallel(n_jobs=2)([delayed(work)(item)])))  # type: ignore[no-any-return]
    except TerminatedWorkerError:
        return None


def read_scan(job: tuple[Scan, Imaging, Path]) -> Done:
    """Read one scan, unless its read is there already; whatever goes wrong is told, not raised.

    Args:
        job: The scan, the protocol's definitions, the folder of records.
    """
    scan, definition, reads = job
    try:
        inputs = hash_of(*([scan.folder] if scan.drawn is None else [scan.folder, scan.drawn]))
        folder = reads / scan.participant / scan.visit
        key = read_key(inputs, __version__, definition.model_dump(mode="json"), scan.reader)
        if (folder / f"{key}.json").exists():
            return Done(scan, folder / f"{key}.json")
        study = read_study(scan.folder, scan.drawn)
        found = measure(study, definition)
        record = record_of(found, (scan.participant, scan.visit, scan.reader), inputs, __version__, scan.blinded)
        _products(study, found, record, folder / key)
        return Done(scan, keep(record, folder), now=True)
    except CalorError as error:
        return Done(scan, reason=str(error))
    except Exception as error:  # noqa: BLE001  (one study's fault must not end the batch)
        return Done(scan, reason=f"not measured: {type(error).__name__}")


def _products(study: Study, found: StudyTbr, record: ReadRecord, folder: Path) -> None:
    """Write what goes with a read: quality sheet, SEG, report, and the slices that the trial's report shows."""
    with whole_folder(folder) as aside:
        slices = fused_slices(study, found)
        qc_sheet(found, slices, aside / "sheet.png", code=record.code or record.key[:8])
        keep_fused(slices, aside)
        names = [*found.vessels, found.pool.vessel]
        sources = pet_headers_of(study)
        write_seg(study, sources, aside / "vessels.seg.dcm", names=names)
        write_report(found, sources, aside / "vessels.seg.dcm", aside / "measures.sr.dcm", reader=record.reader)


def hash_of(*folders: Path) -> str:
    """Return the SHA-256 over folders' files, whatever their names: the input of a read.

    Raises:
        ImageError: There is none.
    """
    hashes = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                with path.open("rb") as file:
                    hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    if not hashes:
        raise ImageError.must("scan", "hold files", "none", fix="Copy its DICOM files there.")
    return hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()
