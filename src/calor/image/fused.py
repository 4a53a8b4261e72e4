"""One slice fused for the eye: CT in gray, PET in heat, and the outlines of what is measured; no identifiers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image
from scipy.ndimage import map_coordinates

from calor.image.grid import Grid
from calor.image.mask import Mask
from calor.image.study import Study

PIXELS = 300
FIELD_MM = 120.0
WINDOW_HU = (-160.0, 240.0)
SUV_RANGE = (0.8, 3.0)
"""SUV at which heat begins, and at which it is white."""

FILE = "fused.json"


@dataclass(frozen=True, eq=False)
class FusedSlice:
    """A square of one slice.

    Attributes:
        name: Vessel or background in its middle.
        z_mm: Height of the slice.
        pixels: Colors, row by row from the front of the body, column by column from its right.
        outline: Edges of the voxels measured: x1, y1, x2, y2 from the middle of the square [mm].
        others: Edges of the other masks that cross the square.
    """

    name: str
    z_mm: float
    pixels: UInt8[np.ndarray, "row column 3"]
    outline: Float[np.ndarray, "edge 4"]
    others: Float[np.ndarray, "other 4"]


def fused_slice(
    study: Study, suv: Float[np.ndarray, "slice row column"], name: str, at: int, others: Sequence[str] = ()
) -> FusedSlice:
    """Draw one slice around a vessel.

    Args:
        study: The study as read.
        suv: SUV of every voxel [g/mL].
        name: Mask in the middle.
        at: Slice, as an index of the PET.
        others: Masks outlined beside it.
    """
    grid, mask = study.pet.grid, study.masks[name]
    rows, columns = np.nonzero(mask.voxels[at])
    middle = grid.to_patient(np.array([[at, rows.mean(), columns.mean()]]))[0]
    points = _square(middle)
    first = max(at - 1, 0)
    heat = _sample(suv[first : at + 2], grid.to_index(points) - [first, 0, 0])
    heat = np.clip((heat - SUV_RANGE[0]) / (SUV_RANGE[1] - SUV_RANGE[0]), 0, 1)
    weight = 0.75 * np.sqrt(heat)[:, None]
    colors = (1 - weight) * 0.9 * _gray(study, points)[:, None] + weight * _heat(heat)
    beside = [outline(study.masks[other], at, middle) for other in others]
    return FusedSlice(
        name, float(middle[2]), (255 * colors).astype(np.uint8).reshape(PIXELS, PIXELS, 3),
        outline(mask, at, middle), np.concatenate(beside) if beside else np.empty((0, 4)),
    )  # fmt: skip


def outline(mask: Mask, at: int, middle: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "edge 4"]:
    """Return the edges between voxels within and without, those of the square around a point only.

    >>> grid = Grid(np.array([[0, 0, 2.0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]), (1, 3, 3))
    >>> one = np.zeros((1, 3, 3), bool)
    >>> one[0, 1, 1] = True
    >>> outline(Mask("aorta", grid, one), 0, np.array([2.0, 2, 0])).tolist()
    [[-1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, 1.0, 1.0], [-1.0, -1.0, -1.0, 1.0], [1.0, -1.0, 1.0, 1.0]]

    Args:
        mask: On the PET's grid.
        at: Slice.
        middle: Middle of the square [mm].
    """
    inside: Bool[np.ndarray, "row column"] = np.pad(mask.voxels[at], 1)
    above = np.argwhere(inside[1:, 1:-1] != inside[:-1, 1:-1]) - [0.5, 0.0]
    beside = np.argwhere(inside[1:-1, 1:] != inside[1:-1, :-1]) - [0.0, 0.5]
    along, down = np.array([0.0, 0.5]), np.array([0.5, 0.0])
    begin = np.concatenate([above - along, beside - down])
    end = np.concatenate([above + along, beside + down])
    edges = np.hstack([_beside(mask.grid, at, corners) - middle[:2] for corners in (begin, end)])
    return np.asarray(edges[(np.abs(edges) <= FIELD_MM / 2).all(axis=1)])


def _beside(grid: Grid, at: int, corners: Float[np.ndarray, "edge 2"]) -> Float[np.ndarray, "edge 2"]:
    return np.asarray(grid.to_patient(np.column_stack([np.full(len(corners), float(at)), corners]))[:, :2])


def _square(middle: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "point 3"]:
    offsets = (np.arange(PIXELS) + 0.5) / PIXELS * FIELD_MM - FIELD_MM / 2
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    return np.column_stack([middle[0] + x.ravel(), middle[1] + y.ravel(), np.full(x.size, middle[2])])


def _gray(study: Study, points: Float[np.ndarray, "point 3"]) -> Float[np.ndarray, " point"]:
    if study.ct is None:
        return np.full(len(points), 0.15)
    index = study.ct.grid.to_index(points)
    low = int(np.clip(np.floor(index[0, 0]), 0, study.ct.grid.shape[0] - 1))
    part = study.ct.values((slice(low, low + 2), slice(None), slice(None)))
    return np.clip((_sample(part, index - [low, 0, 0]) - WINDOW_HU[0]) / (WINDOW_HU[1] - WINDOW_HU[0]), 0, 1)


def _sample(
    volume: Float[np.ndarray, "slice row column"], index: Float[np.ndarray, "point 3"]
) -> Float[np.ndarray, " point"]:
    return np.asarray(map_coordinates(volume, index.T, order=1, mode="nearest", output=np.float32))


def _heat(value: Float[np.ndarray, " point"]) -> Float[np.ndarray, "point 3"]:
    """Dark red over orange to yellow-white; lightness rises throughout, so it reads in gray."""
    return np.column_stack(
        [np.clip(0.35 + 2.2 * value, 0, 1), np.clip(2.2 * value - 0.6, 0, 1), np.clip(3 * value - 2, 0, 1)]
    )


def keep_fused(slices: Sequence[FusedSlice], folder: Path) -> None:
    """Write slices into a folder: a PNG each, and their outlines as JSON."""
    about = []
    for one in slices:
        Image.fromarray(one.pixels).save(folder / f"{one.name}.png", optimize=True)
        edges = {"outline": one.outline.round(2).tolist(), "others": one.others.round(2).tolist()}
        about.append({"name": one.name, "z_mm": one.z_mm, "file": f"{one.name}.png", **edges})
    (folder / FILE).write_text(json.dumps({"field_mm": FIELD_MM, "suv": SUV_RANGE, "slices": about}), encoding="utf-8")
