"""Enhanced PET: one multi-frame object, taken apart into slices with ordinary headers."""

from __future__ import annotations

import re
from datetime import datetime

import numpy as np
from jaxtyping import Int
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as DicomSequence

from calor.errors import ImageError
from calor.image.dicom_file import file_of, pixel_array, reading
from calor.image.header_values import instant, name_of

ENHANCED = "1.2.840.10008.5.1.4.1.1.130"
UNITS = {
    "Bq/ml": ("BQML", ""),
    "{counts}": ("CNTS", ""),
    "{SUVbw}g/ml": ("GML", "BW"),
    "{SUVlbm}g/ml": ("GML", "LBM"),
    "{SUVlbm(James128)}g/ml": ("GML", "LBMJAMES128"),
    "{SUVlbm(Janma)}g/ml": ("GML", "LBMJANMA"),
    "{SUVibw}g/ml": ("GML", "IBW"),
    "{SUVbsa}cm2/ml": ("CM2ML", "BSA"),
}
"""Units (0054,1001) and SUV Type (0054,1006) of each UCUM code of measurement units; the braces may also come last."""
_CORRECTIONS = {
    "AttenuationCorrected": "ATTN", "DecayCorrected": "DECY", "ScatterCorrected": "SCAT",
    "DeadTimeCorrected": "DTIM", "RandomsCorrected": "RAN",
}  # fmt: skip


def enhanced_frames(dataset: FileDataset) -> tuple[list[Dataset], list[Int[np.ndarray, "row column"]]]:
    """Take an Enhanced PET object apart.

    Returns:
        One ordinary header per frame, and its stored values.

    Raises:
        ImageError: A frame has no position, orientation, spacing, rescaling or units.
    """
    pixels = pixel_array(dataset)
    pixels = pixels if pixels.ndim == 3 else pixels[None]
    groups = dataset.get("PerFrameFunctionalGroupsSequence") or []
    if len(groups) != len(pixels):
        raise ImageError.must("per-frame groups", f"describe {len(pixels)} frames", len(groups), fix="Ask the site.")
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    with reading("Enhanced PET", file_of(dataset)):
        common = _common(dataset)
        slices = [_slice(common, group, shared) for group in groups]
    for one in slices:
        one.filename = dataset.filename  # so that whatever is refused later names the file
    return slices, list(pixels)


def _common(dataset: Dataset) -> Dataset:
    made = Dataset()
    for keyword in ("PatientID", "PatientWeight", "PatientSize", "PatientSex", "Rows", "Columns", "SeriesInstanceUID",
                    "StudyInstanceUID", "SOPClassUID", "SOPInstanceUID", "FrameOfReferenceUID", "SeriesDate",
                    "SeriesTime", "TimezoneOffsetFromUTC", "Modality"):  # fmt: skip
        if keyword in dataset:
            setattr(made, keyword, dataset[keyword].value)
    done = {k: str(dataset.get(k) or "") for k in _CORRECTIONS}
    made.CorrectedImage = [code for keyword, code in _CORRECTIONS.items() if done[keyword] in ("YES", "MEASURED")]
    if done["AttenuationCorrected"] == "YES" and "ATTN" not in made.CorrectedImage:
        made.CorrectedImage.append("ATTN")
    made.DecayCorrection = "NONE" if done["DecayCorrected"] == "NO" else "START"
    if made.DecayCorrection == "START":
        zero = instant(dataset.get("DecayCorrectionDateTime"), dataset.get("TimezoneOffsetFromUTC"))
        if zero is None:
            raise ImageError.must(name_of("DecayCorrectionDateTime"), "be recorded", "none", fix="Ask the site.")
        made.SeriesDate, made.SeriesTime = _written(zero)
    made.RadiopharmaceuticalInformationSequence = DicomSequence(
        dataset.get("RadiopharmaceuticalInformationSequence") or []
    )
    return made


def _slice(common: Dataset, group: Dataset, shared: Dataset) -> Dataset:
    made = Dataset()
    made.update(common)
    position = _one(group, shared, "PlanePositionSequence")
    orientation = _one(group, shared, "PlaneOrientationSequence")
    measures = _one(group, shared, "PixelMeasuresSequence")
    rescale = _one(group, shared, "PixelValueTransformationSequence")
    made.ImagePositionPatient = position.ImagePositionPatient
    made.ImageOrientationPatient = orientation.ImageOrientationPatient
    made.PixelSpacing, made.SliceThickness = measures.PixelSpacing, measures.get("SliceThickness")
    made.RescaleSlope, made.RescaleIntercept = rescale.RescaleSlope, rescale.RescaleIntercept
    made.Units, made.SUVType = _units(group, shared, rescale)
    content = _one(group, shared, "FrameContentSequence")
    acquired = instant(content.get("FrameAcquisitionDateTime"), common.get("TimezoneOffsetFromUTC"))
    if acquired is not None:
        made.AcquisitionDate, made.AcquisitionTime = _written(acquired)
    if content.get("FrameAcquisitionDuration"):
        made.ActualFrameDuration = str(round(float(content.FrameAcquisitionDuration)))
    return made


def _units(group: Dataset, shared: Dataset, rescale: Dataset) -> tuple[str, str]:
    mapping = (group.get("RealWorldValueMappingSequence") or shared.get("RealWorldValueMappingSequence") or [None])[0]
    code = mapping.MeasurementUnitsCodeSequence[0].CodeValue if mapping is not None else ""
    code = re.sub(r"^([^{]+)(\{.+\})$", r"\2\1", code)
    if mapping is not None and code in UNITS:
        slope, intercept = float(mapping.RealWorldValueSlope), float(mapping.RealWorldValueIntercept)
        if (slope, intercept) != (float(rescale.RescaleSlope), float(rescale.RescaleIntercept)):
            raise ImageError.must("real-world value mapping", "agree with the rescaling", slope, fix="Ask the site.")
        return UNITS[code]
    kind = str(rescale.get("RescaleType") or "")
    return (kind, "") if kind in {"BQML", "GML", "CM2ML", "CNTS"} else (code or kind, "")


def _one(group: Dataset, shared: Dataset, keyword: str) -> Dataset:
    found = group.get(keyword) or shared.get(keyword)
    if not found:
        raise ImageError.must(keyword, "be given for every frame", "none", fix="Ask the site.")
    one: Dataset = found[0]
    return one


def _written(at: datetime) -> tuple[str, str]:
    return at.strftime("%Y%m%d"), at.strftime("%H%M%S.%f")
