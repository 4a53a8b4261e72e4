"""The core lab's reading list: scans under blinded codes, shuffled, some twice; the key stays with the data manager."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.errors import ImageError


@dataclass(frozen=True)
class ReadingList:
    """Who reads what in which order.

    Attributes:
        tasks: What a reader sees: `order`, `reader`, `code`; nothing else.
        key: What only the data manager sees: `code`, `participant`, `visit`, `repeat`.
        seed: Seed of the shuffling.
    """

    tasks: pd.DataFrame
    key: pd.DataFrame
    seed: int

    @property
    def key_hash(self) -> str:
        """SHA-256 of the key, written into the audit trail before reading starts."""
        return hashlib.sha256(self.key.to_csv(index=False).encode()).hexdigest()

    def __str__(self) -> str:
        repeats = int(self.key["repeat"].sum())
        readers = self.tasks["reader"].nunique()
        return f"{len(self.key)} blinded series ({repeats} repeats) for {readers} readers, seed {self.seed}"

    def to_frame(self) -> pd.DataFrame:
        """Return what readers see."""
        return self.tasks


def reading_list(
    scans: Sequence[tuple[str, str]], readers: Sequence[str], *, seed: int, repeat_share: float = 0.1
) -> ReadingList:
    """Make a reading list.

    Every scan gets a random code, so that baseline and follow-up of a participant cannot be linked; each reader has an
    own order; a share of scans comes again under another code, in the later half, for repeatability.

    >>> made = reading_list([("S01", "V2"), ("S01", "V15"), ("S02", "V2")], ["A", "B"], seed=7, repeat_share=0.34)
    >>> len(made.key), list(made.tasks.columns)
    (5, ['order', 'reader', 'code'])

    Args:
        scans: Participant and visit of each scan.
        readers: Codes of the readers.
        seed: Stored with the list.
        repeat_share: Share of scans to be read twice, rounded up.

    Raises:
        ImageError: Scans or readers are doubled or missing, or the share does not lie between 0 and 1.
    """
    if not scans or len(set(scans)) != len(scans) or not readers or len(set(readers)) != len(readers):
        raise ImageError.must(
            "scans and readers", "be given, each once", (len(scans), list(readers)), fix="Check both lists."
        )
    if not 0 <= repeat_share <= 1:
        raise ImageError.must("repeat_share", "lie between 0 and 1", repeat_share, fix="0.1 repeats a tenth.")
    rng = np.random.default_rng(seed)
    again = rng.choice(len(scans), int(np.ceil(repeat_share * len(scans))), replace=False)
    rows = [(*scan, False) for scan in scans] + [(*scans[i], True) for i in sorted(again)]
    codes = _codes(rng, len(rows))
    key = pd.DataFrame(rows, columns=["participant", "visit", "repeat"])
    key.insert(0, "code", codes)
    key = key.sort_values("code", ignore_index=True)  # the file's own order must not betray pairs
    tasks = [task for reader in readers for task in _order(rng, key, reader)]
    return ReadingList(pd.DataFrame(tasks, columns=["order", "reader", "code"]), key, seed)


def _codes(rng: np.random.Generator, count: int) -> list[str]:
    numbers = rng.choice(26**2 * 10**4, count, replace=False)
    return [f"{chr(65 + n // 10**4 // 26)}{chr(65 + n // 10**4 % 26)}{n % 10**4:04d}" for n in numbers.tolist()]


def _order(rng: np.random.Generator, key: pd.DataFrame, reader: str) -> list[tuple[int, str, str]]:
    """Shuffle; repeats lie in the later half, mixed with first reads."""
    first = rng.permutation(key.loc[~key["repeat"], "code"].to_numpy(dtype=object)).tolist()
    again = rng.permutation(key.loc[key["repeat"], "code"].to_numpy(dtype=object)).tolist()
    later = first[len(first) // 2 :] + again
    order = first[: len(first) // 2] + rng.permutation(np.array(later, dtype=object)).tolist()
    return [(at, reader, str(code)) for at, code in enumerate(order, 1)]
