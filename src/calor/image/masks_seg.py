"""Masks from DICOM SEG: binary, fractional or label map, placed by each frame's own position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Bool
from pydicom.dataset import Dataset, FileDataset

from calor.errors import ImageError
from calor.image.dicom_file import LARGEST_PIXELS, PLAIN, file_of, pixel_array, read_file, reading
from calor.image.grid import Grid
from calor.image.mask import Mask

HALF = 0.5


def read_seg(path: Path) -> dict[str, Mask]:
    """Read every segment of a DICOM SEG on its own grid.

    A fractional segment's voxels belong to it from half of the maximum upwards. Frames that the file leaves out are
    empty.

    Args:
        path: The file.

    Returns:
        Masks by segment label.

    Raises:
        ImageError: It is no segmentation, segments share a name, or frames have no position or no even spacing.
    """
    dataset = read_file(path)
    with reading("segmentation", file_of(dataset)):
        return _masks(dataset)


def _masks(dataset: FileDataset) -> dict[str, Mask]:
    kind = str(dataset.get("SegmentationType") or "")
    if str(dataset.get("Modality")) != "SEG" or kind not in ("BINARY", "FRACTIONAL", "LABELMAP"):
        raise _refused("file", "be a DICOM segmentation", f"{dataset.get('Modality')} {kind}")
    labels = {int(s.SegmentNumber): str(s.SegmentLabel) for s in dataset.get("SegmentSequence") or []}
    if not labels or len(set(labels.values())) != len(labels):
        raise _refused("segment labels", "be given and unique", sorted(labels.values()))
    frames = _frames(dataset, kind)
    grid, at = _grid(dataset)
    masks = {number: np.zeros(grid.shape, bool) for number in labels}
    for frame, (group, place) in enumerate(zip(dataset.PerFrameFunctionalGroupsSequence, at, strict=True)):
        for number, voxels in _segments(frames[frame], group, dataset, kind, labels).items():
            masks[number][place] |= voxels
    return {labels[number]: Mask(labels[number], grid, voxels) for number, voxels in masks.items()}


def _segments(
    frame: np.ndarray, group: Dataset, dataset: Dataset, kind: str, labels: Mapping[int, str]
) -> dict[int, Bool[np.ndarray, "row column"]]:
    if kind == "LABELMAP":
        return {number: frame == number for number in labels}
    found = group.get("SegmentIdentificationSequence") or _shared(dataset).get("SegmentIdentificationSequence")
    number = int(found[0].ReferencedSegmentNumber) if found else 0
    if number not in labels:
        raise _refused("frame", "belong to a segment of the file", number)
    full = float(dataset.get("MaximumFractionalValue") or 1) if kind == "FRACTIONAL" else 1.0
    return {number: frame >= HALF * full}


def _frames(dataset: FileDataset, kind: str) -> np.ndarray:
    """Unpack the frames; one bit per voxel, in the order of DICOM, when binary."""
    count, rows, columns = (int(dataset.get(k) or 0) for k in ("NumberOfFrames", "Rows", "Columns"))
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if not 0 < count * rows * columns <= LARGEST_PIXELS or len(groups) != count:
        raise _refused("frames", "be as many as described, of sensible size", (count, len(groups), rows, columns))
    if kind != "BINARY" or str(dataset.file_meta.TransferSyntaxUID) not in PLAIN:
        return pixel_array(dataset).reshape(count, rows, columns)
    raw = np.frombuffer(dataset.PixelData, np.uint8)
    if raw.size * 8 < count * rows * columns:
        raise _refused("pixel data", f"hold {count * rows * columns} bits", raw.size * 8)
    return np.unpackbits(raw, count=count * rows * columns, bitorder="little").reshape(count, rows, columns)


def _grid(dataset: Dataset) -> tuple[Grid, list[int]]:
    """Place the frames; slices between them that hold nothing may be missing."""
    positions, orientations, measures = [], [], []
    for group in dataset.PerFrameFunctionalGroupsSequence:
        positions.append([float(v) for v in _one(group, dataset, "PlanePositionSequence").ImagePositionPatient])
        orientations.append(
            [float(v) for v in _one(group, dataset, "PlaneOrientationSequence").ImageOrientationPatient]
        )
        measures.append(_one(group, dataset, "PixelMeasuresSequence"))
    cosines = np.array(orientations)
    if np.abs(cosines - cosines[0]).max() > 1e-4:
        raise _refused("frames", "have one orientation", "several")
    across, down = cosines[0, :3], cosines[0, 3:]
    normal = np.cross(across, down)
    origins = np.array(positions)
    along = origins @ normal
    step = _step(measures[0], along)
    index = (along - along.min()) / step
    place = np.rint(index).astype(int)
    if np.abs(index - place).max() > 0.05:
        raise _refused("frames", "be evenly spaced", f"off by {np.abs(index - place).max():.2f} of a slice")
    first = origins[int(along.argmin())]
    between = [float(v) for v in measures[0].PixelSpacing]
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([normal * step, down * between[0], across * between[1]])
    affine[:3, 3] = first
    frame = str(dataset.get("FrameOfReferenceUID") or "")
    return Grid(affine, (int(place.max()) + 1, int(dataset.Rows), int(dataset.Columns)), frame), place.tolist()


def _step(measures: Dataset, along: np.ndarray) -> float:
    """Return the distance between slices: as seen between frames, else as written."""
    apart = np.diff(np.unique(np.round(along, 3)))
    stated = float(measures.get("SpacingBetweenSlices") or measures.get("SliceThickness") or 0)
    if not apart.size:
        if stated <= 0:
            raise _refused("spacing", "be given for a single slice", stated)
        return stated
    return float(apart.min())


def _one(group: Dataset, dataset: Dataset, keyword: str) -> Dataset:
    found = group.get(keyword) or _shared(dataset).get(keyword)
    if not found:
        raise _refused(keyword, "be given for every frame", "none")
    one: Dataset = found[0]
    return one


def _shared(dataset: Dataset) -> Dataset:
    shared: Dataset = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    return shared


def segments_by_name(masks: Mapping[str, Mask]) -> dict[str, Mask]:
    """Return masks under plain names, as a protocol writes them: `Carotid, left` becomes `carotid_left`.

    Raises:
        ImageError: Two masks have the same plain name.
    """
    found: dict[str, list[Mask]] = defaultdict(list)
    for name, mask in masks.items():
        found["_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())].append(mask)
    doubled = [name for name, same in found.items() if len(same) > 1]
    if doubled:
        raise _refused("mask names", "be unique", doubled)
    return {name: same[0] for name, same in found.items()}


def _refused(what: str, rule: str, got: object) -> ImageError:
    return ImageError.must(what, rule, got, fix="Export the segmentation again.")
