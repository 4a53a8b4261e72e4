"""Which reads of a scan count: the imported masks' alone, or two readers', or a third's where they differ too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from calor.errors import ImageError
from calor.image.adjudication import adjudicate
from calor.image.read_record import ReadRecord

MASKS = "masks"
"""Stands for the reader where masks came with the scan."""
Scan = tuple[str, str]
"""Participant and visit."""


@dataclass(frozen=True)
class CountedReads:
    """Reads that count.

    Attributes:
        by_scan: One or two reads of each settled scan.
        how: How each was settled.
        waiting: Scans that wait, and for what.
    """

    by_scan: Mapping[Scan, tuple[ReadRecord, ...]]
    how: Mapping[Scan, str]
    waiting: Mapping[Scan, str]

    def __str__(self) -> str:
        return f"{len(self.by_scan)} scans settled, {len(self.waiting)} wait"


def counted_reads(
    reads: Sequence[ReadRecord], *, readers: Sequence[str] = (), third: str = "", limit: float
) -> CountedReads:
    """Settle the reads of each scan; repeats never count.

    Where readers have read a scan, the masks that came with it do not count. Two readers are compared in the vessel in
    which they differ most.

    Args:
        reads: All of a trial.
        readers: Codes of one or two first readers; none when masks are imported.
        third: Code of the reader who adjudicates.
        limit: Difference in mean TBRmax above which the third decides.

    Raises:
        ImageError: A scan has two reads by one reader, or a reader is unknown.
    """
    by_scan: dict[Scan, dict[str, ReadRecord]] = {}
    for read in reads:
        if read.reader not in (MASKS, *readers, third):
            raise _refused("reader", f"be one of {', '.join((*readers, third))}", read.reader)
        if read.repeat:
            continue
        of_scan = by_scan.setdefault((read.participant, read.visit), {})
        if of_scan.setdefault(read.reader, read) is not read:
            raise _refused("scan", f"have one read by {read.reader}", f"two of {read.participant} {read.visit}")
    counted: dict[Scan, tuple[ReadRecord, ...]] = {}
    how: dict[Scan, str] = {}
    waiting: dict[Scan, str] = {}
    for scan, of_scan in sorted(by_scan.items()):
        first = tuple(of_scan[reader] for reader in readers if reader in of_scan)
        if not first:
            counted[scan], how[scan] = tuple(of_scan.values()), "one read"
        elif len(first) < len(readers):
            waiting[scan] = f"reader {', '.join(r for r in readers if r not in of_scan)}"
        elif len(first) == 1:
            counted[scan], how[scan] = first, "one reader"
        else:
            settled = adjudicate(_farthest(of_scan, first), limit, third=third)
            if settled.open:
                waiting[scan] = f"adjudication by {third or 'a third reader'}"
                continue
            how[scan] = str(settled.settled["how"].iloc[0])
            counted[scan] = (of_scan[third],) if how[scan] == "adjudicated" else first
    return CountedReads(counted, how, waiting)


def _farthest(of_scan: Mapping[str, ReadRecord], first: tuple[ReadRecord, ...]) -> pd.DataFrame:
    """Return every reader's value in the vessel in which the first two differ most."""
    one, two = (read.vessels() for read in first)
    worst = max(one, key=lambda name: abs(one[name].mean_tbr_max - two[name].mean_tbr_max))
    rows = [("scan", r, read.vessels()[worst].mean_tbr_max) for r, read in of_scan.items() if r != MASKS]
    return pd.DataFrame(rows, columns=["target", "reader", "value"])


def _refused(what: str, rule: str, got: object) -> ImageError:
    return ImageError.must(what, rule, got, fix="Import the reads again, with the key of their list.")
