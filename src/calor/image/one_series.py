"""What the slices of one PET series must share and say, checked once, before any SUV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from calor.errors import ImageError
from calor.image.header_values import name_of
from calor.image.pet_header import PetHeader

UNITS = ("BQML", "CNTS", "GML", "CM2ML")
_ELEMENT = {
    "units": "Units",
    "decay_correction": "DecayCorrection",
    "corrected": "CorrectedImage",
    "series_at": "SeriesTime",
    "half_life_s": "RadionuclideHalfLife",
    "dose": "RadionuclideTotalDose",
    "injected_at": "RadiopharmaceuticalStartDateTime",
    "injected_time": "RadiopharmaceuticalStartTime",
    "weight_kg": "PatientWeight",
    "height_cm": "PatientSize",
    "sex": "PatientSex",
    "suv_type": "SUVType",
    "series_uid": "SeriesInstanceUID",
    "patient_id": "PatientID",
}
"""Element of each value that all slices share."""


def one_series(headers: Sequence[PetHeader]) -> PetHeader:
    """Return what all slices share; a series in which anything else differs is mixed.

    Raises:
        ImageError: Slices differ in what they must share, or units, rescaling or corrections give no SUV.
    """
    if not headers:
        raise ImageError.must("series", "hold slices", "none", fix="Check the folder.")
    head = headers[0]
    shared = _shared(head)
    for other in headers[1:]:
        if _shared(other) != shared:
            differ = [name_of(e) for field, e in _ELEMENT.items() if getattr(head, field) != getattr(other, field)]
            got = f"another {', another '.join(differ)} than in {head.file or 'the first slice'}"
            raise ImageError.must("series", "be one", got, where=other.file, fix="Separate the series.")
    if head.units not in UNITS:
        raise _refused("Units", f"be one of {', '.join(UNITS)}", repr(head.units), head)
    for header in headers:
        if header.intercept != 0:
            raise _refused("RescaleIntercept", "be 0 in PET", header.intercept, header)
        if not (np.isfinite(header.slope) and header.slope > 0):
            raise _refused("RescaleSlope", "be positive", header.slope, header)
    timed = [h for h in headers if h.acquired_at is not None]
    if timed and len(timed) < len(headers):
        raise _refused("AcquisitionTime", "be in every slice or in none", "some", head)
    _corrections(head)
    return head


def _shared(header: PetHeader) -> PetHeader:
    """Return a header with what may differ between slices taken out."""
    return replace(
        header,
        acquired_at=None,
        frame_reference_s=None,
        decay_factor=None,
        slope=1.0,
        intercept=0.0,
        frame_s=None,
        philips_activity=None,
        philips_suv=None,
        scanned_at=None,
        file="",
    )


def _corrections(head: PetHeader) -> None:
    if "ATTN" not in head.corrected:
        raise _refused("CorrectedImage", "hold ATTN", list(head.corrected), head)
    if head.decay_correction not in ("START", "ADMIN", "NONE"):
        raise _refused("DecayCorrection", "be START, ADMIN or NONE", repr(head.decay_correction), head)
    if ("DECY" in head.corrected) == (head.decay_correction == "NONE"):
        rule = f"hold DECY exactly when {name_of('DecayCorrection')} is START or ADMIN"
        raise _refused("CorrectedImage", rule, f"{list(head.corrected)} with {head.decay_correction}", head)


def _refused(keyword: str, rule: str, got: object, header: PetHeader) -> ImageError:
    return ImageError.must(
        name_of(keyword), rule, got, where=header.file, fix="Use the series that the protocol names, or ask the site."
    )
