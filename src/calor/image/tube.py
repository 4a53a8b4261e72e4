"""A vessel as a tube along seeds in any direction: the arch, which turns back on itself and has no axial sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator
from scipy.spatial import cKDTree

from calor.errors import ImageError
from calor.image.grid import Grid
from calor.image.mask import Mask

STEP_MM = 0.5


@dataclass(frozen=True)
class Seed:
    """A reader's seed.

    Attributes:
        x_mm: To the patient's left [mm].
        y_mm: Backwards [mm].
        z_mm: Upwards [mm].
        radius_mm: Radius of the lumen there [mm].
        reader: Who placed it.
    """

    x_mm: float
    y_mm: float
    z_mm: float
    radius_mm: float
    reader: str


def tube(seeds: Sequence[Seed], grid: Grid, name: str, *, wall_mm: float = 0.0) -> Mask:
    """Make a mask of a tube through seeds, in their order: voxels whose centers lie within it.

    Between seeds the axis is a monotone cubic of the way along them, and so is the radius.

    >>> grid = Grid(np.array([[0, 0, 1.0, -8], [0, 1, 0, -8], [1, 0, 0, 0], [0, 0, 0, 1]]), (9, 17, 17))
    >>> straight = [Seed(0, 0, z, 3.1, "A") for z in (-4.0, 4.0, 12.0)]
    >>> int(tube(straight, grid, "aorta").voxels[4].sum())
    29

    Args:
        seeds: At least three along the vessel.
        grid: Where the mask goes.
        name: The vessel.
        wall_mm: Added to the radius, for the wall around the lumen.

    Raises:
        ImageError: There are fewer than three seeds, two at one place, one without reader or radius, or nothing of the
            vessel lies on the grid.
    """
    places = np.array([(s.x_mm, s.y_mm, s.z_mm) for s in seeds], float).reshape(-1, 3)
    radii = np.array([s.radius_mm for s in seeds], float)
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    if len(seeds) < 3 or not np.isfinite(places).all() or steps.min() <= 0 or not all(s.reader for s in seeds):
        raise _refused("be three or more in order along the vessel, each by a reader", len(seeds))
    if not (np.isfinite(radii) & (radii > 0)).all() or wall_mm < 0:
        raise _refused("have positive radii, and the wall no negative thickness", (radii.tolist(), wall_mm))
    way = np.concatenate([[0.0], np.cumsum(steps)])
    fine = np.linspace(0, way[-1], int(way[-1] / STEP_MM) + 2)
    axis, radius = PchipInterpolator(way, places)(fine), PchipInterpolator(way, radii)(fine) + wall_mm
    voxels = np.zeros(grid.shape, bool)
    box, centers = _near(axis, float(radius.max()), grid)
    away, nearest = cKDTree(axis).query(centers)
    voxels[box] = (away <= radius[nearest]).reshape(voxels[box].shape)
    if not voxels.any():
        raise _refused("lie on the PET", "nothing of the vessel")
    return Mask(name, grid, voxels)


def _near(
    axis: Float[np.ndarray, "point 3"], reach_mm: float, grid: Grid
) -> tuple[tuple[slice, slice, slice], Float[np.ndarray, "voxel 3"]]:
    """Return the box of the grid around an axis, and the centers of its voxels."""
    margin = reach_mm / grid.spacing_mm + 1
    index = grid.to_index(axis)
    low = np.maximum(np.floor(index.min(axis=0) - margin).astype(int), 0)
    high = np.maximum(np.minimum(np.ceil(index.max(axis=0) + margin).astype(int) + 1, grid.shape), low)
    spans = [np.arange(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    box = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1).reshape(-1, 3)
    return (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2])), grid.to_patient(box.astype(float))


def _refused(rule: str, got: object) -> ImageError:
    return ImageError.must("seeds", rule, got, fix="Place a seed every centimeter along the vessel.")
