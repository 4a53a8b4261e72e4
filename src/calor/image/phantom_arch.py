"""The phantom's aortic arch: half a ring in a sagittal plane, from the ascending aorta over to the descending one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from calor.image.grid import Grid

_FINE = 4
"""Samples per voxel edge when the arch is drawn."""
_CORNERS = 64


@dataclass(frozen=True)
class Arch:
    """Half a ring above a height.

    Attributes:
        name: Its name.
        x_mm: Plane, to the patient's left [mm].
        y_mm: Middle of the bend, backwards [mm].
        z_mm: Height from which it rises [mm].
        bend_mm: Radius of the bend [mm].
        lumen_mm: Radius of the lumen [mm].
        wall_mm: Thickness of the wall [mm].
        wall_suv: SUV of the wall.
    """

    name: str
    x_mm: float
    y_mm: float
    z_mm: float
    bend_mm: float
    lumen_mm: float
    wall_mm: float
    wall_suv: float = 3.0

    @property
    def radius_mm(self) -> float:
        """Radius, wall included."""
        return self.lumen_mm + self.wall_mm


def away_from_axis(arch: Arch, points: Float[np.ndarray, "*point 3"]) -> Float[np.ndarray, "*point"]:
    """Return how far points (x, y, z) lie from the arch's axis; infinitely far below its feet.

    >>> arch = Arch("aortic_arch", 0, 0, 0, 30, 12, 2)
    >>> away_from_axis(arch, np.array([[0.0, 0, 30], [3, 0, 34], [0, 30, -1]])).tolist()
    [0.0, 5.0, inf]
    """
    x, y, z = np.moveaxis(points - [arch.x_mm, arch.y_mm, arch.z_mm], -1, 0)
    return np.where(z >= 0, np.hypot(np.hypot(y, z) - arch.bend_mm, x), np.inf)


def arch_enclosed(grid: Grid, arch: Arch, *, wall: bool = True) -> Bool[np.ndarray, "slice row column"]:
    """Return the voxels whose centers the arch encloses, with or without its wall."""
    inside = np.zeros(grid.shape, bool)
    box, centers = _box(grid, arch, 1)
    inside[box] = away_from_axis(arch, centers) <= (arch.radius_mm if wall else arch.lumen_mm)
    return inside


def draw_arch(suv: Float[np.ndarray, "slice row column"], grid: Grid, arch: Arch, blood_suv: float) -> None:
    """Draw the arch into a phantom, each voxel the mean of what it holds."""
    box, fine = _box(grid, arch, _FINE)
    away = away_from_axis(arch, fine)
    n = _FINE
    cells = tuple(part for size in away.shape for part in (size // n, n))
    lumen, whole = ((away <= radius).reshape(cells).mean(axis=(1, 3, 5)) for radius in (arch.lumen_mm, arch.radius_mm))
    suv[box] = suv[box] * (1 - whole) + lumen * blood_suv + (whole - lumen) * arch.wall_suv


def arch_contours(arch: Arch, z_mm: float) -> list[Float[np.ndarray, "corner 3"]]:
    """Return closed contours of the arch in an axial slice; what two of them enclose is a gap (even-odd rule).

    >>> arch = Arch("aortic_arch", 0, 0, 0, 30, 12, 2)
    >>> [len(arch_contours(arch, z)) for z in (-1.0, 5.0, 40.0, 50.0)]
    [0, 2, 1, 0]
    """
    height = z_mm - arch.z_mm
    if not 0 <= height < arch.bend_mm + arch.radius_mm:
        return []
    x = arch.radius_mm * np.sin(np.linspace(-np.pi / 2, np.pi / 2, _CORNERS))
    half = np.sqrt(np.maximum(arch.radius_mm**2 - x**2, 0))
    outer, inner = (
        np.sqrt(np.maximum((arch.bend_mm + sign * half) ** 2 - height**2, 0)) * (arch.bend_mm + sign * half > height)
        for sign in (1, -1)
    )
    return [_closed(arch, x, reach, z_mm) for reach in (outer, inner) if reach.any()]


def _closed(
    arch: Arch, x: Float[np.ndarray, " corner"], reach: Float[np.ndarray, " corner"], z_mm: float
) -> Float[np.ndarray, "corner 3"]:
    across, along = np.concatenate([x, x[::-1]]), np.concatenate([reach, -reach[::-1]])
    return np.column_stack([arch.x_mm + across, arch.y_mm + along, np.full(across.size, z_mm)])


def _box(
    grid: Grid, arch: Arch, fine: int
) -> tuple[tuple[slice, slice, slice], Float[np.ndarray, "slice row column 3"]]:
    """Return the arch's box in the grid, and the places of its voxels, or of samples within them."""
    reach = arch.bend_mm + arch.radius_mm
    low = np.array([arch.z_mm, arch.y_mm - reach, arch.x_mm - arch.radius_mm])
    high = np.array([arch.z_mm + reach, arch.y_mm + reach, arch.x_mm + arch.radius_mm])
    first, last = (np.rint(grid.to_index(end[None, ::-1])[0]).astype(int) for end in (low, high))
    start, stop = np.maximum(first - 1, 0), np.minimum(last + 2, grid.shape)
    within = (np.arange(fine) + 0.5) / fine - 0.5
    axes = [(np.arange(a, b)[:, None] + within).ravel() for a, b in zip(start.tolist(), stop.tolist(), strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    places = grid.to_patient(index.reshape(-1, 3)).reshape(index.shape)
    return (slice(start[0], stop[0]), slice(start[1], stop[1]), slice(start[2], stop[2])), places
