"""De-identification: nothing of the person stays, and SUV is what it was."""

from __future__ import annotations

import copy
from datetime import timedelta
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from calor.errors import ImageError
from calor.image.deidentify import deidentify, require_same_suv
from calor.image.header_values import moment
from calor.image.pet_header import pet_header
from calor.image.suv_factor import suv_factor

SHIFT = timedelta(days=-512, hours=5, minutes=17)


@pytest.fixture
def series(phantom_folder: Path) -> list[Dataset]:
    files = sorted((phantom_folder / "PT").iterdir())[:3]
    slices: list[Dataset] = [pydicom.dcmread(p) for p in files]
    for one in slices:
        one.PatientName, one.PatientID, one.PatientBirthDate = "Doe^Jane", "MRN 12345", "19501224"
        one.InstitutionName, one.OtherPatientIDs, one.StudyDescription = "St. Elsewhere", "98765", "Jane's scan"
        one.add_new((0x0009, 0x0010), "LO", "GEMS_PETD_01")
        one.add_new((0x0009, 0x100D), "DT", "20250101103000")
        one.add_new((0x0009, 0x1001), "LO", "Jane Doe")
    return slices


def test_nothing_of_the_person_is_left(series: list[Dataset]) -> None:
    for made in deidentify(series, code="AB0001", secret=b"k", shift=SHIFT):
        text = str(made)
        assert not any(word in text for word in ("Doe", "Jane", "12345", "98765", "Elsewhere", "1950", "20250101"))
        assert str(series[0].SeriesInstanceUID) not in text
        assert made.PatientIdentityRemoved == "YES"


def test_suv_and_uptake_are_what_they_were_and_files_stay_linked(series: list[Dataset]) -> None:
    made = deidentify(series, code="AB0001", secret=b"k", shift=SHIFT)
    before, after = (suv_factor([pet_header(d) for d in part]) for part in (series, made))
    assert after.per_slice == pytest.approx(before.per_slice, rel=1e-12)
    assert after.uptake_s == before.uptake_s
    assert len({d.SeriesInstanceUID for d in made}) == 1
    assert len({d.SOPInstanceUID for d in made}) == 3
    assert made[0][0x0009, 0x100D].value.startswith("20230808154700")


@pytest.mark.parametrize("left_behind", ["time of day", "date and time"])
def test_a_tool_that_leaves_the_injection_time_behind_is_caught(series: list[Dataset], left_behind: str) -> None:
    """As a common tool does: it moves the dates it knows, and leaves those of the injection in their sequence."""
    for one in series:
        drug = one.RadiopharmaceuticalInformationSequence[0]
        if left_behind == "time of day":
            del drug.RadiopharmaceuticalStartDateTime
    made = [copy.deepcopy(one) for one in series]
    for one in made:
        for kind in ("Series", "Acquisition"):
            at = moment(one[f"{kind}Date"].value, one[f"{kind}Time"].value)
            assert at is not None
            setattr(one, f"{kind}Date", (at + SHIFT).strftime("%Y%m%d"))
            setattr(one, f"{kind}Time", (at + SHIFT).strftime("%H%M%S.%f"))
    require_same_suv(series, [copy.deepcopy(one) for one in series])
    with pytest.raises(ImageError):
        require_same_suv(series, made)


def test_a_changed_weight_or_dose_is_caught(series: list[Dataset]) -> None:
    for spoil in ("PatientWeight", "RadionuclideTotalDose"):
        made = [copy.deepcopy(one) for one in series]
        for one in made:
            holder = one if spoil in one else one.RadiopharmaceuticalInformationSequence[0]
            setattr(holder, spoil, str(float(holder[spoil].value) * 1.01))
        with pytest.raises(ImageError, match="the SUV factor it had"):
            require_same_suv(series, made)
