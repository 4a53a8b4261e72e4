"""The core lab's reading: a blinded list goes out, reads come back under codes, a third reads where two differ."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from calor.datasets.aside import aside
from calor.errors import TrialError
from calor.image.deidentify import deidentify
from calor.image.pet_and_ct import pet_and_ct
from calor.image.read_record import Blinded
from calor.image.reading_list import ReadingList, reading_list
from calor.protocol.imaging import Imaging
from calor.trial.atomic import whole_folder
from calor.trial.imaging_batch import Scan, measure_scans

STATE = "reading.json"
SERIES, READS = "series", "reads"
LONGEST_SHIFT_DAYS = 3650
Tell = Callable[[str], None]


@dataclass(frozen=True)
class ListOrder:
    """What a reading list is made with.

    Attributes:
        readers: Codes of one or two first readers.
        third: Code of the reader who adjudicates; empty for none.
        seed: Seed of codes, order and shifts.
        repeat_share: Share of scans that come twice.
    """

    readers: tuple[str, ...]
    third: str
    seed: int
    repeat_share: float = 0.1

    def __post_init__(self) -> None:
        codes = (*self.readers, *([self.third] if self.third else []))
        if not 1 <= len(self.readers) <= 2 or len(set(codes)) != len(codes) or not all(c.isalnum() for c in codes):
            raise TrialError.must(
                "readers", "be one or two, and a third, each with an own code of letters and digits", codes,
                fix="Give --reader A --reader B --third C.",
            )  # fmt: skip


@dataclass(frozen=True)
class ReadingState:
    """Which list is out, and which reads came back; kept with the data manager.

    Attributes:
        readers: Codes of the first readers.
        third: Code of the third.
        seed: Seed of the list.
        repeat_share: Share of scans that come twice.
        key_sha256: Of the key, by which it is known again.
        reads: Reads in force: reader, code, participant, visit, key of the record.
    """

    readers: tuple[str, ...] = ()
    third: str = ""
    seed: int = 0
    repeat_share: float = 0.0
    key_sha256: str = ""
    reads: tuple[tuple[str, str, str, str, str], ...] = field(default=())

    def records(self, folder: Path) -> tuple[Path, ...]:
        """Return where the reads in force lie."""
        return tuple(folder / who / visit / f"{key}.json" for _, _, who, visit, key in self.reads)

    def scans(self) -> set[tuple[str, str]]:
        """Return participant and visit of the scans that readers have read."""
        return {(who, visit) for _, _, who, visit, _ in self.reads}


def reading_state(results: Path) -> ReadingState:
    """Read which list is out; an empty state where none is.

    Args:
        results: `results/imaging`.
    """
    path = results / STATE
    if not path.exists():
        return ReadingState()
    content = json.loads(path.read_text(encoding="utf-8"))
    plain = {"readers": tuple(content["readers"]), "reads": tuple(tuple(r) for r in content["reads"])}
    return ReadingState(**content | plain)


def hand_out(
    scans: Sequence[Scan], order: ListOrder, definition: Imaging, *, lab: Path, key: Path, results: Path
) -> ReadingList:
    """Make a reading list and the blinded series that go to the core lab; the key stays here.

    `lab` gets `series/<code>/` without identity, an order for each reader and the definitions. Every code has dates,
    times and identifiers of its own, so that two scans of a participant cannot be linked.

    Args:
        scans: The trial's scans.
        order: Readers, seed and share of repeats.
        definition: The protocol's definitions, printed for the readers.
        lab: New folder for the core lab.
        key: New file with who is behind each code; not inside `lab`.
        results: `results/imaging`, which remembers the list.

    Raises:
        TrialError: `lab` or `key` exists, the key lies within `lab`, or a list is out whose reads have come.
        ImageError: A scan cannot be blinded without changing its SUV.
    """
    if lab.exists() or key.exists() or lab.resolve() in key.resolve().parents:
        raise TrialError.must(
            "folder and key", "be new, the key outside the folder", f"{lab}, {key}", fix="Name others."
        )
    if reading_state(results).reads:
        raise TrialError.must("reading list", "be made once", "reads have come", fix="Finish the one that is out.")
    by_scan = {(scan.participant, scan.visit): scan for scan in scans}
    made = reading_list(list(by_scan), order.readers, seed=order.seed, repeat_share=order.repeat_share)
    rng = np.random.default_rng([order.seed, 1])
    shifts = rng.integers(-LONGEST_SHIFT_DAYS * 86400, -86400, len(made.key))
    with whole_folder(lab) as part:
        for row, shift in zip(made.key.itertuples(), shifts.tolist(), strict=True):
            _blind(by_scan[str(row.participant), str(row.visit)].folder, str(row.code), shift, rng.bytes(32), part)
        for reader, tasks in made.tasks.groupby("reader"):
            tasks[["order", "code"]].to_csv(part / f"reader-{reader}.csv", index=False)
        (part / "definitions.txt").write_text(_instructions(definition), encoding="utf-8")
    full = made.key.assign(shift_s=shifts)
    key.parent.mkdir(parents=True, exist_ok=True)
    with aside(key) as file:
        full.to_csv(file, index=False)
    state = ReadingState(order.readers, order.third, order.seed, order.repeat_share, _hash(key))
    _keep(state, results)
    return made


def _blind(folder: Path, code: str, shift_s: int, secret: bytes, lab: Path) -> None:
    """Write a scan's PET and CT without identity, and without any mask that came with it."""
    for kind, datasets in pet_and_ct(folder).items():
        to = lab / SERIES / code / kind
        to.mkdir(parents=True)
        blinded = deidentify(datasets, code=code, secret=secret, shift=timedelta(seconds=shift_s))
        for at, dataset in enumerate(blinded):
            dataset.save_as(to / f"{at:04d}.dcm", enforce_file_format=True)


