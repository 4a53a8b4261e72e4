"""The core lab's three acts on a trial folder: make a list, import reads, look at agreement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from calor.datasets.aside import aside
from calor.errors import TrialError
from calor.image.counted_reads import CountedReads, counted_reads
from calor.image.read_record import load
from calor.image.reader_agreement import ReaderAgreement, reader_agreement, sizes
from calor.image.reading_list import ReadingList
from calor.trial.imaging import FOLDER, ImageOutcome, Tell, definition_of, measure_studies
from calor.trial.imaging_batch import studies
from calor.trial.lock import only_writer
from calor.trial.reading import ListOrder, TakenIn, hand_out, reading_state, take_in
from calor.trial.trial import Trial


def make_list(trial: Trial, order: ListOrder, *, lab: Path, key: Path) -> ReadingList:
    """Make the core lab's folder and the key of its list.

    Args:
        trial: An opened trial.
        order: Readers, seed, share of repeats.
        lab: New folder for the core lab.
        key: New file with who is behind each code.

    Raises:
        TrialError: There are no studies, or folder and key are not new.
    """
    scans = studies(trial.folder / FOLDER, trial.protocol)
    with only_writer(trial.results):
        return hand_out(scans, order, definition_of(trial.protocol), lab=lab, key=key, results=trial.results / FOLDER)


def import_reads(trial: Trial, *, lab: Path, key: Path, tell: Tell) -> tuple[TakenIn, ImageOutcome]:
    """Take in what the readers drew, and settle the trial's dataset anew.

    Args:
        trial: An opened trial.
        lab: The core lab's folder.
        key: The key of its list.
        tell: Called with a line for each read.

    Raises:
        TrialError: No list is out, or the key or a folder is not its own.
    """
    with only_writer(trial.results):
        taken = take_in(definition_of(trial.protocol), lab=lab, key=key, results=trial.results / FOLDER, tell=tell)
        return taken, measure_studies(trial, tell)


@dataclass(frozen=True, eq=False)
class Agreement:
    """How the readers of a trial agree.

    Attributes:
        readers: Between and within readers.
        counted: Which scans are settled.
        codes: Codes that wait for the third reader, in the order in which to read them.
        sizes: Participants per arm at the measured repeatability; None where no difference was given.
    """

    readers: ReaderAgreement
    counted: CountedReads
    codes: tuple[str, ...]
    sizes: pd.DataFrame | None = None

    def __str__(self) -> str:
        lines = [str(self.readers), str(self.counted)]
        if self.codes:
            lines.append(f"for the third reader: {', '.join(self.codes)}")
        if self.sizes is not None:
            lines += [
                f"{r['vessel']}, reader {r['reader']}: {r['one_read']} participants per arm with one read of each "
                f"scan, {r['two_reads']} with two"
                for r in self.sizes.to_dict("records")
            ]
        return "\n".join(lines)


def agreement(trial: Trial, difference: float | None = None) -> Agreement:
    """Describe the agreement of a trial's readers; write it, and the third reader's list, to `results/imaging`.

    Args:
        trial: An opened trial whose reads were imported.
        difference: Difference in mean TBRmax for which participants per arm are counted.

    Raises:
        TrialError: No read was imported.
    """
    results, definition = trial.results / FOLDER, definition_of(trial.protocol)
    state = reading_state(results)
    if not state.reads:
        raise TrialError.must("reads", "be imported", "none", fix="Run calor reads import.")
    reads = tuple(load(path) for path in state.records(results / "reads"))
    counted = counted_reads(reads, readers=state.readers, third=state.third, limit=definition.reader_limit)
    waiting = {scan for scan, why in counted.waiting.items() if why.startswith("adjudication")}
    # By code, which is random: the order says nothing of participant or visit.
    codes = tuple(sorted({r.code for r in reads if (r.participant, r.visit) in waiting and not r.repeat}))
    found = reader_agreement(reads)
    third = pd.DataFrame({"order": range(1, len(codes) + 1), "code": codes})
    tables = {"agreement": found.icc, "limits_of_agreement": found.limits, "repeatability": found.repeatability,
              f"reader-{state.third or 'third'}": third}  # fmt: skip
    for name, table in tables.items():
        with aside(results / f"{name}.csv") as part:
            table.to_csv(part, index=False)
    return Agreement(found, counted, codes, None if difference is None else sizes(found, difference))
