"""The image step: every study of `imaging/` to reads, the reads to ADPET; resumable, a bad study stays alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from calor.datasets.aside import aside
from calor.datasets.dataset import Dataset, read, write
from calor.datasets.folder import find
from calor.errors import DatasetError, ProtocolError, TrialError
from calor.image.adpet import LABELS, TITLE, Adpet, adpet
from calor.image.counted_reads import CountedReads, counted_reads
from calor.image.read_record import ReadRecord, load
from calor.protocol import Protocol
from calor.protocol.imaging import Imaging
from calor.trial.atomic import sweep
from calor.trial.imaging_batch import Scan, measure_scans, studies
from calor.trial.lock import only_writer
from calor.trial.reading import ReadingState, reading_state
from calor.trial.trial import Trial

FOLDER = "imaging"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class ImageOutcome:
    """What became of the studies.

    Attributes:
        reads: Every read in force: of imported masks, and of the core lab.
        records: Where each lies, in the same order.
        measured: How many were measured now; the others were there.
        counted: Which reads count.
        adpet: The dataset with choices and excluded pairs.
        failed: Participant, visit and reason of each study without a read.
    """

    reads: tuple[ReadRecord, ...]
    records: tuple[Path, ...]
    measured: int
    counted: CountedReads
    adpet: Adpet
    failed: tuple[tuple[str, str, str], ...]

    @property
    def ok(self) -> bool:
        """Whether every study has a read."""
        return not self.failed

    def __str__(self) -> str:
        text = f"{len(self.reads)} reads ({self.measured} now), {len(self.failed)} studies refused"
        waiting = f"; {len(self.counted.waiting)} scans wait for a reader" if self.counted.waiting else ""
        return f"{text}; index vessel frozen at baseline for {len(self.adpet.choices)} participants{waiting}"

    def vessels(self) -> pd.DataFrame:
        """Return one row per read and vessel."""
        rows = [_of(r) | {"vessel": name} | v.measures() for r in self.reads for name, v in r.vessels().items()]
        return pd.DataFrame(rows)

    def slices(self) -> pd.DataFrame:
        """Return one row per read, vessel and slice."""
        rows = [
            _of(r) | {str(name): value for name, value in row.items()}
            for r in self.reads
            for v in r.vessels().values()
            for row in v.to_frame().to_dict("records")
        ]
        return pd.DataFrame(rows)

    def problems(self) -> pd.DataFrame:
        """Return what was refused, what waits, and what somebody should look at."""
        rows = [(*f, "refused") for f in self.failed] + [(*p, "left out") for p in self.adpet.problems]
        rows += [(*scan, why, "waits") for scan, why in self.counted.waiting.items()]
        rows += [(r.participant, r.visit, note, "look") for r in self.reads for note in r.notes]
        return pd.DataFrame(rows, columns=["participant", "visit", "what", "state"])


def _of(read: ReadRecord) -> dict[str, object]:
    return {"participant": read.participant, "visit": read.visit, "reader": read.reader, "repeat": read.repeat}


def measure_trial(trial: Trial, tell: Tell | None = None, *, workers: int | None = None) -> ImageOutcome:
    """Measure the studies of a trial that have no read yet, and write `results/imaging`.

    Args:
        trial: An opened trial whose protocol has an `[imaging]` section.
        tell: Called with a line for each study.
        workers: Processes; chosen by the number of studies when None.

    Raises:
        ProtocolError: The protocol has no `[imaging]` section, or no visit of a study's folder.
        TrialError: There are no studies, or another process is writing.
    """
    definition_of(trial.protocol)
    studies(trial.folder / FOLDER, trial.protocol)
    with only_writer(trial.results):
        return measure_studies(trial, tell or (lambda _line: None), workers=workers)


def measure_studies(trial: Trial, tell: Tell, *, workers: int | None = None) -> ImageOutcome:
    """Do as `measure_trial` does, for a caller who holds the folder's lock.

    Args:
        trial: An opened trial.
        tell: Called with a line for each study.
        workers: Processes; chosen by the number of studies when None.
    """
    definition, results = definition_of(trial.protocol), trial.results / FOLDER
    scans = studies(trial.folder / FOLDER, trial.protocol)
    results.mkdir(parents=True, exist_ok=True)
    sweep(results)
    state = reading_state(results)
    records: dict[Scan, Path] = {}
    failed, now = [], 0
    unread = [scan for scan in scans if (scan.participant, scan.visit) not in state.scans()]
    for done in measure_scans(unread, definition, results / "reads", workers=workers):
        who = (done.scan.participant, done.scan.visit)
        if done.record is None:
            failed.append((*who, done.reason))
        else:
            records[done.scan] = done.record
        now += done.now
        tell(f"{' '.join(who)}: {done.reason or ('read' if done.now else 'there already')}")
    paths = (*(records[scan] for scan in scans if scan in records), *state.records(results / "reads"))
    outcome = _outcome(trial, paths, state, (now, tuple(sorted(failed))))
    _write(outcome, results)
    return outcome


def definition_of(protocol: Protocol) -> Imaging:
    """Return how vessels are measured.

    Raises:
        ProtocolError: The protocol does not say.
    """
    if protocol.imaging is None:
        raise ProtocolError.must("imaging", "say how vessels are measured", "nothing", fix="Add an [imaging] section.")
    return protocol.imaging


def _outcome(
    trial: Trial, paths: tuple[Path, ...], state: ReadingState, became: tuple[int, tuple[tuple[str, str, str], ...]]
) -> ImageOutcome:
    definition = definition_of(trial.protocol)
    reads = tuple(load(path) for path in paths)
    counted = counted_reads(reads, readers=state.readers, third=state.third, limit=definition.reader_limit)
    seen = {read.visit for read in reads}
    visits = [v for v in trial.protocol.visits if v.id in seen]
    if not visits:
        dataset = Adpet(pd.DataFrame(columns=list(LABELS)), {}, ())
    else:
        study = trial.protocol.trial.id
        dataset = adpet(counted.by_scan, definition, study=study, visits=visits, starts=_starts(trial))
    return ImageOutcome(reads, paths, became[0], counted, dataset, became[1])


def _starts(trial: Trial) -> dict[str, date]:
    """Return each participant's first day of treatment, as far as ADSL says it."""
    try:
        files = find(trial.adam_folder)
    except (DatasetError, TrialError):
        return {}  # the datasets lie elsewhere; scans are measured all the same
    if "adsl" not in files:
        return {}
    frame = read(files["adsl"]).frame
    column = next((c for c in ("TRTSDT", "RANDDT") if c in frame), None)
    if column is None:
        return {}
    known = frame.dropna(subset=[column])
    return {str(who): day.date() for who, day in zip(known["USUBJID"], known[column], strict=True)}


def _write(outcome: ImageOutcome, results: Path) -> None:
    tables = {"vessels": outcome.vessels(), "slices": outcome.slices(), "problems": outcome.problems()}
    for name, table in tables.items():
        with aside(results / f"{name}.csv") as part:
            table.to_csv(part, index=False)
    for suffix in ("xpt", "csv"):
        write(Dataset("ADPET", outcome.adpet.frame, LABELS, TITLE), results / f"adpet.{suffix}")
