"""The most diseased segment: neighbouring slices around, or with, the highest TBRmax."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from calor.errors import ImageError
from calor.protocol.imaging import Segment


@dataclass(frozen=True)
class DiseasedSegment:
    """A run of slices.

    Attributes:
        start: First slice, counted from 0 along the vessel.
        slices: How many.
        mean: Mean TBRmax over them.
        truncated: Whether the vessel's end cut the window.
    """

    start: int
    slices: int
    mean: float
    truncated: bool = False


def most_diseased_segment(tbr_max: Float[np.ndarray, " slice"], rule: Segment) -> DiseasedSegment:
    """Find the most diseased segment of a vessel; of equal windows, the first.

    >>> most_diseased_segment(np.array([2.4, 2.0, 1.6]), Segment(rule="peak")).mean
    2.2
    >>> most_diseased_segment(np.array([2.4, 2.0, 1.6]), Segment(rule="best")).mean
    2.0

    Args:
        tbr_max: TBRmax of each slice along the vessel.
        rule: The protocol's window and end rule.

    Raises:
        ImageError: The vessel has fewer slices than the window, unless the window may be cut.
    """
    count, window = tbr_max.size, rule.slices
    if not count or not np.isfinite(tbr_max).all():
        raise ImageError.must("tbr_max", "hold finite slices", tbr_max.tolist(), fix="Measure the vessel again.")
    may_cut = rule.rule == "peak" and rule.at_end == "truncate"
    if count < window and not may_cut:
        raise ImageError.must("vessel", f"have {window} slices", count, fix="Segment more of it.")
    if rule.rule == "best":
        means = np.convolve(tbr_max, np.full(window, 1 / window), "valid")
        start = int(np.argmax(means >= means.max() - 1e-12))
        return DiseasedSegment(start, window, float(tbr_max[start : start + window].mean()))
    peak, half = int(tbr_max.argmax()), window // 2
    if rule.at_end == "shift":
        start = min(max(peak - half, 0), count - window)
        return DiseasedSegment(start, window, float(tbr_max[start : start + window].mean()))
    start, stop = max(peak - half, 0), min(peak + half + 1, count)
    return DiseasedSegment(start, stop - start, float(tbr_max[start:stop].mean()), stop - start < window)
