"""De-identify a study so that SUV survives: all dates and times move together, and the factor is compared."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import UID

from calor.errors import ImageError
from calor.image.dicom_file import file_of
from calor.image.header_values import instant, moment, name_of
from calor.image.pet_header import GE_CREATOR, PHILIPS_CREATOR, SIEMENS_CREATOR, pet_header
from calor.image.suv_factor import suv_factor

KEPT_PRIVATE = {(0x0009, 0x0D): GE_CREATOR, (0x7053, 0x00): PHILIPS_CREATOR, (0x7053, 0x09): PHILIPS_CREATOR,
                (0x0071, 0x22): SIEMENS_CREATOR}  # fmt: skip
"""Private elements that SUV needs: they stay, whatever else of their makers goes."""

_PLAIN = {"CS", "DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "AT"}
"""Numbers and coded words, which stay; text, bytes and what is unknown go, unless named here."""
_KEPT = {
    "Manufacturer", "ManufacturerModelName", "Radiopharmaceutical", "ReconstructionMethod",
    "AttenuationCorrectionMethod", "ScatterCorrectionMethod", "CodeValue", "CodingSchemeDesignator", "CodeMeaning",
    "RandomsCorrectionMethod", "PositionReferenceIndicator", "ConvolutionKernel", "MappingResource", "SegmentLabel",
    "ROIName", "SpecificCharacterSet", "PixelData",
}  # fmt: skip
_OF_PATIENT = {"PatientSex", "PatientSize", "PatientWeight", "PatientBirthDate"}
_OF_VALUES = {"MeasurementUnitsCodeSequence", "RealWorldValueMappingSequence", "RealWorldValueIntercept",
              "RealWorldValueSlope", "RealWorldValueFirstValueMapped", "RealWorldValueLastValueMapped"}  # fmt: skip
_DROPPED_GROUPS = {0x0012, 0x0032, 0x0038, 0x0042, 0x0088, 0x0400, 0x4008, 0xFFFA}
"""Trial and its time points, request, admission, documents, icons, signatures and former values, interpretation."""
_KEPT_UIDS = {"SOPClassUID", "ReferencedSOPClassUID", "MediaStorageSOPClassUID", "TransferSyntaxUID", "CodingSchemeUID"}


def deidentify(datasets: Sequence[Dataset], *, code: str, secret: bytes, shift: timedelta) -> list[Dataset]:
    """Return copies of a series without identity, in which SUV is what it was.

    Numbers and codes of the image stay; of the patient only sex, height and weight. Text goes unless it says how the
    image was made, so do the trial's time points, requests and overlays; identifiers become others that stay linked to
    each other, private elements go except those that SUV needs, and every date and time, in every sequence, moves by
    the same shift.

    >>> from pydicom.dataset import Dataset
    >>> head = Dataset()
    >>> head.Modality, head.PatientName, head.SeriesDate, head.SeriesTime = "CT", "Doe^J", "20250102", "003000"
    >>> made = deidentify([head], code="AB0001", secret=b"key", shift=timedelta(days=-400, hours=-1))[0]
    >>> str(made.PatientName), made.SeriesDate, made.SeriesTime
    ('AB0001', '20231128', '233000.000000')

    Args:
        datasets: Every file of one series.
        code: Stands for the participant.
        secret: Keeps new identifiers from being guessed; the same for all files of a trial.
        shift: Moves every date and time of the participant.

    Raises:
        ImageError: Words are burned into the pictures, or the SUV factor or the uptake time is not the same afterwards.
    """
    for dataset in datasets:
        if dataset.get("BurnedInAnnotation") == "YES":
            raise ImageError.must(
                name_of("BurnedInAnnotation"), "be NO", "YES", where=file_of(dataset),
                fix="Words in a picture cannot be taken out: ask the site for images without.",
            )  # fmt: skip
    made = [_copy(d, code, secret, shift) for d in datasets]
    if datasets and datasets[0].get("Modality") == "PT":
        require_same_suv(datasets, made)
    return made


def require_same_suv(before: Sequence[Dataset], after: Sequence[Dataset]) -> None:
    """Refuse a de-identified PET series, whoever made it, whose SUV factor or uptake time is not what it was.

    Args:
        before: The series as it came.
        after: Its de-identified copy, in the same order.

    Raises:
        ImageError: The copy gives another factor, another uptake time, or none.
    """
    try:
        one = suv_factor([replace(pet_header(d), series_uid="", patient_id="") for d in before])
    except ImageError:
        return  # no SUV before, none to keep
    two = suv_factor([replace(pet_header(d), series_uid="", patient_id="") for d in after])
    same_uptake = (one.uptake_s is None) == (two.uptake_s is None) and (
        one.uptake_s is None or abs(one.uptake_s - (two.uptake_s or 0)) < 1
    )
    if not np.allclose(one.per_slice, two.per_slice, rtol=1e-9, atol=0) or not same_uptake:
        raise ImageError.must(
            "de-identified series", "have the SUV factor it had", f"{two.per_slice[0]:.6g} for {one.per_slice[0]:.6g}",
            fix="Do not use it; report the header that this came from.",
        )  # fmt: skip


def _copy(dataset: Dataset, code: str, secret: bytes, shift: timedelta) -> Dataset:
    made = Dataset()
    meta = getattr(dataset, "file_meta", None)
    if meta is not None:
        made.file_meta = meta.__class__()
        made.file_meta.TransferSyntaxUID = meta.TransferSyntaxUID
        made.file_meta.MediaStorageSOPClassUID = meta.MediaStorageSOPClassUID
        made.file_meta.MediaStorageSOPInstanceUID = UID(_uid(str(meta.MediaStorageSOPInstanceUID), secret))
    _fill(made, dataset, secret, _Move(shift, dataset.get("TimezoneOffsetFromUTC")))
    if "PatientName" in dataset or "PatientID" in dataset:
        made.PatientName, made.PatientID = code, code
    made.PatientIdentityRemoved = "YES"
    made.LongitudinalTemporalInformationModified = "MODIFIED"
    made.DeidentificationMethod = "Calor: PS3.15 E with all dates and times shifted together"
    return made


@dataclass(frozen=True)
class _Move:
    """By how much dates and times move, and the zone that they are in."""

    shift: timedelta
    zone: object


def _fill(made: Dataset, dataset: Dataset, secret: bytes, move: _Move) -> None:
    moved = _moved_times(dataset, move)
    for element in dataset:
        if element.tag.is_private:
            _private(made, dataset, element, move)
        elif _identifies(element):
            continue
        elif element.VR in {"DA", "TM", "DT"}:
            _set(made, element, moved.get(element.keyword, ""))
        elif element.VR == "SQ":
            items = []
            for item in element.value:
                part = Dataset()
                _fill(part, item, secret, move)
                items.append(part)
            _set(made, element, items)
        elif element.VR == "UI" and element.keyword not in _KEPT_UIDS:
            _set(made, element, _uids(element.value, secret))
        elif element.VR in _PLAIN | {"UI"} or element.keyword in _KEPT:
            _set(made, element, element.value)
        elif element.VR == "PN" or element.keyword in {"AccessionNumber", "StudyID"}:
            _set(made, element, "")  # emptied, since the standard wants the element


def _identifies(element: DataElement) -> bool:
    """Tell whether an element goes whatever it holds."""
    group, name = element.tag.group, element.keyword
    if group in (0x0010, 0x0040):
        return name not in _OF_PATIENT | _OF_VALUES
    return group in _DROPPED_GROUPS or 0x5000 <= group <= 0x50FF or 0x6000 <= group <= 0x60FF


def _moved_times(dataset: Dataset, move: _Move) -> dict[str, str]:
    """Shift each date with its time, each date-time, and each time without a date; lists of them are left out."""
    moved: dict[str, str] = {}
    for element in dataset:
        name = element.keyword
        if not name or not element.value or element.VM > 1 or name == "PatientBirthDate":
            continue
        if element.VR == "DT":
            at = instant(element.value, move.zone)
            moved[name] = (at + move.shift).strftime("%Y%m%d%H%M%S.%f") if at else ""
        elif element.VR == "DA":
            at = moment(element.value, dataset.get(name.removesuffix("Date") + "Time") or "000000")
            moved[name] = (at + move.shift).strftime("%Y%m%d") if at else ""
        elif element.VR == "TM":
            at = moment("20000103", element.value)  # any day
            moved[name] = (at + move.shift).strftime("%H%M%S.%f") if at else ""
    return moved


def _private(made: Dataset, dataset: Dataset, element: DataElement, move: _Move) -> None:
    block, low = element.tag.element >> 8, element.tag.element & 0xFF
    creator = str(dataset.get((element.tag.group, block), DataElement(0x00090010, "LO", "")).value).strip()
    wanted = KEPT_PRIVATE.get((element.tag.group, low))
    if not block or wanted is None or creator not in (wanted, ""):
        return
    value = element.value
    if element.tag.group in (0x0009, 0x0071):
        at = instant(value, move.zone)
        value = (at + move.shift).strftime("%Y%m%d%H%M%S.%f") if at else ""
    made.add_new((element.tag.group, 0x10), "LO", wanted)
    made.add_new((element.tag.group, (0x10 << 8) + low), element.VR, value)


def _set(made: Dataset, element: DataElement, value: object) -> None:
    made.add_new(element.tag, element.VR, value)


def _uids(value: object, secret: bytes) -> object:
    return [_uid(str(v), secret) for v in value] if isinstance(value, list) else _uid(str(value), secret)


def _uid(value: str, secret: bytes) -> str:
    """Return another identifier that only the secret relates to this one."""
    if not value:
        return ""
    return f"2.25.{int.from_bytes(hmac.new(secret, value.encode(), hashlib.sha256).digest()[:16], 'big')}"
