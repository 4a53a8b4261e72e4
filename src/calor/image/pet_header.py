"""What SUV needs of one PET slice's header, as plain values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from calor.errors import ImageError, met_at
from calor.image.dicom_file import file_of, reading
from calor.image.header_values import clock, instant, moment, name_of, number, private, private_number, seconds

GE_CREATOR, PHILIPS_CREATOR, SIEMENS_CREATOR = "GEMS_PETD_01", "Philips PET Private Group", "SIEMENS MED PT"


@dataclass(frozen=True)
class PetHeader:
    """One slice's header.

    Attributes:
        units: Units (0054,1001): BQML, CNTS, GML, CM2ML.
        decay_correction: START, ADMIN or NONE.
        corrected: Corrected Image (0028,0051).
        series_at: Series date and time.
        acquired_at: Acquisition date and time of this slice.
        half_life_s: Half-life; None when absent, and so for every optional value below.
        dose: Radionuclide Total Dose as recorded, Bq by the standard.
        injected_at: Injection as date and time.
        injected_time: Injection as a time of day without a date.
        frame_reference_s: Frame Reference Time.
        frame_s: Actual Frame Duration.
        decay_factor: Decay Factor (0054,1321).
        philips_suv: Philips SUV scale factor (7053,1000) [g/mL per count].
        philips_activity: Philips activity scale factor (7053,1009) [Bq/mL per count].
        scanned_at: Private scan date and time of GE (0009,100D) or Siemens (0071,1022).
        file: Where it was read from.
    """

    units: str
    decay_correction: str
    corrected: tuple[str, ...]
    series_at: datetime | None = None
    acquired_at: datetime | None = None
    half_life_s: float | None = None
    dose: float | None = None
    injected_at: datetime | None = None
    injected_time: time | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    sex: str = ""
    suv_type: str = ""
    slope: float = 1.0
    intercept: float = 0.0
    frame_reference_s: float | None = None
    frame_s: float | None = None
    decay_factor: float | None = None
    philips_suv: float | None = None
    philips_activity: float | None = None
    scanned_at: datetime | None = None
    series_uid: str = ""
    patient_id: str = ""
    file: str = ""


def pet_header(dataset: Dataset) -> PetHeader:
    """Read one PET slice's header.

    >>> from pydicom.dataset import Dataset
    >>> ds = Dataset()
    >>> ds.Units, ds.DecayCorrection, ds.CorrectedImage, ds.RescaleSlope = "GML", "START", ["DECY", "ATTN"], 1
    >>> pet_header(ds).units
    'GML'

    Raises:
        ImageError: A value cannot be read, or more than one radiopharmaceutical was given.
    """
    with warnings.catch_warnings(), reading("header", file_of(dataset)):
        warnings.simplefilter("ignore")  # odd values are refused below where they matter
        return _pet_header(dataset)


def _pet_header(dataset: Dataset) -> PetHeader:
    drug = _radiopharmaceutical(dataset)
    corrected = dataset.get("CorrectedImage") or ()
    height_m, zone = number(dataset, "PatientSize"), dataset.get("TimezoneOffsetFromUTC")
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope is None:
        raise ImageError.must(name_of("RescaleSlope"), "be in every slice", "none", fix="Ask the site.")
    return PetHeader(
        units=str(dataset.get("Units") or ""),
        decay_correction=str(dataset.get("DecayCorrection") or ""),
        corrected=(corrected,) if isinstance(corrected, str) else tuple(corrected),
        series_at=_moment(dataset, "Series"),
        acquired_at=_moment(dataset, "Acquisition") or instant(dataset.get("AcquisitionDateTime"), zone),
        half_life_s=number(drug, "RadionuclideHalfLife"),
        dose=number(drug, "RadionuclideTotalDose"),
        injected_at=instant(drug.get("RadiopharmaceuticalStartDateTime"), zone),
        injected_time=clock(drug.get("RadiopharmaceuticalStartTime"), name_of("RadiopharmaceuticalStartTime")),
        weight_kg=number(dataset, "PatientWeight"),
        height_cm=None if height_m is None else 100 * height_m,
        sex=str(dataset.get("PatientSex") or ""),
        suv_type=str(dataset.get("SUVType") or ""),
        slope=slope,
        intercept=intercept or 0.0,  # the standard allows no other in PET
        frame_reference_s=seconds(number(dataset, "FrameReferenceTime")),
        frame_s=seconds(number(dataset, "ActualFrameDuration")),
        decay_factor=number(dataset, "DecayFactor"),
        philips_suv=private_number(dataset, 0x7053, 0x00, PHILIPS_CREATOR),
        philips_activity=private_number(dataset, 0x7053, 0x09, PHILIPS_CREATOR),
        scanned_at=instant(private(dataset, 0x0009, 0x0D, GE_CREATOR), zone)
        or instant(private(dataset, 0x0071, 0x22, SIEMENS_CREATOR), zone),
        series_uid=str(dataset.get("SeriesInstanceUID") or ""),
        patient_id=str(dataset.get("PatientID") or ""),
        file=file_of(dataset),
    )


def _moment(dataset: Dataset, of: str) -> datetime | None:
    return moment(dataset.get(f"{of}Date"), dataset.get(f"{of}Time"), of)


_PER_SLICE = ("AcquisitionDate", "AcquisitionTime", "FrameReferenceTime", "ActualFrameDuration", "DecayFactor",
              "RescaleSlope", "RescaleIntercept")  # fmt: skip
_SHARED = ("Units", "DecayCorrection", "CorrectedImage", "SeriesDate", "SeriesTime", "PatientWeight", "PatientSize",
           "PatientSex", "SUVType", "TimezoneOffsetFromUTC", "RadiopharmaceuticalInformationSequence")  # fmt: skip


def pet_headers(datasets: Sequence[Dataset]) -> tuple[PetHeader, ...]:
    """Read the header of every slice of a series; what is byte for byte the same in all is read once.

    Raises:
        ImageError: As for `pet_header`.
    """
    raw = [_raw(d) for d in datasets]
    first = pet_header(datasets[0])
    read = [first]
    for dataset, mine in zip(datasets[1:], raw[1:], strict=True):
        private = any(tag.group in (0x0009, 0x0071, 0x7053) for tag in dataset.keys())  # noqa: SIM118
        if mine is None or mine != raw[0] or private:
            read.append(pet_header(dataset))
            continue
        own = Dataset()
        own.update({Tag(name): dataset.get_item(name) for name in _PER_SLICE if name in dataset})
        with met_at(file_of(dataset)):
            found = pet_header(own)
        read.append(replace(
            first, acquired_at=found.acquired_at, frame_reference_s=found.frame_reference_s, frame_s=found.frame_s,
            decay_factor=found.decay_factor, slope=found.slope, intercept=found.intercept, file=file_of(dataset),
        ))  # fmt: skip
    return tuple(read)


def _raw(dataset: Dataset) -> tuple[bytes | None, ...] | None:
    """Return the shared elements' bytes; None when one has been decoded already."""
    found = [dataset.get_item(keyword) for keyword in _SHARED]
    if not all(e is None or isinstance(e, RawDataElement) for e in found) or "AcquisitionDateTime" in dataset:
        return None
    return tuple(None if e is None else e.value for e in found)


def _radiopharmaceutical(dataset: Dataset) -> Dataset:
    items = dataset.get("RadiopharmaceuticalInformationSequence") or []
    if len(items) > 1:
        raise ImageError.must(
            name_of("RadiopharmaceuticalInformationSequence"), "hold one item", len(items),
            fix="Which injection the image shows must be stated by the site.",
        )  # fmt: skip
    return items[0] if len(items) else Dataset()
