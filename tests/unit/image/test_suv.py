"""SUV: which reference time counts, what a header must say, what is refused."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from calor.errors import ImageError
from calor.image.decay import mean_rate_time_s
from calor.image.header_values import clock, instant
from calor.image.pet_header import PetHeader, pet_header
from calor.image.suv import suv, suv_by
from calor.image.suv_factor import suv_factor

SCAN = datetime(2025, 1, 1, 11)  # noqa: DTZ001  (DICOM times have no zone)
GOOD = PetHeader(
    "BQML", "START", ("DECY", "ATTN"), SCAN, SCAN, half_life_s=6586.2, dose=3.5e8, injected_time=time(10),
    weight_kg=70.0, frame_s=300.0,
)  # fmt: skip
WANTED = 70_000 / (3.5e8 * 2 ** (-3600 / 6586.2))


def factor(**changes: Any) -> float:
    return float(suv_factor([replace(GOOD, **changes)]).per_slice[0])


def test_series_time_counts_when_it_does_not_lie_after_the_acquisition() -> None:
    assert factor() == pytest.approx(WANTED)
    assert factor(acquired_at=SCAN + timedelta(minutes=20)) == pytest.approx(WANTED)


def test_a_later_series_takes_the_private_scan_time() -> None:
    later = SCAN + timedelta(hours=2)
    assert factor(series_at=later, scanned_at=SCAN, acquired_at=SCAN + timedelta(minutes=3)) == pytest.approx(WANTED)


def test_a_later_series_is_counted_back_from_each_slice() -> None:
    later = SCAN + timedelta(hours=2)
    mean = mean_rate_time_s(300, 6586.2)
    slices = [
        replace(GOOD, series_at=later, acquired_at=SCAN + timedelta(seconds=s), frame_reference_s=s + mean)
        for s in (0.0, 300.0, 600.0)
    ]
    assert suv_factor(slices).per_slice == pytest.approx(np.full(3, WANTED), rel=1e-6)


def test_slices_that_count_back_to_different_times_are_refused() -> None:
    later = SCAN + timedelta(hours=2)
    slices = [replace(GOOD, series_at=later, frame_reference_s=s + 150.0) for s in (0.0, 300.0)]
    with pytest.raises(ImageError, match=r"times 300\.0 s apart"):
        suv_factor(slices)


def test_a_decay_factor_that_agrees_is_recorded_and_one_that_does_not_is_refused() -> None:
    telling = math.exp(math.log(2) / 6586.2 * (600 + mean_rate_time_s(300, 6586.2)))
    at = SCAN + timedelta(seconds=600)
    found = suv_factor([replace(GOOD, acquired_at=at, decay_factor=telling)])
    assert found.reference is not None
    assert found.reference.checked
    with pytest.raises(ImageError, match="agree with Decay Factor"):
        suv_factor([replace(GOOD, acquired_at=at, series_at=SCAN - timedelta(minutes=5), decay_factor=telling)])


def test_one_acquisition_time_for_all_beds_is_explained_by_the_beds_start() -> None:
    rate = math.log(2) / 6586.2
    beds = [
        replace(GOOD, frame_reference_s=s, decay_factor=math.exp(rate * (s + mean_rate_time_s(300, 6586.2))))
        for s in (0.0, 303.0, 606.0)
    ]
    assert suv_factor(beds).per_slice == pytest.approx(np.full(3, WANTED))


def test_activity_corrected_to_administration_is_not_decayed_again() -> None:
    assert factor(decay_correction="ADMIN") == pytest.approx(0.0002)


def test_uncorrected_slices_decay_to_their_own_mean_rate_time() -> None:
    slices = [
        replace(GOOD, decay_correction="NONE", corrected=("ATTN",), acquired_at=SCAN + timedelta(seconds=s))
        for s in (0, 300)
    ]
    early, late = suv_factor(slices).per_slice
    assert late / early == pytest.approx(2 ** (300 / 6586.2))
    with pytest.raises(ImageError, match="Frame Duration"):
        suv_factor([replace(slices[0], frame_s=None)])


def test_date_and_time_of_injection_are_used_over_days() -> None:
    zirconium = 282_276.0
    got = factor(injected_time=None, injected_at=SCAN - timedelta(days=3), half_life_s=zirconium)
    assert got == pytest.approx(70_000 / (3.5e8 * 2 ** (-3 * 86400 / zirconium)))


@pytest.mark.parametrize("kind", ["LBM", "LBMJAMES128", "LBMJANMA", "IBW", "BSA"])
@pytest.mark.parametrize("sex", ["M", "F"])
def test_every_other_suv_returns_to_body_weight(kind: str, sex: str) -> None:
    """The factor that takes a scanner's SUV of another kind back to body weight undoes the conversion to that kind."""
    other = suv_by(np.array([2.5]), kind, weight_kg=70, height_cm=175, sex=sex)
    units = {"units": "CM2ML"} if kind == "BSA" else {"units": "GML", "suv_type": kind}
    back = factor(**units, height_cm=175.0, sex=sex)
    assert back * other[0] == pytest.approx(2.5)
    assert other[0] != pytest.approx(2.5, rel=0.01)
    with pytest.raises(ImageError, match="kind"):
        suv_by(other, "LEAN", weight_kg=70, height_cm=175, sex=sex)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dose": None}, "Radionuclide Total Dose"),
        ({"dose": -3.5e8}, "Radionuclide Total Dose"),
        ({"dose": 10.0}, "Radionuclide Total Dose"),  # may be millicurie
        ({"dose": 350_000.0}, "Radionuclide Total Dose"),
        ({"half_life_s": None}, "Half Life"),
        ({"injected_time": None}, "injection time"),
        ({"injected_time": time(11, 20)}, "at most 12.0 h"),
        ({"injected_time": None, "injected_at": SCAN - timedelta(days=2)}, "at most 18.3 h"),
        ({"injected_at": SCAN - timedelta(minutes=60), "injected_time": time(9)}, "the same"),
        ({"series_at": None, "acquired_at": None}, "reference time"),
        ({"series_at": None}, r"Series Time \(0008,0031\) or Frame Reference Time"),
        ({"units": "CM2ML", "suv_type": "LBM", "height_cm": 175.0}, "SUV Type"),
        ({"series_at": SCAN - timedelta(days=400)}, "within a day"),
        ({"weight_kg": 700.0}, "weight_kg"),
        ({"slope": 0.0}, "Rescale Slope"),
        ({"decay_correction": ""}, "Decay Correction"),
        ({"decay_correction": "NONE"}, "exactly when"),
        ({"units": "GML", "suv_type": "LEAN"}, "SUV Type"),
        ({"units": "GML", "suv_type": "IBW", "height_cm": 175.0, "sex": ""}, "sex"),
        ({"units": "GML", "suv_type": "IBW", "height_cm": None, "sex": "M"}, "height_cm"),
        ({"units": "CM2ML", "height_cm": 0.0}, "height_cm"),
        ({"units": "CNTS", "philips_suv": -1.0}, "Philips"),
    ],
)
def test_a_doubtful_header_is_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ImageError, match=words):
        suv_factor([replace(GOOD, **changes)])


