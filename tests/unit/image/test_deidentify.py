"""De-identification: nothing of the person stays, and SUV is what it was."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
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


def test_what_tells_the_visit_or_links_two_scans_goes_too(series: list[Dataset]) -> None:
    """Elements that are no text and yet say who or when: PS3.15 table E.1-1 removes every one."""
    request = Dataset()
    request.ScheduledProcedureStepID, request.ReasonForTheRequestedProcedure = "7", "follow-up"
    one = series[0]
    one.ClinicalTrialTimePointID, one.LongitudinalTemporalOffsetFromEvent = "V15", 61.0
    one.PatientAge, one.PregnancyStatus, one.SmokingStatus, one.SoftwareVersions = "062Y", 4, "YES", "2024.1"
    one.DateOfLastCalibration, one.TimeOfLastCalibration = ["20241230", "20241231"], ["080000", "081500"]
    one.RequestAttributesSequence, one.IconImageSequence = [request], [copy.deepcopy(request)]
    one.add_new((0x6000, 0x3000), "OW", b"SMITH JOHN  ")
    one.add_new((0x0019, 0x1001), "UN", b"whatever")
    made = deidentify(series, code="AB0001", secret=b"k", shift=SHIFT)[0]
    for keyword in ("ClinicalTrialTimePointID", "LongitudinalTemporalOffsetFromEvent", "PatientAge", "PregnancyStatus",
                    "SmokingStatus", "SoftwareVersions", "RequestAttributesSequence", "IconImageSequence"):  # fmt: skip
        assert keyword not in made, keyword
    assert made.DateOfLastCalibration in ("", None)
    assert not any(tag.group in (0x0019, 0x6000) for tag in made.keys())  # noqa: SIM118
    assert set(pet_header(made).corrected) == set(pet_header(one).corrected)


def test_words_burned_into_the_picture_are_refused(series: list[Dataset]) -> None:
    series[1].BurnedInAnnotation = "YES"
    with pytest.raises(ImageError, match=r"Burned In Annotation \(0028,0301\)"):
        deidentify(series, code="AB0001", secret=b"k", shift=SHIFT)


def test_a_zone_is_taken_out_and_suv_stays(series: list[Dataset]) -> None:
    for one in series:
        one.TimezoneOffsetFromUTC, drug = "+0100", one.RadiopharmaceuticalInformationSequence[0]
        at = datetime.strptime(drug.RadiopharmaceuticalStartDateTime[:14], "%Y%m%d%H%M%S") - timedelta(hours=1)  # noqa: DTZ007
        drug.RadiopharmaceuticalStartDateTime = f"{at:%Y%m%d%H%M%S}+0000"
    made = deidentify(series, code="AB0001", secret=b"k", shift=SHIFT)
    assert "TimezoneOffsetFromUTC" not in made[0]
    before, after = (suv_factor([pet_header(d) for d in part]) for part in (series, made))
    assert (after.uptake_s, after.per_slice.tolist()) == (before.uptake_s, pytest.approx(before.per_slice.tolist()))


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
