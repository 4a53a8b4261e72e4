"""The moment to which a series' activity is decay corrected, and the rule that found it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calor.errors import ImageError
from calor.image.decay import mean_rate_time_s
from calor.image.header_values import name_of
from calor.image.pet_header import PetHeader

AGREE_S = 2.0
"""How far slices may differ about one reference time [s]; at 2 s, SUV differs by 0.02 % for fluorine 18."""

DECAY_FACTOR_TOLERANCE = 0.001
"""How far ln(Decay Factor) may lie from what the reference time implies; 0.1 % of SUV."""

LATEST_S = 24 * 3600.0


@dataclass(frozen=True)
class ReferenceTime:
    """When activity is counted from.

    Attributes:
        at: Date and time.
        rule: How it was found, in words for the record.
        checked: Whether Decay Factor (0054,1321) said something, and so agreed.
    """

    at: datetime
    rule: str
    checked: bool = False

    def __str__(self) -> str:
        return f"{self.at.isoformat(timespec='milliseconds')} ({self.rule}{', agrees with DecayFactor' * self.checked})"


def reference_time(headers: Sequence[PetHeader], half_life_s: float) -> ReferenceTime:
    """Find the reference time of a series whose Decay Correction is START.

    The series time, unless it lies after the first acquisition: then the series was made later, and the scanner's
    private scan time counts, else acquisition plus mean-rate time minus frame reference time, else, where no frame
    reference time is given, the first acquisition. So it does where no series time is recorded, but for the last.

    >>> from calor.image.pet_header import PetHeader
    >>> at = datetime(2025, 1, 1, 11)
    >>> str(reference_time([PetHeader("BQML", "START", ("DECY", "ATTN"), at, at)], 6586.2))
    '2025-01-01T11:00:00.000 (series time)'

    Args:
        headers: Every slice's header.
        half_life_s: Half-life of the radionuclide.

    Raises:
        ImageError: Times are missing, contradict each other, or contradict Decay Factor.

    Reference:
        QIBA FDG-PET/CT profile 1.05 (2013), appendix G; Image Biomarker Standardisation Initiative, SUV manual 2026.
    """
    series, acquired = headers[0].series_at, [h.acquired_at for h in headers if h.acquired_at is not None]
    if series is None and not acquired:
        raise _no_time("a series or acquisition date and time", "neither")
    if series is not None and acquired and abs(series - min(acquired)).total_seconds() > LATEST_S:
        raise _no_time("series and acquisition within a day of each other", f"{abs(series - min(acquired)).days} days")
    if series is not None and (not acquired or series <= min(acquired)):
        found = ReferenceTime(series, "series time")
    else:
        found = _of_acquisition(headers, min(acquired), half_life_s)
    return ReferenceTime(found.at, found.rule, checked=agrees_with_decay_factor(headers, found, half_life_s))


def _of_acquisition(headers: Sequence[PetHeader], first: datetime, half_life_s: float) -> ReferenceTime:
    """Find the reference time where the series time cannot be it, or is not recorded."""
    recorded = headers[0].series_at is not None
    why = "the series was made after the acquisition" if recorded else "no series time is recorded"
    scanned = {h.scanned_at for h in headers}
    if None not in scanned:
        at = next(iter(scanned))
        if len(scanned) > 1 or at is None or abs(at - first).total_seconds() > LATEST_S:
            raise _no_time("one private scan time near the acquisition", f"{len(scanned)}, or one far from it")
        return ReferenceTime(at, f"private scan time; {why}")
    if all(not h.frame_reference_s for h in headers):
        if not recorded:
            raise _no_time(f"{name_of('SeriesTime')} or {name_of('FrameReferenceTime')}", "neither")
        return ReferenceTime(first, f"first acquisition; {why}, and has no frame reference time")
    moments = [_counted_back(h, half_life_s) for h in headers]
    spread = (max(moments) - min(moments)).total_seconds()
    if spread > AGREE_S:
        raise _no_time("one reference time counted back from every slice", f"times {spread:.1f} s apart")
    return ReferenceTime(min(moments), f"acquisition + mean-rate time - frame reference time; {why}")


def _counted_back(header: PetHeader, half_life_s: float) -> datetime:
    if header.acquired_at is None or header.frame_reference_s is None or header.frame_s is None:
        raise _no_time("acquisition time, frame reference time and frame duration in every slice", "a slice without")
    offset = mean_rate_time_s(header.frame_s, half_life_s) - header.frame_reference_s
    return header.acquired_at + timedelta(seconds=offset)


def agrees_with_decay_factor(headers: Sequence[PetHeader], reference: ReferenceTime, half_life_s: float) -> bool:
    """Check the reference time against each slice's Decay Factor; a factor of exactly 1 says nothing.

    A slice's counts fall at its acquisition time, or, on scanners that write one acquisition time for all beds, at
    that plus the bed's start in Frame Reference Time; either may explain the factor, the same for all slices.

    >>> from calor.image.pet_header import PetHeader
    >>> at = datetime(2025, 1, 1, 11)
    >>> slices = [PetHeader("BQML", "START", (), at, at, frame_s=300.0, decay_factor=1.01587)]
    >>> agrees_with_decay_factor(slices, ReferenceTime(at, "series time"), 6588)
    True

    Returns:
        Whether any slice's factor was there to agree.

    Raises:
        ImageError: The factors contradict the reference time.
    """
    telling = [
        h for h in headers if h.decay_factor not in (None, 1.0) and h.frame_s is not None and h.acquired_at is not None
    ]
    if not telling:
        return False
    rate = math.log(2) / half_life_s
    one_start = len({h.acquired_at for h in headers}) == 1
    worst = {name: max(abs(_excess(h, reference.at, rate, bed=bed)) for h in telling) for name, bed in
             (("acquisition", False), ("bed start", True)) if one_start or not bed}  # fmt: skip
    if min(worst.values()) > DECAY_FACTOR_TOLERANCE:
        raise ImageError.must(
            "reference time", f"agree with {name_of('DecayFactor')}",
            f"{reference.rule}, which is off by {min(worst.values()) * 100:.2f} % of SUV",
            fix="Ask the site for the original images with their private elements.",
        )  # fmt: skip
    return True


def _excess(header: PetHeader, reference: datetime, rate: float, *, bed: bool) -> float:
    if header.acquired_at is None or header.frame_s is None or header.decay_factor is None or header.decay_factor <= 0:
        return math.inf
    start = (header.acquired_at - reference).total_seconds() + (header.frame_reference_s or 0.0) * bed
    return math.log(header.decay_factor) - rate * (start + mean_rate_time_s(header.frame_s, math.log(2) / rate))


def _no_time(rule: str, got: str) -> ImageError:
    return ImageError.must(
        "reference time", f"follow from {rule}", got, fix="Ask the site for the original images; no time is guessed."
    )
