"""A regular grid of voxels in the patient: where every index lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from calor.errors import ImageError

AXIAL_COSINE = 0.999
"""Least cosine between slice normal and body axis to be called axial (2.6 degrees)."""


@dataclass(frozen=True, eq=False)
class Grid:
    """A grid.

    Attributes:
        affine: Maps (slice, row, column, 1) to patient coordinates, left-posterior-superior [mm], 4 x 4.
        shape: Slices, rows, columns.
        frame: Frame of Reference UID; empty when unknown.
    """

    affine: Float[np.ndarray, "4 4"]
    shape: tuple[int, int, int]
    frame: str = ""

    @property
    def spacing_mm(self) -> Float[np.ndarray, " 3"]:
        """Distance between slices, rows and columns [mm]."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel [mL]."""
        return float(abs(np.linalg.det(self.affine[:3, :3])) / 1000)

    @property
    def is_axial(self) -> bool:
        """Whether slices lie across the body axis."""
        normal = self.affine[:3, 0] / self.spacing_mm[0]
        return bool(abs(normal[2]) >= AXIAL_COSINE)

    @property
    def slice_mm(self) -> Float[np.ndarray, " slice"]:
        """Position of each slice's center along the body axis [mm]."""
        _, rows, columns = self.shape
        middle = np.array([(rows - 1) / 2, (columns - 1) / 2])
        start = self.affine[2, 3] + self.affine[2, 1:3] @ middle
        return np.asarray(start + self.affine[2, 0] * np.arange(self.shape[0]))

    def to_patient(self, index: Float[np.ndarray, "point 3"]) -> Float[np.ndarray, "point 3"]:
        """Map (slice, row, column) to patient coordinates [mm]."""
        return np.asarray(_times(index, self.affine[:3, :3]) + self.affine[:3, 3])

    def to_index(self, points: Float[np.ndarray, "point 3"]) -> Float[np.ndarray, "point 3"]:
        """Map patient coordinates [mm] to continuous (slice, row, column)."""
        return _times(points - self.affine[:3, 3], np.linalg.inv(self.affine[:3, :3]))


def _times(points: Float[np.ndarray, "point 3"], matrix: Float[np.ndarray, "3 3"]) -> Float[np.ndarray, "point 3"]:
    """Map each point by a matrix; `@` would start threads for it, which costs more than the sums."""
    return np.asarray(np.einsum("pi,ji->pj", points, matrix))


def same_frame(one: Grid, other: Grid, what: str) -> None:
    """Refuse two grids of different frames of reference, which no coordinates relate.

    Raises:
        ImageError: Both frames are known and differ.
    """
    if one.frame and other.frame and one.frame != other.frame:
        raise ImageError.must(
            what, "share the PET's Frame of Reference UID (0020,0052)", "another", fix="Use the one of this study."
        )


def stack(
    positions: Float[np.ndarray, "slice 3"],
    orientation: Any,
    pixel_spacing: Any,
    size: tuple[int, int],
    *,
    frame: str = "",
    thickness_mm: float | None = None,
) -> tuple[Grid, np.ndarray]:
    """Order slices along their normal and make their grid.

    >>> grid, order = stack(np.array([[0, 0, 4.0], [0, 0, 0.0]]), [1, 0, 0, 0, 1, 0], [2, 2], (8, 8))
    >>> grid.shape, order.tolist(), grid.spacing_mm.tolist()
    ((2, 8, 8), [1, 0], [4.0, 2.0, 2.0])

    Args:
        positions: Image Position (Patient) of each slice [mm].
        orientation: Image Orientation (Patient), six cosines.
        pixel_spacing: Pixel Spacing, between rows and between columns [mm].
        size: Rows and columns.
        frame: Frame of Reference UID.
        thickness_mm: Slice thickness, which spaces a series of one slice.

    Returns:
        The grid, and the order of the slices given.

    Raises:
        ImageError: Slices are missing, doubled, tilted or unevenly spaced, or the orientation is no rotation.
    """
    across, down = np.reshape(np.asarray(orientation, float), (2, 3))
    between = np.asarray(pixel_spacing, float)
    if not np.allclose([across @ across, down @ down, across @ down], [1, 1, 0], atol=1e-3):
        raise ImageError.must("Image Orientation", "be two perpendicular unit vectors", "others", fix="Ask the site.")
    if between.shape != (2,) or not (np.isfinite(between) & (between > 0)).all() or not np.isfinite(positions).all():
        raise ImageError.must("spacing and positions", "be finite and positive", "others", fix="Ask the site.")
    normal = np.cross(across, down)
    along = positions @ normal
    order = np.argsort(along, kind="stable")
    step = _step(positions[order], along[order], normal, thickness_mm)
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([normal * step, down * between[0], across * between[1]])
    affine[:3, 3] = positions[order[0]]
    return Grid(affine, (len(positions), *size), frame), order


def _step(
    positions: Float[np.ndarray, "slice 3"],
    along: Float[np.ndarray, " slice"],
    normal: Float[np.ndarray, " 3"],
    thickness_mm: float | None,
) -> float:
    if len(along) == 1:
        if not thickness_mm or thickness_mm <= 0:
            raise ImageError.must("Slice Thickness", "be positive for one slice", thickness_mm, fix="Ask the site.")
        return float(thickness_mm)
    gaps = np.diff(along)
    step = float((along[-1] - along[0]) / (len(along) - 1))
    if gaps.min() < 0.01:
        raise ImageError.must(
            "slices",
            "lie at different positions",
            f"two at {along[gaps.argmin()]:.1f} mm",
            fix="Remove the doubled series or time point.",
        )
    ideal = along[0] + step * np.arange(len(along))
    if np.abs(along - ideal).max() > 0.02 * step + 0.01:
        raise ImageError.must(
            "slices",
            "be evenly spaced",
            f"gaps from {gaps.min():.2f} to {gaps.max():.2f} mm",
            fix="Ask the site for the missing slices.",
        )
    shifts = (positions - positions[0]) - np.outer(along - along[0], normal)
    if np.abs(shifts).max() > 0.1:
        raise ImageError.must(
            "slices",
            "lie straight above each other",
            f"a shift of {np.abs(shifts).max():.2f} mm",
            fix="The gantry was tilted: ask for a straight reconstruction.",
        )
    return step
