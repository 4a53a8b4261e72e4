"""A PET or CT series from files: one stack of stored values on one grid, in the order of the patient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset

from calor.errors import ImageError
from calor.image.dicom_file import IDENTITY, file_of, pixel_array, read_file, reading
from calor.image.enhanced_pet import ENHANCED, enhanced_frames
from calor.image.grid import Grid, stack
from calor.image.header_values import name_of
from calor.image.pet_header import PetHeader, pet_headers
from calor.image.suv_factor import SuvFactor, suv_factor

_SHARED = ("SeriesInstanceUID", "PatientID", "Modality", "FrameOfReferenceUID", "Rows", "Columns", "PixelSpacing",
           "StudyInstanceUID")  # fmt: skip
_IN_EVERY_SLICE = ("FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing",
                   "RescaleSlope")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Series:
    """A series.

    Attributes:
        modality: PT or CT.
        uid: Series Instance UID.
        grid: Where the voxels lie.
        stored: Values as stored.
        slope: Rescale Slope of each slice.
        intercept: Rescale Intercept of each slice.
        headers: What SUV needs of each slice; empty for CT.
        instances: SOP Class and Instance UID of each slice.
        patient_id: Patient ID as written, for comparison only.
    """

    modality: str
    uid: str
    grid: Grid
    stored: Int[np.ndarray, "slice row column"]
    slope: Float[np.ndarray, " slice"]
    intercept: Float[np.ndarray, " slice"]
    headers: tuple[PetHeader, ...] = ()
    instances: tuple[tuple[str, str], ...] = ()
    patient_id: str = ""

    def __str__(self) -> str:
        mm = " x ".join(f"{s:.2f}" for s in self.grid.spacing_mm)
        return f"{self.modality}: {' x '.join(map(str, self.grid.shape))} voxels of {mm} mm"

    @cached_property
    def suv_factor(self) -> SuvFactor:
        """How the series becomes SUV.

        Raises:
            ImageError: It cannot.
        """
        return suv_factor(self.headers)

    def suv(self, box: tuple[slice, slice, slice] | None = None) -> Float[np.ndarray, "slice row column"]:
        """Return body-weight SUV of every voxel [g/mL]; outside a box of indices, where one is given, it stays 0."""
        scale = (self.slope * self.suv_factor.per_slice).astype(np.float32)
        part = box or (slice(None), slice(None), slice(None))
        found = np.zeros(self.grid.shape, np.float32)  # pages outside the box are never touched
        np.multiply(self.stored[part], scale[part[0], None, None], out=found[part])
        return found

    def values(self, box: tuple[slice, slice, slice] | None = None) -> Float[np.ndarray, "slice row column"]:
        """Return rescaled values, Hounsfield units for CT, of the whole or of a box of indices."""
        part = box or (slice(None), slice(None), slice(None))
        slope, intercept = (v[part[0], None, None].astype(np.float32) for v in (self.slope, self.intercept))
        return np.asarray(self.stored[part] * slope + intercept)


def find_series(folder: Path, modality: str | None = None) -> dict[str, list[Path]]:
    """Group a folder's DICOM files by series, whatever their names.

    Args:
        folder: Searched with everything beneath it; links are not followed.
        modality: PT, CT, SEG, RTSTRUCT, ...; all when None.

    Returns:
        Files by Series Instance UID.

    Raises:
        ImageError: A file is no DICOM file or is damaged, or nothing is found.
    """
    found: dict[str, list[Path]] = {}
    for path in candidates(folder):
        head = read_file(path, pixels=False, only=list(IDENTITY))
        if modality in (None, str(head.get("Modality"))):
            found.setdefault(str(head.get("SeriesInstanceUID")), []).append(path)
    if not found:
        raise ImageError.must("folder", f"hold DICOM {modality or 'files'}", "none", fix="Check the study's folder.")
    return found


def load_folder(folder: Path) -> dict[str, dict[Path, FileDataset]]:
    """Read every DICOM file beneath a folder once, grouped by series.

    Raises:
        ImageError: A file is no DICOM file or is damaged, or nothing is found.
    """
    found: dict[str, dict[Path, FileDataset]] = {}
    for path in candidates(folder):
        dataset = read_file(path)
        found.setdefault(str(dataset.get("SeriesInstanceUID")), {})[path] = dataset
    if not found:
        raise ImageError.must("folder", "hold DICOM files", "none", fix="Check the study's folder.")
    return found


def candidates(folder: Path) -> Iterator[Path]:
    """Yield the files beneath a folder that may be DICOM; links are not followed."""
    suffixes = {"", ".dcm", ".DCM", ".ima", ".IMA"}
    for path in sorted(folder.rglob("*")):
        hidden = path.name == "DICOMDIR" or path.name.startswith(".")
        if path.suffix in suffixes and not hidden and path.is_file() and not path.is_symlink():
            yield path


def read_series(files: Iterable[Path]) -> Series:
    """Read one series, in any order of files.

    Args:
        files: All files of the series.

    Raises:
        ImageError: Files are of several series, patients, sizes or orientations, slices are missing, or one is damaged.
    """
    return series_of([read_file(path) for path in files])


def series_of(datasets: Sequence[FileDataset]) -> Series:
    """Make a series of what was read of its files.

    Raises:
        ImageError: As for `read_series`.
    """
    if not datasets:
        raise ImageError.must("series", "hold files", "none", fix="Check the folder.")
    if str(datasets[0].get("SOPClassUID")) == ENHANCED:
        if len(datasets) > 1:
            raise ImageError.must("Enhanced PET", "be one file", len(datasets), fix="Separate the series.")
        return assemble(*enhanced_frames(datasets[0]))
    return assemble(datasets, [pixel_array(d) for d in datasets])


def assemble(datasets: Sequence[Dataset], pixels: Sequence[Int[np.ndarray, "row column"]]) -> Series:
    """Stack slices in the order of the patient.

    Args:
        datasets: Header of each slice.
        pixels: Stored values of each slice.

    Raises:
        ImageError: The slices are not one series, or do not stack.
    """
    head = datasets[0]
    for dataset in datasets:
        lost = [keyword for keyword in _IN_EVERY_SLICE if keyword not in dataset]
        if lost:
            raise _refused(name_of(lost[0]), "be in every slice", "none", dataset)
    for keyword in _SHARED:
        if not _same(datasets, keyword):
            other = next((d for d in datasets if str(d.get(keyword)) != str(head.get(keyword))), None)
            if other is not None:
                raise _refused("series", f"have one {name_of(keyword)}", f"another than in {file_of(head)}", other)
    seen: dict[str, Dataset] = {}
    for dataset in datasets:
        before = seen.setdefault(f"{dataset.get('SOPInstanceUID')} {dataset.ImagePositionPatient}", dataset)
        if before is not dataset:
            raise _refused("slices", "come once each", f"the one of {file_of(before)} again", dataset)
    stated = int(head.get("NumberOfSlices") or 0)
    if len(datasets) < stated:
        raise _refused("series", f"have its {stated} slices, {name_of('NumberOfSlices')}", len(datasets), head)
    _one_orientation(datasets)
    grid, order = _stack(datasets)
    ordered = [datasets[i] for i in order]
    is_pet = str(head.get("Modality")) == "PT"
    headers = pet_headers(ordered) if is_pet else ()
    with reading("rescaling", file_of(head).rpartition("/")[0]):
        slopes = [h.slope for h in headers] if is_pet else [float(d.RescaleSlope) for d in ordered]
        intercepts = [float(d.get("RescaleIntercept") or 0) for d in ordered]
    return Series(
        modality=str(head.get("Modality")),
        uid=str(head.get("SeriesInstanceUID")),
        grid=grid,
        stored=np.stack([pixels[i] for i in order]),
        slope=np.array(slopes, float),
        intercept=np.array(intercepts),
        headers=headers,
        instances=tuple((str(d.get("SOPClassUID")), str(d.get("SOPInstanceUID"))) for d in ordered),
        patient_id=str(head.get("PatientID") or ""),
    )


def _same(datasets: Sequence[Dataset], keyword: str) -> bool:
    """Tell whether an element is byte for byte the same in all slices; False also when one was decoded already."""
    raw = [d.get_item(keyword) for d in datasets]
    return all(isinstance(e, RawDataElement) for e in raw) and len({e.value for e in raw if e is not None}) == 1


def _one_orientation(datasets: Sequence[Dataset]) -> None:
    if _same(datasets, "ImageOrientationPatient"):
        return
    cosines = np.array([[float(v) for v in (d.get("ImageOrientationPatient") or [0] * 6)] for d in datasets])
    apart = np.abs(cosines - cosines[0]).max(axis=1)
    if apart.max() > 1e-4:
        raise _refused("slices", "have one orientation", "several", datasets[int(apart.argmax())])


def _stack(datasets: Sequence[Dataset]) -> tuple[Grid, np.ndarray]:
    head = datasets[0]
    with reading("position, orientation and spacing", file_of(head).rpartition("/")[0]):
        positions = np.array([d.ImagePositionPatient for d in datasets], float).reshape(-1, 3)
        return stack(
            positions, head.ImageOrientationPatient, head.PixelSpacing, (int(head.Rows), int(head.Columns)),
            frame=str(head.FrameOfReferenceUID), thickness_mm=float(head.get("SliceThickness") or 0),
        )  # fmt: skip


def _refused(what: str, rule: str, got: object, dataset: Dataset) -> ImageError:
    return ImageError.must(what, rule, got, where=file_of(dataset), fix="Separate the series, or ask the site for it.")
