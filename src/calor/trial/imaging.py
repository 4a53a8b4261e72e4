"""The image step: every study of `imaging/` to reads, the reads to ADPET; resumable, a bad study stays alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pandas as pd

from calor import __version__
from calor.datasets.aside import aside
from calor.errors import CalorError, ProtocolError, TrialError
from calor.image.adpet import Adpet, adpet
from calor.image.read_record import ReadRecord, keep, load, read_key, record_of
from calor.image.study import measure, read_study
from calor.protocol import Protocol
from calor.protocol.imaging import Imaging
from calor.trial.atomic import sweep
from calor.trial.lock import only_writer
from calor.trial.trial import Trial

FOLDER = "imaging"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Scan:
    """One study's folder: `imaging/<participant>/<visit>`."""

    participant: str
    visit: str
    folder: Path


@dataclass(frozen=True)
class ImageOutcome:
    """What became of the studies.

    Attributes:
        reads: Every study's read.
        measured: How many were measured now; the others were there.
        adpet: The dataset with choices and excluded pairs.
        failed: Participant, visit and reason of each study without a read.
    """

    reads: tuple[ReadRecord, ...]
    measured: int
    adpet: Adpet
    failed: tuple[tuple[str, str, str], ...]

    @property
    def ok(self) -> bool:
        """Whether every study has a read."""
        return not self.failed

    def __str__(self) -> str:
        text = f"{len(self.reads)} studies read ({self.measured} now), {len(self.failed)} refused"
        return f"{text}; index vessel frozen at baseline for {len(self.adpet.choices)} participants"

    def vessels(self) -> pd.DataFrame:
        """Return one row per study and vessel."""
        rows = [
            {"participant": r.participant, "visit": r.visit, "vessel": name} | v.measures()
            for r in self.reads
            for name, v in r.vessels().items()
        ]
        return pd.DataFrame(rows)

    def slices(self) -> pd.DataFrame:
        """Return one row per study, vessel and slice."""
        parts = [
            v.to_frame().assign(participant=r.participant, visit=r.visit)
            for r in self.reads
            for v in r.vessels().values()
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def problems(self) -> pd.DataFrame:
        """Return what was refused, and what somebody should look at."""
        noted = [(r.participant, r.visit, note) for r in self.reads for note in r.notes]
        rows = [(*f, "refused") for f in self.failed] + [(*p, "left out") for p in self.adpet.problems]
        rows += [(*n, "look") for n in noted]
        return pd.DataFrame(rows, columns=["participant", "visit", "what", "state"])


def measure_trial(trial: Trial, tell: Tell | None = None, *, workers: int = 2) -> ImageOutcome:
    """Measure the studies of a trial that have no read yet, and write `results/imaging`.

    Args:
        trial: An opened trial whose protocol has an `[imaging]` section.
        tell: Called with a line for each study.
        workers: Processes.

    Raises:
        ProtocolError: The protocol has no `[imaging]` section, or no visit of a study's folder.
        TrialError: There are no studies, or another process is writing.
    """
    definition = _definition(trial.protocol)
    scans = list(studies(trial.folder / FOLDER, trial.protocol))
    results = trial.results / FOLDER
    with only_writer(trial.results):
        sweep(results)
        reads, failed, measured = _all(scans, definition, results / "reads", tell or (lambda _line: None), workers)
        visits = [v for v in trial.protocol.visits if any(s.visit == v.id for s in scans)]
        outcome = ImageOutcome(
            reads, measured, adpet(reads, definition, study=trial.protocol.trial.id, visits=visits), failed
        )
        tables = {"vessels": outcome.vessels(), "slices": outcome.slices(), "adpet": outcome.adpet.frame,
                  "problems": outcome.problems()}  # fmt: skip
        for name, table in tables.items():
            with aside(results / f"{name}.csv") as part:
                table.to_csv(part, index=False)
    return outcome


def studies(folder: Path, protocol: Protocol) -> Iterator[Scan]:
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
    yield from sorted(found, key=lambda s: (s.participant, order.index(s.visit)))


def hash_of(folder: Path) -> str:
    """Return the SHA-256 over a folder's files, whatever their names: the input of a read."""
    hashes = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            with path.open("rb") as file:
                hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest()


def _all(
    scans: list[Scan], definition: Imaging, folder: Path, tell: Tell, workers: int
) -> tuple[tuple[ReadRecord, ...], tuple[tuple[str, str, str], ...], int]:
    reads: dict[Scan, ReadRecord] = {}
    failed: list[tuple[str, str, str]] = []
    inputs = {scan: hash_of(scan.folder) for scan in scans}
    kept = {scan: _place(scan, inputs[scan], definition, folder) for scan in scans}
    todo = [scan for scan in scans if not kept[scan].exists()]
    for scan, reason in _measured(todo, inputs, definition, folder, workers):
        tell(f"{scan.participant} {scan.visit}: {reason or 'read'}")
        if reason:
            failed.append((scan.participant, scan.visit, reason))
    for scan in scans:
        if kept[scan].exists():
            reads[scan] = load(kept[scan])
    return tuple(reads.values()), tuple(sorted(failed)), len(todo) - len(failed)


def _place(scan: Scan, inputs: str, definition: Imaging, folder: Path) -> Path:
    key = read_key(inputs, __version__, definition.model_dump(mode="json"))
    return folder / scan.participant / scan.visit / f"{key}.json"


def _measured(
    scans: list[Scan], inputs: dict[Scan, str], definition: Imaging, folder: Path, workers: int
) -> Iterator[tuple[Scan, str]]:
    """Measure studies, each in a process of its own, and give each with the reason why not, empty when it was."""
    if not scans:
        return
    # Spawned, not forked: the numerical libraries' threads do not survive a fork.
    with ProcessPoolExecutor(min(workers, len(scans)), mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_one, scan, inputs[scan], definition, folder): scan for scan in scans}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


def _one(scan: Scan, inputs: str, definition: Imaging, folder: Path) -> str:
    try:
        found = measure(read_study(scan.folder), definition)
        who = (scan.participant, scan.visit, "masks")
        keep(record_of(found, who, inputs, __version__), folder / scan.participant / scan.visit)
    except CalorError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  (one study's fault must not end the batch)
        return f"not measured: {type(error).__name__}"
    return ""


def _definition(protocol: Protocol) -> Imaging:
    if protocol.imaging is None:
        raise ProtocolError.must("imaging", "say how vessels are measured", "nothing", fix="Add an [imaging] section.")
    return protocol.imaging
