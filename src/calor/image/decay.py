"""Radioactive decay: the factor over a time, and the moment at which a frame counts at its mean rate."""

from __future__ import annotations

import math

from calor.errors import ImageError

FDG_HALF_LIFE_S = 6586.2
"""Half-life of fluorine 18 as most scanners write it [s]."""


def decay_factor(elapsed_s: float, half_life_s: float) -> float:
    """Return the share of an activity that is left after a time.

    >>> round(decay_factor(3600, 6586.2), 6)
    0.684633

    Raises:
        ImageError: The half-life is not positive, or the time is negative or not finite.

    Reference:
        Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328-354, section on SUV calculation.
    """
    _check_half_life(half_life_s)
    if not (math.isfinite(elapsed_s) and elapsed_s >= 0):
        raise ImageError.must("elapsed_s", "be finite and not negative", elapsed_s, fix="Check the two times.")
    return float(2.0 ** (-elapsed_s / half_life_s))


def mean_rate_time_s(frame_s: float, half_life_s: float) -> float:
    """Return when, after a frame's start, its decaying count rate equals the frame's mean rate [s].

    It lies a little before the middle: 149.6 s into a frame of 300 s of fluorine 18.

    >>> round(mean_rate_time_s(300, 6586.2), 2)
    149.61

    Raises:
        ImageError: The frame's duration or the half-life is not positive.

    Reference:
        DICOM PS3.3, Frame Reference Time (0054,1300), "time at which the average count rate is reached".
    """
    _check_half_life(half_life_s)
    if not (math.isfinite(frame_s) and frame_s > 0):
        raise ImageError.must("frame_s", "be positive", frame_s, fix="Read Actual Frame Duration (0018,1242) in ms.")
    product = math.log(2) / half_life_s * frame_s
    return half_life_s / math.log(2) * math.log(product / -math.expm1(-product))


def _check_half_life(half_life_s: float) -> None:
    if not (math.isfinite(half_life_s) and half_life_s > 0):
        raise ImageError.must("half_life_s", "be positive", half_life_s, fix="Read it from (0018,1075), in seconds.")
