"""Adapters for the imaging cases: decay, normalization, SUV of scalars, vendor headers, reference objects."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calor.image.decay import decay_factor
from calor.image.header_values import clock, instant, moment
from calor.image.masks_nifti import read_nifti_mask
from calor.image.masks_rtstruct import read_rtstruct
from calor.image.normalization import (
    MASSES,
    body_surface_area,
    lean_body_mass_james,
    lean_body_mass_janmahasatian,
)
from calor.image.pet_header import PetHeader
from calor.image.series import find_series, read_series
from calor.image.suv_factor import suv_factor
from tests.reference.registry import Case, adapter

INJECTED = datetime(2025, 1, 1, 10)  # noqa: DTZ001  (DICOM times have no zone)
CORRECTED = ("DECY", "ATTN", "SCAT", "NORM")


def near(got: float, want: Any, rel_tol: float, what: str) -> None:
    """Assert a relative difference: SUV factors are of the order 1e-4, where `close` is absolute."""
    assert abs(got - float(want)) <= rel_tol * abs(float(want)), f"{what}: got {got!r}, reference {want!r}"


@adapter("imaging_suv_scalar", r"decay_.*")
def decay(case: Case) -> None:
    given = case["input"]
    got = decay_factor(given["elapsed_s"], given["half_life_s"])
    near(got, case["expected"]["decay_factor"], case["rel_tol"], case["id"])


@adapter("imaging_suv_scalar", r"norm_.*")
def norm(case: Case) -> None:
    given, expected, name = case["input"], case["expected"], case["id"]
    weight, height, sex = given["weight_kg"], given["height_cm"], given.get("sex", "")
    if "bsa" in name:
        got, want = body_surface_area(weight, height), expected["m2"]
    elif "janma" in name:
        got, want = lean_body_mass_janmahasatian(weight, height, sex), expected["kg"]
    elif "ibw" in name:
        got, want = MASSES["IBW"](weight, height, sex), expected["kg"]
    elif "morgan" in name or "james120" in name:
        got, want = MASSES["LBM"](weight, height, sex), expected["kg"]
    else:
        got, want = lean_body_mass_james(weight, height, sex), expected["kg"]
    near(got, want, case["rel_tol"], name)


@adapter("imaging_suv_scalar", r"suv_.*")
def scalar(case: Case) -> None:
    given, expected = case["input"], case["expected"]
    factor = suv_factor([_scalar_header(given)])
    value = given["activity_bqml"] if "activity_bqml" in given else given["stored"] * given["slope"]
    near(float(factor.per_slice[0]) * value, expected["suvbw"], case["rel_tol"], "suvbw")
    if "factor" in expected:
        near(float(factor.per_slice[0]), expected["factor"], case["rel_tol"], "factor")
    assert bool(factor.notes) == ("dose_recorded" in given or "midnight" in case["id"])


def _scalar_header(given: dict[str, Any]) -> PetHeader:
    injected = instant(given.get("injection") and given["injection"].replace("T", "")) or INJECTED
    reference = instant(given.get("reference") and given["reference"].replace("T", ""))
    reference = reference or moment(given.get("SeriesDate"), given.get("SeriesTime"))
    elapsed = given.get("elapsed_s", given.get("acq_minus_admin_s", 3600))
    acquired = reference or injected + timedelta(seconds=elapsed)
    only_time = clock(given.get("RadiopharmaceuticalStartTime"))
    dated = instant(given.get("RadiopharmaceuticalStartDateTime"))
    decay_correction = given.get("decay_correction", "START")
    return PetHeader(
        units=given["units"],
        decay_correction=decay_correction,
        corrected=("ATTN",) if decay_correction == "NONE" else CORRECTED,
        series_at=acquired,
        acquired_at=acquired,
        half_life_s=given.get("half_life_s"),
        dose=given.get("dose_bq", given.get("dose_recorded")),
        injected_at=dated or (None if only_time else injected),
        injected_time=only_time,
        weight_kg=given.get("weight_kg"),
        height_cm=given.get("height_cm"),
        sex=given.get("sex", given.get("PatientSex", "")),
        suv_type=given.get("SUVType", ""),
        slope=given.get("slope", 1.0),
        frame_s=given.get("frame_duration_s"),
        philips_suv=given.get("philips_7053_1000") or None,
        philips_activity=given.get("philips_7053_1009") or None,
    )


@adapter("imaging_suv_vendor_metadata", r".*")
def vendor(case: Case) -> None:
    headers = [_vendor_header(slice_) for slice_ in case["metadata"]]
    for got in suv_factor(headers).per_slice:
        near(float(got), case["expected_suvbw_factor"], 1e-9, case["id"])


def _vendor_header(given: dict[str, Any]) -> PetHeader:
    philips = given.get("PhilipsPETPrivateGroup") or {}
    size = given.get("PatientSize")
    return PetHeader(
        units=given["Units"],
        decay_correction=given["DecayCorrection"],
        corrected=tuple(given["CorrectedImage"]),
        series_at=moment(given.get("SeriesDate"), given.get("SeriesTime")),
        acquired_at=moment(given.get("AcquisitionDate"), given.get("AcquisitionTime")),
        half_life_s=given.get("RadionuclideHalfLife"),
        dose=given.get("RadionuclideTotalDose"),
        injected_at=instant(given.get("RadiopharmaceuticalStartDateTime")),
        injected_time=clock(given.get("RadiopharmaceuticalStartTime")),
        weight_kg=given.get("PatientWeight"),
        height_cm=size and 100 * size,
        sex=given.get("PatientSex", ""),
        frame_reference_s=_seconds(given.get("FrameReferenceTime")),
        frame_s=_seconds(given.get("ActualFrameDuration")),
        philips_suv=float(philips.get("SUVScaleFactor") or 0) or None,
        philips_activity=float(philips.get("ActivityConcentrationScaleFactor") or 0) or None,
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


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
        values = suv[mask]
        for name, got in (("min", values.min()), ("median", np.median(values)), ("max", values.max())):
            want = case["expected"][name]
            assert abs(float(got) - want) <= tolerance, f"{case['id']} {name}: got {got}, reference {want}"


def _object_folder(name: str) -> Path:
    data = os.environ.get("CALOR_DATA")
    found = sorted(Path(data).glob(f"ibsi-suv-dro/**/{name}")) if data else []
    if not found:
        pytest.skip(f"{name} is not in CALOR_DATA")
    return found[0]
