"""Adapters for the imaging cases: decay, normalization, SUV of scalars, vendor headers, reference objects."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calor.errors import ImageError
from calor.image.decay import decay_factor, mean_rate_time_s
from calor.image.dicom_file import read_file
from calor.image.header_values import clock, instant, moment
from calor.image.injection import injected_dose_bq
from calor.image.masks_nifti import read_nifti_mask
from calor.image.masks_rtstruct import read_rtstruct
from calor.image.normalization import MASSES, body_surface_area
from calor.image.pet_header import PetHeader
from calor.image.series import find_series, read_series
from calor.image.suv import suv_by
from calor.image.suv_factor import suv_factor
from tests.reference.registry import Case, adapter

CORRECTED = ("DECY", "ATTN", "SCAT", "NORM")
INJECTED = datetime(2025, 1, 1, 10)  # noqa: DTZ001  (DICOM times have no zone)
Given = Mapping[str, Any]


def near(got: float, want: Any, rel_tol: float, what: str) -> None:
    """Assert a relative difference: SUV factors are of the order 1e-4, where `close` is absolute."""
    assert abs(got - float(want)) <= rel_tol * abs(float(want)), f"{what}: got {got!r}, reference {want!r}"


def compare(case: Case, answer: Callable[[str], float]) -> None:
    """Compare everything that a case expects; what has no answer fails, and a refusal must be one."""
    expected, tolerance = case["expected"], float(case.get("rel_tol", 1e-6))
    if "refuse" in str(expected):
        with pytest.raises(ImageError):
            answer("suvbw")
        return
    assert expected, case["id"]
    for what, want in expected.items():
        near(answer(what), want, tolerance, f"{case['id']} {what}")


@adapter("imaging_suv_scalar", r"decay_.*")
def decay(case: Case) -> None:
    given = case["input"]
    half_life = given["half_life_s"]
    answers = {
        "decay_factor": lambda: decay_factor(given["elapsed_s"], half_life),
        "mean_rate_time_s": lambda: mean_rate_time_s(given["frame_duration_s"], half_life),
    }
    compare(case, lambda what: answers[what]())


@adapter("imaging_suv_scalar", r"norm_.*")
def norm(case: Case) -> None:
    given, name = case["input"], case["id"].lower()
    weight, height, sex = given.get("weight_kg"), _height_cm(given), str(given.get("sex", ""))[:1].upper()
    if "bsa" in name:
        compare(case, lambda _what: body_surface_area(weight, height))
        return
    kinds = (("janma", "LBMJANMA"), ("ibw", "IBW"), ("ideal", "IBW"), ("morgan", "LBM"), ("120", "LBM"))
    kind = next((kind for word, kind in kinds if word in name), "LBMJAMES128")
    compare(case, lambda _what: MASSES[kind](weight, height, sex))


@adapter("imaging_suv_scalar", r"suv_.*")
def scalar(case: Case) -> None:
    given = case["input"]

    def answer(what: str) -> float:
        header = _scalar_header(given)
        factor = suv_factor([header])
        late = header.injected_time and header.series_at and header.injected_time > header.series_at.time()
        across = late and header.injected_at is None and header.decay_correction != "ADMIN"
        if header.units == "BQML":  # what was corrected is told, and nothing else
            assert bool(factor.notes) == bool(across or injected_dose_bq(header)[1])
        return _suv_of(what, float(factor.per_slice[0]), given, header)

    compare(case, answer)


def _suv_of(what: str, factor: float, given: Given, header: PetHeader) -> float:
    if what in ("factor", "suvbw_factor"):
        return factor
    bw = factor * (given["activity_bqml"] if "activity_bqml" in given else given["stored"] * given["slope"])
    return bw if what == "suvbw" else _other(what, bw, header)


def _other(what: str, bw: float, header: PetHeader) -> float:
    """Return SUV of another kind: `suvlbm`, `suvlbmjanma`, `suvbsa`, `suvibw`, ..."""
    assert header.weight_kg is not None
    assert header.height_cm is not None
    kind, body = what.upper().removeprefix("SUV"), {"weight_kg": header.weight_kg, "height_cm": header.height_cm}
    return float(suv_by(np.array([bw]), kind, sex=header.sex, **body)[0])


def _height_cm(given: Given) -> float | None:
    size = given.get("height_m", given.get("PatientSize"))
    return given.get("height_cm", None if size is None else 100 * size)


def _when(text: Any) -> datetime | None:
    return instant(str(text).replace("T", "").replace("-", "", 2).replace(":", "")) if text else None


def _scalar_header(given: Given) -> PetHeader:
    """Make the header that a case describes, in its own words or in DICOM's keywords."""
    dated = _when(given.get("RadiopharmaceuticalStartDateTime"))
    only_time = clock(given.get("RadiopharmaceuticalStartTime"))
    injected = _when(given.get("injection")) or dated or INJECTED
    acquired = moment(given.get("AcquisitionDate"), given.get("AcquisitionTime"))
    series = _when(given.get("reference")) or moment(given.get("SeriesDate"), given.get("SeriesTime"))
    if series is None and acquired is None:
        elapsed = given.get("elapsed_s", given.get("acq_minus_admin_s", 3600))
        series = injected + timedelta(seconds=elapsed)
    decay_correction = given.get("decay_correction", given.get("DecayCorrection", "START"))
    return PetHeader(
        units=given.get("units", given.get("Units")),
        decay_correction=decay_correction,
        corrected=tuple(given.get("CorrectedImage", ("ATTN",) if decay_correction == "NONE" else CORRECTED)),
        series_at=series,
        acquired_at=acquired or series,
        half_life_s=given.get("half_life_s", given.get("RadionuclideHalfLife")),
        dose=given.get("dose_bq", given.get("dose_recorded", given.get("RadionuclideTotalDose"))),
        injected_at=dated or (None if only_time else injected),
        injected_time=only_time,
        weight_kg=given.get("weight_kg", given.get("PatientWeight")),
        height_cm=_height_cm(given),
        sex=given.get("sex", given.get("PatientSex", "")),
        suv_type=given.get("SUVType", ""),
        slope=given.get("slope", given.get("RescaleSlope", 1.0)),
        intercept=given.get("RescaleIntercept", 0.0),
        frame_s=given.get("frame_duration_s", _seconds(given.get("ActualFrameDuration"))),
        frame_reference_s=_seconds(given.get("FrameReferenceTime")),
        decay_factor=given.get("DecayFactor"),
        philips_suv=given.get("philips_7053_1000") or None,
        philips_activity=given.get("philips_7053_1009") or None,
    )


