"""Write the phantom as a study: DICOM PET, CT and RTSTRUCT of its true vessels, as a scanner and a reader would."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

from calor.image.grid import Grid
from calor.image.phantom import Phantom, Torso, Vessel, torso_grid
from calor.image.phantom_arch import arch_contours
from calor.image.phantom_ct import ct_numbers

PET_CLASS, CT_CLASS = "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.2"
RTSTRUCT_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
_CORNERS = 64


@dataclass(frozen=True)
class ScanFacts:
    """What the headers say.

    Attributes:
        participant: Patient ID.
        injected: Date and time of injection.
        uptake_s: Injection to scan.
        dose_bq: Injected activity.
        weight_kg: Body weight.
        height_cm: Body height.
        half_life_s: Half-life of the radionuclide.
    """

    participant: str
    injected: datetime
    uptake_s: float = 5400.0
    dose_bq: float = 3.0e8
    weight_kg: float = 75.0
    height_cm: float = 175.0
    half_life_s: float = 6586.2

    @property
    def factor(self) -> float:
        """SUV per activity [g/mL per Bq/mL]."""
        return self.weight_kg * 1000 / (self.dose_bq * 2 ** (-self.uptake_s / self.half_life_s))

    @property
    def scanned(self) -> datetime:
        """Start of the scan."""
        return self.injected + timedelta(seconds=self.uptake_s)


def write_study(phantom: Phantom, facts: ScanFacts, folder: Path, *, ct_mm: float = 2.0) -> None:
    """Write PET, CT and true contours into `PT`, `CT` and `RS` beneath a folder.

    Args:
        phantom: A scan of the torso.
        facts: What the headers say.
        folder: Made if absent.
        ct_mm: Pixel spacing of the CT.
    """
    study, frame = (_uid(facts, part) for part in ("study", "frame"))
    for sub in ("PT", "CT", "RS"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    activity = phantom.suv / facts.factor
    slope = np.maximum(activity.max(axis=(1, 2)) / 32000, 1e-6)
    stored = np.rint(activity / slope[:, None, None]).astype(np.int16)
    shared = _shared(facts, phantom.grid, (study, frame, "PT"))
    _pet(shared, facts, len(stored))
    heads = [_slice(shared, facts, phantom.grid, at, stored[at]) for at in range(len(stored))]
    for at, (head, one) in enumerate(zip(heads, slope.tolist(), strict=True), 1):
        head.RescaleSlope, head.RescaleIntercept, head.ImageIndex = f"{one:.12g}"[:16], "0", at
    _save(heads, folder / "PT", PET_CLASS)
    spacing = float(phantom.grid.spacing_mm[0])
    grid = torso_grid((spacing, ct_mm, ct_mm), phantom.torso)
    hu = np.rint(ct_numbers(phantom.torso, grid) + 1024).astype(np.int16)
    shared = _shared(facts, grid, (study, frame, "CT"))
    shared.RescaleSlope, shared.RescaleIntercept, shared.KVP, shared.AcquisitionNumber = "1", "-1024", "120", 1
    _save((_slice(shared, facts, grid, at, hu[at]) for at in range(len(hu))), folder / "CT", CT_CLASS)
    _save([_contours(facts, phantom.torso, phantom.grid, (study, frame))], folder / "RS", RTSTRUCT_CLASS)


def _shared(facts: ScanFacts, grid: Grid, ids: tuple[str, str, str]) -> Dataset:
    """Return what all slices of a series have in common, made once: setting an element costs far more than sharing."""
    head = _head(facts, *ids)
    head.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
    head.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    head.PixelSpacing = [_ds(v) for v in grid.spacing_mm[1:]]
    head.SliceThickness = _ds(grid.spacing_mm[0])
    head.Rows, head.Columns = grid.shape[1:]
    head.SamplesPerPixel, head.PhotometricInterpretation = 1, "MONOCHROME2"
    head.BitsAllocated, head.BitsStored, head.HighBit, head.PixelRepresentation = 16, 16, 15, 1
    return head


def _slice(shared: Dataset, facts: ScanFacts, grid: Grid, at: int, stored: Int[np.ndarray, "row column"]) -> Dataset:
    head = Dataset()
    head.update(shared)
    head.SOPInstanceUID = _uid(facts, str(shared.Modality), str(at))
    head.InstanceNumber = at + 1
    head.ImagePositionPatient = [_ds(v) for v in grid.to_patient(np.array([[at, 0.0, 0.0]]))[0]]
    head.PixelData = stored.astype("<i2").tobytes()
    return head


def _head(facts: ScanFacts, study: str, frame: str, modality: str) -> Dataset:
    head = Dataset()
    head.PatientID, head.PatientName, head.PatientSex, head.PatientBirthDate = facts.participant, "", "O", ""
    head.PatientWeight, head.PatientSize = _ds(facts.weight_kg), _ds(facts.height_cm / 100)
    head.StudyInstanceUID, head.FrameOfReferenceUID = study, frame
    head.SeriesInstanceUID, head.Modality = _uid(facts, "series", modality), modality
    head.Manufacturer, head.StudyID, head.AccessionNumber, head.ReferringPhysicianName = "Calor phantom", "1", "", ""
    head.PositionReferenceIndicator, head.SeriesNumber = "", 1
    for kind in ("Study", "Series", "Acquisition", "Content"):
        setattr(head, f"{kind}Date", facts.scanned.strftime("%Y%m%d"))
        setattr(head, f"{kind}Time", facts.scanned.strftime("%H%M%S.%f"))
    return head


def _pet(head: Dataset, facts: ScanFacts, slices: int) -> None:
    head.Units, head.DecayCorrection, head.CountsSource = "BQML", "START", "EMISSION"
    head.CorrectedImage = ["DECY", "ATTN", "SCAT", "NORM", "RAN", "DTIM"]
    head.SeriesType, head.NumberOfSlices, head.CollimatorType = ["WHOLE BODY", "IMAGE"], slices, "NONE"
    head.ActualFrameDuration, head.FrameReferenceTime = 180000, "0"
    drug = Dataset()
    drug.Radiopharmaceutical, drug.RadionuclideCodeSequence = "FDG", []
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = _ds(facts.dose_bq), _ds(facts.half_life_s)
    drug.RadiopharmaceuticalStartTime = facts.injected.strftime("%H%M%S.%f")
    drug.RadiopharmaceuticalStartDateTime = facts.injected.strftime("%Y%m%d%H%M%S.%f")
    head.RadiopharmaceuticalInformationSequence = [drug]
    head.PatientOrientationCodeSequence = head.PatientGantryRelationshipCodeSequence = []


def _contours(facts: ScanFacts, torso: Torso, grid: Grid, ids: tuple[str, str]) -> Dataset:
    head = _head(facts, *ids, "RTSTRUCT")
    head.SOPInstanceUID, head.StructureSetLabel = _uid(facts, "contours"), "vessels"
    head.StructureSetDate, head.StructureSetTime, head.OperatorsName = head.SeriesDate, head.SeriesTime, ""
    names, drawn = [], []
    for number, vessel in enumerate(torso.vessels, 1):
        circles = [_circle(vessel, float(z)) for z in _heights(vessel, grid.slice_mm)]
        name, region = _roi(number, vessel.name, ids[1], circles)
        names.append(name)
        drawn.append(region)
    if torso.arch is not None:
        loops = [loop for z in grid.slice_mm.tolist() for loop in arch_contours(torso.arch, z)]
        name, region = _roi(len(names) + 1, torso.arch.name, ids[1], [_contour(loop) for loop in loops])
        names.append(name)
        drawn.append(region)
    head.StructureSetROISequence, head.ROIContourSequence = names, drawn
    return head


def _roi(number: int, name: str, frame: str, contours: list[Dataset]) -> tuple[Dataset, Dataset]:
    named, region = Dataset(), Dataset()
    named.ROINumber, named.ROIName, named.ROIGenerationAlgorithm = number, name, "AUTOMATIC"
    named.ReferencedFrameOfReferenceUID = frame
    region.ReferencedROINumber, region.ContourSequence = number, contours
    return named, region


def _heights(vessel: Vessel, slice_mm: Float[np.ndarray, " slice"]) -> Float[np.ndarray, " height"]:
    return np.asarray(slice_mm[(slice_mm >= vessel.z_mm[0]) & (slice_mm < vessel.z_mm[1])])


def _circle(vessel: Vessel, z_mm: float) -> Dataset:
    angle = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
    radius = vessel.lumen_mm + vessel.wall_mm
    points = np.column_stack([
        vessel.x_mm + radius * np.cos(angle), vessel.y_mm + radius * np.sin(angle), np.full(_CORNERS, z_mm),
    ])  # fmt: skip
    return _contour(points)


def _contour(points: Float[np.ndarray, "corner 3"]) -> Dataset:
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", len(points)
    contour.ContourData = [f"{v:.4f}" for v in points.ravel()]
    return contour


def _save(heads: Iterable[Dataset], folder: Path, sop_class: str) -> None:
    for at, head in enumerate(heads):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), head.SOPInstanceUID
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        head.SOPClassUID = sop_class
        file = FileDataset(str(folder), head, file_meta=meta, preamble=b"\0" * 128)
        file.save_as(folder / f"{at:04d}.dcm", enforce_file_format=True)


def _uid(facts: ScanFacts, *parts: str) -> str:
    """Return the same identifier for the same scan, so that a phantom written twice is the same study."""
    return str(generate_uid(entropy_srcs=[facts.participant, facts.injected.isoformat(), *parts]))


def _ds(value: float) -> str:
    return f"{value:.10g}"[:16]
