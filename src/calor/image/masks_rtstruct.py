"""Masks from RTSTRUCT contours: holes by the even-odd rule, any rotation through patient coordinates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from pydicom.dataset import Dataset

from calor.errors import ImageError
from calor.image.dicom_file import check_uid, file_of, read_file, reading
from calor.image.grid import Grid
from calor.image.mask import Mask

OFF_SLICE = 0.5
FLAT_MM = 0.1


def read_rtstruct(path: Path, grid: Grid) -> dict[str, Mask]:
    """Read every region of an RTSTRUCT onto a series' grid.

    A voxel belongs to a region when an odd number of the slice's contours encloses its center, so that a contour
    within a contour is a hole, drawn as two contours or as one with a keyhole.

    Args:
        path: The file.
        grid: The grid of the series on which the contours were drawn.

    Returns:
        Masks by region name; a region without contours is empty.

    Raises:
        ImageError: Contours lie between slices, are not parallel to them or not closed, or belong to another frame.
    """
    dataset = read_file(path)
    with reading("contours", file_of(dataset)):
        return _regions(dataset, grid)


def _regions(dataset: Dataset, grid: Grid) -> dict[str, Mask]:
    names = {int(r.ROINumber): str(r.ROIName) for r in dataset.get("StructureSetROISequence") or []}
    if len(set(names.values())) != len(names):
        raise _refused("region names", "be unique", sorted(names.values()))
    _frames(dataset, grid)
    masks = {name: Mask(name, grid, np.zeros(grid.shape, bool)) for name in names.values()}
    for region in dataset.get("ROIContourSequence") or []:
        if int(region.ReferencedROINumber) not in names:
            raise _refused("contours", "belong to a region of the file", region.ReferencedROINumber)
        mask = masks[names[int(region.ReferencedROINumber)]]
        for contour in region.get("ContourSequence") or []:
            _add(mask, contour)
    return masks


def _frames(dataset: Dataset, grid: Grid) -> None:
    for region in dataset.get("StructureSetROISequence") or []:
        frame = str(region.get("ReferencedFrameOfReferenceUID") or "")
        check_uid(frame, "ReferencedFrameOfReferenceUID")
        if frame and grid.frame and frame != grid.frame:
            raise _refused("contours", "share the series' Frame of Reference UID", "another")


def _add(mask: Mask, contour: Dataset) -> None:
    kind = str(contour.get("ContourGeometricType") or "")
    if kind == "POINT":
        return
    if kind not in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
        raise _refused(f"contour of {mask.name}", "be CLOSED_PLANAR", kind)
    points = np.array([float(v) for v in contour.ContourData]).reshape(-1, 3)
    index = mask.grid.to_index(points)
    height = index[:, 0]
    if len(points) < 3 or np.ptp(height) * mask.grid.spacing_mm[0] > FLAT_MM:
        raise _refused(f"contour of {mask.name}", "be flat and parallel to the slices", "one across them")
    at = int(np.rint(height[0]))
    if not 0 <= at < mask.grid.shape[0] or abs(height.mean() - at) > OFF_SLICE - 0.1:
        raise _refused(f"contour of {mask.name}", "lie on a slice of the series", f"slice {height.mean():.2f}")
    mask.voxels[at] ^= inside(index[:, 1:], mask.grid.shape[1:])


def inside(polygon: Float[np.ndarray, "corner 2"], shape: tuple[int, int]) -> Bool[np.ndarray, "row column"]:
    """Tell which pixel centers a polygon encloses, by the even-odd rule.

    >>> inside(np.array([[0.5, 0.5], [0.5, 2.5], [2.5, 2.5], [2.5, 0.5]]), (4, 4)).sum()
    np.int64(4)

    Args:
        polygon: Corners as (row, column), closed from last to first.
        shape: Rows and columns.
    """
    found = np.zeros(shape, bool)
    rows = np.arange(max(int(np.floor(polygon[:, 0].min())), 0), min(int(np.ceil(polygon[:, 0].max())) + 1, shape[0]))
    begin, end = polygon, np.roll(polygon, -1, axis=0)
    columns = np.arange(shape[1])
    for row in rows:
        crosses = (begin[:, 0] <= row) != (end[:, 0] <= row)
        a, b = begin[crosses], end[crosses]
        at = a[:, 1] + (row - a[:, 0]) / (b[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
        found[row] = (at[:, None] > columns).sum(axis=0) % 2 == 1
    return found


def _refused(what: str, rule: str, got: object) -> ImageError:
    return ImageError.must(what, rule, got, fix="Export the contours again, drawn on this series.")