def _instructions(definition: Imaging) -> str:
    names = "\n".join(f"  {name}" for name in (*definition.vessels, definition.background.vessel))
    return (
        f"Draw on the series of each code, in the order of your list, and name the regions:\n{names}\n"
        f"Save DICOM SEG, RTSTRUCT or NIfTI as reads/<your code>/<series code>/.\n{definition}\n"
    )


@dataclass(frozen=True)
class TakenIn:
    """What became of reads that came back.

    Attributes:
        read: How many are in force now.
        now: How many of them are new.
        failed: Reader, code and reason of each that was refused.
    """

    read: int
    now: int
    failed: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        return f"{self.read} reads in force ({self.now} new), {len(self.failed)} refused"


def take_in(definition: Imaging, *, lab: Path, key: Path, results: Path, tell: Tell) -> TakenIn:
    """Measure what the readers drew, under the names behind the codes; a read changed since becomes a new one.

    Args:
        definition: The protocol's definitions.
        lab: The core lab's folder, with `reads/<reader>/<code>/`.
        key: The key of its list.
        results: `results/imaging`.
        tell: Called with a line for each read.

    Raises:
        TrialError: No list is out, the key is another list's, or a folder is named after no reader or code.
    """
    state = reading_state(results)
    if not state.readers or not key.exists() or _hash(key) != state.key_sha256:
        raise TrialError.must("key", "be that of the list that is out", key, fix="Give the file that --key named.")
    table = pd.read_csv(key, dtype={"code": str, "participant": str, "visit": str}).to_dict("records")
    rows = {str(row["code"]): row for row in table}
    scans = _returned(lab, rows, (*state.readers, *([state.third] if state.third else [])))
    kept = {(read[0], read[1]): read for read in state.reads}
    failed, now = [], 0
    for done in measure_scans(scans, definition, results / "reads"):
        scan = done.scan
        tell(f"{scan.reader} {scan.blinded.code}: {done.reason or 'read'}")
        now += done.now
        if done.record is None:
            failed.append((scan.reader, scan.blinded.code, done.reason))
        else:
            read = (scan.reader, scan.blinded.code, scan.participant, scan.visit, done.record.stem)
            kept[read[0], read[1]] = read
    _keep(replace(state, reads=tuple(sorted(kept.values()))), results)
    return TakenIn(len(kept), now, tuple(sorted(failed)))


def _returned(lab: Path, key: Mapping[str, Mapping[Hashable, Any]], readers: Sequence[str]) -> list[Scan]:
    folders = sorted(p for p in (lab / READS).glob("*/*") if p.is_dir() and not p.name.startswith("."))
    strange = [p for p in folders if p.parent.name not in readers or p.name not in key]
    if strange or not folders:
        raise TrialError.must(
            "reads", f"lie as {READS}/<{' or '.join(readers)}>/<code>", strange[0] if strange else "none",
            fix="Ask the core lab to rename its folders.",
        )  # fmt: skip
    found = []
    for path in folders:
        row = key[path.name]
        blinded = Blinded(path.name, bool(row["repeat"]), int(row["shift_s"]))
        series = lab / SERIES / path.name
        found.append(Scan(str(row["participant"]), str(row["visit"]), series, path, path.parent.name, blinded))
    return found


def _hash(key: Path) -> str:
    return sha256(key.read_bytes()).hexdigest()


def _keep(state: ReadingState, results: Path) -> None:
    results.mkdir(parents=True, exist_ok=True)
    with aside(results / STATE) as part:
        part.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
