"""Cross-sections of a vessel: circles or ellipses proposed on the CT, edited by a reader, made a mask on the PET."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import map_coordinates

from calor.errors import ImageError
from calor.image.grid import Grid
from calor.image.mask import Mask
from calor.image.series import Series

RAYS = 32
STEP_MM = 0.5
JUMP = 0.4
"""Relative change of radius between neighbouring slices from which a reader should look."""


@dataclass(frozen=True)
class CrossSection:
    """An ellipse in one slice.

    Attributes:
        x_mm: Center, to the patient's left [mm].
        y_mm: Center, backwards [mm].
        z_mm: Height [mm].
        a_mm: Half axis [mm].
        b_mm: Other half axis [mm].
        angle_deg: Turn of the first half axis from left towards back [degrees].
        edges: Share of rays that met an edge; 0 for what a reader drew.
        edited_by: The reader who changed it; empty as proposed.
    """

    x_mm: float
    y_mm: float
    z_mm: float
    a_mm: float
    b_mm: float
    angle_deg: float = 0.0
    edges: float = 0.0
    edited_by: str = ""


def propose(
    ct: Series, line: Float[np.ndarray, "slice 3"], *, hu: tuple[float, float], radius_mm: tuple[float, float]
) -> list[CrossSection]:
    """Propose a circle in every slice of a center line.

    From the center, rays go out until the CT leaves the range of blood; the radius is the median of the rays that met
    an edge. Where fewer than half do, as between vessels on a CT without contrast, the expected radius stands and the
    section says so: a reader decides.

    Args:
        ct: The CT.
        line: Points of the center line (x, y, z) [mm].
        hu: Lowest and highest Hounsfield units of the lumen.
        radius_mm: Smallest and largest radius.

    Raises:
        ImageError: The line leaves the CT, lies outside the lumen's range, or the ranges do not increase.
    """
    low, high = radius_mm
    if not 0 < low < high or not hu[0] < hu[1]:
        raise _refused("ranges", "increase", (hu, radius_mm))
    angle = 2 * np.pi * np.arange(RAYS) / RAYS
    reach = np.arange(STEP_MM, high + STEP_MM, STEP_MM)
    found = []
    for x, y, z in line.tolist():
        points = np.stack([
            x + np.outer(np.cos(angle), reach), y + np.outer(np.sin(angle), reach), np.full((RAYS, reach.size), z),
        ], axis=-1)  # fmt: skip
        center = float(_sample(ct, np.array([[x, y, z]]))[0])
        if not hu[0] <= center <= hu[1]:
            raise _refused(
                "center line", f"lie in the lumen, {hu[0]:g} to {hu[1]:g} HU", f"{center:.0f} HU at {z:.0f} mm"
            )
        out = ~((_sample(ct, points.reshape(-1, 3)) >= hu[0]) & (_sample(ct, points.reshape(-1, 3)) <= hu[1]))
        out = out.reshape(RAYS, -1)
        met = out.any(axis=1)
        radii = reach[out[met].argmax(axis=1)] - STEP_MM / 2
        share = float(met.mean())
        radius = float(np.clip(np.median(radii), low, high)) if share >= 0.5 else (low + high) / 2
        found.append(CrossSection(x, y, z, radius, radius, edges=share))
    return found


def edit(section: CrossSection, reader: str, **changes: float) -> CrossSection:
    """Return a section as a reader changed it.

    >>> edit(CrossSection(0, 0, 0, 10, 10), "A", a_mm=12.0).edited_by
    'A'

    Raises:
        ImageError: No reader is named, or a half axis is not positive.
    """
    made = replace(section, edited_by=reader, **changes)
    if not reader or min(made.a_mm, made.b_mm) <= 0:
        raise _refused("edit", "name its reader and keep half axes positive", (reader, made.a_mm, made.b_mm))
    return made


def doubtful(sections: Sequence[CrossSection]) -> list[str]:
    """Say where a reader should look: too few edges, or a jump between neighbours.

    >>> doubtful([CrossSection(0, 0, 0, 10, 10, edges=1), CrossSection(0, 0, 3, 16, 16, edges=1)])
    ['3 mm: radius changes by 60 % from the slice below']
    """
    found = [f"{s.z_mm:.0f} mm: only {100 * s.edges:.0f} % of rays met an edge" for s in sections
             if not s.edited_by and s.edges < 0.5]  # fmt: skip
    for below, above in pairwise(sections):
        change = np.sqrt(above.a_mm * above.b_mm / (below.a_mm * below.b_mm)) - 1
        if abs(change) > JUMP:
            found.append(f"{above.z_mm:.0f} mm: radius changes by {100 * abs(change):.0f} % from the slice below")
    return found


def mask_of(sections: Sequence[CrossSection], grid: Grid, name: str, *, wall_mm: float = 0.0) -> Mask:
    """Make a mask on the PET's grid: voxels whose centers the nearest section, grown by the wall, encloses.

    >>> grid = Grid(np.array([[0, 0, 1.0, -5], [0, 1, 0, -5], [1, 0, 0, 0], [0, 0, 0, 1]]), (3, 11, 11))
    >>> int(mask_of([CrossSection(0, 0, 1, 2.1, 2.1)], grid, "aorta").voxels.sum())
    13

    Args:
        sections: Of one vessel.
        grid: An axial grid.
        name: The vessel.
        wall_mm: Added to the half axes, for the wall around the lumen.

    Raises:
        ImageError: There is no section, the grid is not axial, or nothing of the vessel lies on it.
    """
    if not sections or not grid.is_axial:
        raise _refused("sections", "be given, and the grid axial", len(sections))
    heights = np.array([s.z_mm for s in sections])
    half = float(max(np.diff(np.sort(heights)).max() if heights.size > 1 else 0.0, grid.spacing_mm[0])) / 2
    voxels = np.zeros(grid.shape, bool)
    for at, z in enumerate(grid.slice_mm.tolist()):
        nearest = int(np.abs(heights - z).argmin())
        if abs(heights[nearest] - z) <= half:
            voxels[at] = _ellipse(sections[nearest], grid, at, wall_mm)
    if not voxels.any():
        raise _refused("vessel", "lie on the PET", "nothing of it")
    return Mask(name, grid, voxels)


def _ellipse(section: CrossSection, grid: Grid, at: int, wall_mm: float) -> Bool[np.ndarray, "row column"]:
    rows, columns = np.meshgrid(np.arange(grid.shape[1]), np.arange(grid.shape[2]), indexing="ij")
    index = np.column_stack([np.full(rows.size, float(at)), rows.ravel(), columns.ravel()])
    away = grid.to_patient(index)[:, :2] - [section.x_mm, section.y_mm]
    turn = np.deg2rad(section.angle_deg)
    along, across = away @ [np.cos(turn), np.sin(turn)], away @ [-np.sin(turn), np.cos(turn)]
    inside = (along / (section.a_mm + wall_mm)) ** 2 + (across / (section.b_mm + wall_mm)) ** 2 <= 1
    return np.asarray(inside.reshape(rows.shape))


def _sample(ct: Series, points: Float[np.ndarray, "point 3"]) -> Float[np.ndarray, " point"]:
    """Return Hounsfield units at points, linear between voxels; the slope of a CT is the same in all slices."""
    index = ct.grid.to_index(points)
    if ((index < -0.5) | (index > np.array(ct.grid.shape) - 0.5)).any():
        raise _refused("vessel", "lie within the CT", "a point outside")
    stored = map_coordinates(ct.stored, index.T, order=1, mode="nearest", output=np.float32)
    return np.asarray(stored * ct.slope[0] + ct.intercept[0])


def _refused(what: str, rule: str, got: object) -> ImageError:
    return ImageError.must(what, rule, got, fix="Move the seeds, or draw the section by hand.")
