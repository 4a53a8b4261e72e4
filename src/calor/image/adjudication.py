"""Two readers: their mean where they agree, a third's read where they differ by more than the protocol's limit."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from calor.errors import ImageError


@dataclass(frozen=True)
class Adjudication:
    """Settled reads.

    Attributes:
        settled: One row per target: `value`, `how`.
        open: Targets that wait for the third reader.
    """

    settled: pd.DataFrame
    open: tuple[str, ...]

    def __str__(self) -> str:
        counts = self.settled["how"].value_counts().to_dict()
        text = ", ".join(f"{n} {how}" for how, n in sorted(counts.items()))
        return f"{text or 'nothing settled'}; {len(self.open)} wait for adjudication"


def adjudicate(reads: pd.DataFrame, limit: float, *, third: str) -> Adjudication:
    """Settle reads of two readers.

    >>> reads = pd.DataFrame({"target": ["a", "a", "b", "b"], "reader": ["A", "B"] * 2, "value": [2.0, 2.1, 1.5, 1.9]})
    >>> print(adjudicate(reads, 0.2, third="C"))
    1 mean of two; 1 wait for adjudication

    Args:
        reads: Columns `target`, `reader`, `value`; one row per read.
        limit: Difference above which the third reader decides.
        third: The third reader's code.

    Raises:
        ImageError: A target has other than two first reads, a reader read twice, or the third read what needed none.
    """
    rows, waiting = [], []
    if reads.duplicated(["target", "reader"]).any() or not reads["value"].notna().all():
        raise ImageError.must(
            "reads", "be one per target and reader", "doubled or missing ones", fix="Settle repeats first."
        )
    for target, part in reads.groupby("target", sort=True):
        first, last = part[part["reader"] != third]["value"], part[part["reader"] == third]["value"]
        if len(first) != 2:
            raise ImageError.must("target", "have two first reads", len(first), where=str(target), fix="Wait for both.")
        differ = abs(float(first.iloc[0] - first.iloc[1])) > limit + 1e-9
        if not differ and len(last):
            raise ImageError.must(
                "third read", "be made only where readers differ", "one more", where=str(target), fix="Remove it."
            )
        if not differ:
            rows.append((target, float(first.mean()), "mean of two"))
        elif len(last):
            rows.append((target, float(last.iloc[0]), "adjudicated"))
        else:
            waiting.append(str(target))
    return Adjudication(pd.DataFrame(rows, columns=["target", "value", "how"]), tuple(waiting))
