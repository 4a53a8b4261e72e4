"""A mask on its own grid, and moving it to the PET's; the PET itself is never resampled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from calor.errors import ImageError
from calor.image.grid import Grid, same_frame


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask.

    Attributes:
        name: Vessel or region.
        grid: Where its voxels lie.
        voxels: Which belong to it.
    """

    name: str
    grid: Grid
    voxels: Bool[np.ndarray, "slice row column"]

    @property
    def volume_ml(self) -> float:
        """Volume [mL]."""
        return float(self.voxels.sum()) * self.grid.voxel_ml


def move(mask: Mask, grid: Grid) -> Mask:
    """Move a mask to another grid: a voxel belongs to it when its center lies in a voxel of the mask.

    >>> one = Grid(np.diag([1.0, 1, 1, 1]), (4, 4, 4))
    >>> two = Grid(np.diag([2.0, 2, 2, 1]), (2, 2, 2))
    >>> voxels = np.zeros((4, 4, 4), bool)
    >>> voxels[:, :, 2:] = True
    >>> move(Mask("aorta", one, voxels), two).voxels.sum()
    np.int64(4)

    Raises:
        ImageError: The frames of reference differ, the mask is empty, or nothing of it lies on the grid.
    """
    same_frame(mask.grid, grid, f"mask {mask.name}")
    moved = np.zeros(grid.shape, bool)
    corners = _corners(mask)
    inside = grid.to_index(mask.grid.to_patient(corners))
    low = np.maximum(np.floor(inside.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(inside.max(axis=0)).astype(int) + 1, grid.shape)
    if (high > low).all():
        box = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
        source = np.rint(mask.grid.to_index(grid.to_patient(box.reshape(-1, 3).astype(float))) - 1e-9).astype(int)
        known = ((source >= 0) & (source < mask.grid.shape)).all(axis=1)
        taken = np.zeros(len(source), bool)
        taken[known] = mask.voxels[tuple(source[known].T)]
        moved[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = taken.reshape(box.shape[:3])
    if not moved.any():
        raise ImageError.must(
            "mask", "lie on the PET", "nothing of it", where=mask.name, fix="Check which study it was drawn on."
        )
    return Mask(mask.name, grid, moved)


def _corners(mask: Mask) -> np.ndarray:
    """Return the eight corners of the mask's bounding box, as indices."""
    if not mask.voxels.any():
        raise ImageError.must("mask", "hold voxels", "none", where=mask.name, fix="Draw it, or leave it out.")
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(mask.voxels.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append((hit[0] - 0.5, hit[-1] + 0.5))
    return np.array(np.meshgrid(*spans, indexing="ij")).reshape(3, -1).T
