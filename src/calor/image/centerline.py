"""A vessel's center line through a reader's seed points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from calor.errors import ImageError

STEEPEST = 2.0
"""Largest sideways movement per movement along the body axis."""


def centerline(
    seeds_mm: Sequence[tuple[float, float, float]], z_mm: Float[np.ndarray, " slice"]
) -> Float[np.ndarray, "slice 3"]:
    """Draw a smooth line through seeds and return its point in every slice between the outermost seeds.

    Between seeds it is a monotone cubic, which does not swing out; for vessels that run along the body: ascending and
    descending aorta, carotids, veins. The arch turns back on itself and needs a mask drawn otherwise.

    >>> centerline([(0, 0, 0), (10, 0, 20)], np.array([-5.0, 0, 10, 20, 25]))[:, 0].tolist()
    [0.0, 5.0, 10.0]

    Args:
        seeds_mm: Patient coordinates of at least two seeds, in any order.
        z_mm: Heights of the slices.

    Returns:
        Points as (x, y, z), from the feet upwards [mm].

    Raises:
        ImageError: There are fewer than two seeds, two at one height, the line runs too flat, or no slice lies between.
    """
    seeds = np.array(sorted(seeds_mm, key=lambda s: s[2]), float).reshape(-1, 3)
    if len(seeds) < 2 or not np.isfinite(seeds).all() or np.diff(seeds[:, 2]).min() <= 0:
        raise _refused("be at least two, each at its own height", len(seeds))
    steps = np.diff(seeds, axis=0)
    slope = float((np.hypot(steps[:, 0], steps[:, 1]) / steps[:, 2]).max())
    if slope > STEEPEST:
        raise _refused(f"move sideways at most {STEEPEST:g} mm per mm upwards", f"{slope:.1f}")
    inside = np.sort(z_mm[(z_mm >= seeds[0, 2]) & (z_mm <= seeds[-1, 2])])
    if not inside.size:
        raise _refused("enclose a slice", "none between")
    across = PchipInterpolator(seeds[:, 2], seeds[:, :2])(inside)
    return np.column_stack([across, inside])


def _refused(rule: str, got: object) -> ImageError:
    return ImageError.must("seeds", rule, got, fix="Place one seed every few slices along the vessel.")
