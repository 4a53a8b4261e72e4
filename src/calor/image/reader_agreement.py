"""How far readers agree, with each other and with themselves, vessel by vessel, and what that costs a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.errors import ImageError
from calor.image.bland_altman import BlandAltman, bland_altman
from calor.image.counted_reads import MASKS
from calor.image.intraclass_correlation import all_forms, intraclass_correlation
from calor.image.read_record import ReadRecord
from calor.image.repeatability import participants_per_arm, repeatability_by
from calor.protocol.imaging import in_words

LEAST = 3
"""Scans from which agreement is described at all."""


@dataclass(frozen=True, eq=False)
class ReaderAgreement:
    """Agreement in mean TBRmax.

    Attributes:
        pairs: Scans that two readers read: `vessel`, `scan`, one column for each reader.
        icc: All six intraclass correlations with intervals, by vessel.
        limits: Bland-Altman limits of the first reader minus the second, by vessel.
        repeats: Scans that one reader read twice: `vessel`, `reader`, `scan`, `first`, `again`.
        repeatability: Repeatability coefficient and within-subject CV by vessel and reader.
        sentences: What a paper would print.
    """

    pairs: pd.DataFrame
    icc: pd.DataFrame
    limits: pd.DataFrame
    repeats: pd.DataFrame
    repeatability: pd.DataFrame
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.sentences) or "no scan was read twice: agreement cannot be described"

    def to_frame(self) -> pd.DataFrame:
        """Return the correlations."""
        return self.icc


def reader_agreement(reads: Sequence[ReadRecord]) -> ReaderAgreement:
    """Describe agreement between and within readers where scans were read twice.

    Args:
        reads: All reads of the core lab.

    Raises:
        ImageError: More than two readers read the same scans.
    """
    table = _table(reads)
    pairs = _pairs(table)
    repeats = _repeats(table)
    said: list[str] = []
    icc, limits = [], []
    for vessel, part in pairs.groupby("vessel", sort=False):
        if len(part) < LEAST:
            continue
        values = part.drop(columns=["vessel", "scan"]).to_numpy(float)
        icc.append(all_forms(values).assign(vessel=vessel))
        limit: BlandAltman = bland_altman(values[:, 0], values[:, 1])
        limits.append(limit.to_frame().assign(vessel=vessel))
        said.append(f"{vessel}: {intraclass_correlation(values)}; {limit}")
    spread = pd.DataFrame()
    enough = repeats.groupby(["vessel", "reader"]).filter(lambda part: len(part) >= LEAST) if len(repeats) else repeats
    if len(enough):
        long = enough.melt(["vessel", "reader", "scan"], ["first", "again"], value_name="value")
        spread = repeatability_by(long, ["vessel", "reader"], target="scan", value="value")
        said += [
            f"{r['vessel']}, reader {r['reader']}: repeatability coefficient {r['coefficient']:.3f}, within-subject CV "
            f"{100 * r['within_cv']:.1f} % ({r['n']} scans read twice)" for r in spread.to_dict("records")
        ]  # fmt: skip
    return ReaderAgreement(pairs, _joined(icc), _joined(limits), repeats, spread, tuple(said))


def sizes(agreement: ReaderAgreement, difference: float) -> pd.DataFrame:
    """Return participants per arm with one read of each scan and with two, at the measured repeatability.

    Args:
        agreement: With repeats.
        difference: True difference in mean TBRmax between arms.

    Raises:
        ImageError: No reader repeated enough scans, or all scans have one value.
    """
    if agreement.repeatability.empty:
        raise ImageError.must("reads", f"repeat {LEAST} scans", len(agreement.repeats), fix="Repeat more scans.")
    rows = []
    for found in agreement.repeatability.to_dict("records"):
        here = (agreement.repeats["vessel"] == found["vessel"]) & (agreement.repeats["reader"] == found["reader"])
        means = agreement.repeats.loc[here, ["first", "again"]].mean(axis=1)
        within = float(found["within_sd"])
        true = float(means.var(ddof=1)) - within**2 / 2
        if true <= 0 or within <= 0:
            continue
        one, two = (
            participants_per_arm(difference, between_sd=float(np.sqrt(true)), within_sd=within, reads=n) for n in (1, 2)
        )
        rows.append({"vessel": found["vessel"], "reader": found["reader"], "one_read": one, "two_reads": two})
    return pd.DataFrame(rows, columns=["vessel", "reader", "one_read", "two_reads"])


def _table(reads: Sequence[ReadRecord]) -> pd.DataFrame:
    rows = [
        (in_words(vessel), f"{read.participant} {read.visit}", read.reader, read.repeat, found.mean_tbr_max)
        for read in reads
        if read.reader != MASKS
        for vessel, found in read.vessels().items()
    ]
    return pd.DataFrame(rows, columns=["vessel", "scan", "reader", "repeat", "value"])


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Return scans with first reads of the two readers who share most scans; an adjudicator's few stay out."""
    first = table[~table["repeat"].astype(bool)]
    counts = first.groupby("reader")["scan"].nunique().sort_values(ascending=False, kind="stable")
    two = sorted(counts.index[:2])
    if len(two) < 2:
        return pd.DataFrame(columns=["vessel", "scan"])
    wide = first[first["reader"].isin(two)].pivot_table(index=["vessel", "scan"], columns="reader", values="value")
    return wide.dropna().reset_index().rename_axis(columns=None)


def _repeats(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["vessel", "reader", "scan", "first", "again"]
    if table.empty or not table["repeat"].any():
        return pd.DataFrame(columns=columns)
    wide = table.pivot_table(index=["vessel", "reader", "scan"], columns="repeat", values="value").dropna()
    return wide.rename(columns={False: "first", True: "again"}).reset_index().rename_axis(columns=None)[columns]


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