def test_no_header_value_gives_a_factor_that_is_not_finite() -> None:
    with pytest.raises(ImageError):
        suv(np.ones(2), weight_kg=70, injected_bq=math.nan, uptake_s=3600)


@pytest.mark.parametrize("text", ["2561", "9", "12:99:00", "noon"])
def test_a_time_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        clock(text)


def test_a_zone_in_a_date_time_counts_where_the_header_has_one() -> None:
    at = datetime(2025, 1, 1, 10, 0, 0, 500000)  # noqa: DTZ001
    assert instant("20250101100000.5+0100") == at  # the header's other times are taken to be of that zone
    assert instant("20250101100000.5+0100", "+0100") == at
    assert instant("20250101100000.5", "-0500") == at
    assert instant("20250102013000.5+0200", "-1330") == at
    with pytest.raises(ImageError, match="Timezone Offset"):
        instant("20250101100000+0100", "CET")


def test_an_injection_dated_in_another_zone_gives_the_same_suv() -> None:
    head = Dataset()
    head.Units, head.DecayCorrection, head.CorrectedImage, head.RescaleSlope = "BQML", "START", ["DECY", "ATTN"], 1
    head.SeriesDate = head.AcquisitionDate = "20250101"
    head.SeriesTime, head.AcquisitionTime, head.PatientWeight = "003000", "003000", 70
    head.TimezoneOffsetFromUTC, drug = "+0100", Dataset()
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = 3.5e8, 6586.2
    drug.RadiopharmaceuticalStartDateTime = "20241231223000+0000"
    head.RadiopharmaceuticalInformationSequence = [drug]
    assert suv_factor([pet_header(head)]).per_slice == pytest.approx([WANTED])