@adapter("imaging_suv_vendor_metadata", r".*")
def vendor(case: Case) -> None:
    headers = [_vendor_header(slice_) for slice_ in case["metadata"]]
    factors = suv_factor(headers).per_slice
    asked = [key for key in case if key.startswith("expected_suv")]
    assert asked, case["id"]
    for key in asked:
        what = key.removeprefix("expected_").removesuffix("_factor")
        for got, header in zip(factors.tolist(), headers, strict=True):
            value = got if what == "suvbw" else _other(what, got, header)
            near(value, case[key], 1e-9, f"{case['id']} {what}")


def _vendor_header(given: Given) -> PetHeader:
    philips = given.get("PhilipsPETPrivateGroup") or {}
    scanned = next((v for k, v in given.items() if "Private" in k and "Date" in k), None)
    corrected = given["CorrectedImage"]
    return PetHeader(
        units=given["Units"],
        decay_correction=given["DecayCorrection"],
        corrected=tuple(re.split(r"[\\,]", corrected) if isinstance(corrected, str) else corrected),
        series_at=moment(given.get("SeriesDate"), given.get("SeriesTime")),
        acquired_at=moment(given.get("AcquisitionDate"), given.get("AcquisitionTime")),
        half_life_s=given.get("RadionuclideHalfLife"),
        dose=given.get("RadionuclideTotalDose"),
        injected_at=instant(given.get("RadiopharmaceuticalStartDateTime")),
        injected_time=clock(given.get("RadiopharmaceuticalStartTime")),
        weight_kg=given.get("PatientWeight"),
        height_cm=_height_cm(given),
        sex=given.get("PatientSex") or "",
        suv_type=given.get("SUVType") or "",
        slope=given.get("RescaleSlope", 1.0),
        frame_reference_s=_seconds(given.get("FrameReferenceTime")),
        frame_s=_seconds(given.get("ActualFrameDuration")),
        decay_factor=given.get("DecayFactor"),
        philips_suv=float(philips.get("SUVScaleFactor") or 0) or None,
        philips_activity=float(philips.get("ActivityConcentrationScaleFactor") or 0) or None,
        scanned_at=instant(scanned),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else float(milliseconds) / 1000


STATISTICS: dict[str, Callable[[np.ndarray], Any]] = {
    "min": np.min,
    "median": np.median,
    "max": np.max,
    "mean": np.mean,
}


@adapter("imaging_suv_ibsi_dro", r"DRO_.*")
def reference_object(case: Case) -> None:
    folder = _object_folder(case["id"])
    (files,) = find_series(folder, "PT").values()
    series = read_series(files)
    suv = series.suv()
    nifti = read_nifti_mask(next(folder.rglob("*.nii*")), series.grid)
    (contours,) = [
        m for m in read_rtstruct(next((folder / "RS").glob("*.dcm")), series.grid).values() if m.voxels.any()
    ]
    tolerance = case.get("abs_tol", 0.005)
    for mask in (nifti.voxels, contours.voxels):
        for name, want in case["expected"].items():
            got = float(STATISTICS[name](suv[mask]))
            assert abs(got - want) <= tolerance, f"{case['id']} {name}: got {got}, reference {want}"


def _object_folder(name: str) -> Path:
    data = os.environ.get("CALOR_DATA")
    found = sorted(Path(data).glob(f"ibsi-suv-dro/**/{name}")) if data else []
    if not found:
        pytest.skip(f"{name} is not in CALOR_DATA")
    return found[0]


@adapter("imaging_suv_real", r".*")
def real_series(case: Case) -> None:
    """Compare the factor of a real series, where its folder is among the real data."""
    folder = Path(os.environ.get("CALOR_DATA") or "none") / str(case.get("path", "none"))
    expected = case.get("expected", case)
    stated = {k: v for k, v in expected.items() if "factor" in k and isinstance(v, float)} if expected else {}
    if not folder.is_dir() or not stated:
        pytest.skip(f"{case['id']}: no series in CALOR_DATA, or no factor stated")
    (files,) = [f for f in find_series(folder, "PT").values() if "ATTN" in read_file(f[0]).CorrectedImage]
    for what, want in stated.items():
        for got in read_series(files).suv_factor.per_slice.tolist():
            near(got, want, float(case.get("rel_tol", 1e-5)), f"{case['id']} {what}")
