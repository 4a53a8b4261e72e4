"""Compare a real-world-value-mapping object with the factor computed from the PET itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from calor.errors import ImageError
from calor.image.dicom_file import read_file
from calor.image.series import Series

TOLERANCE = 0.005
"""Relative difference from which a mapping is called wrong."""


@dataclass(frozen=True)
class MappingCheck:
    """What a mapping says and what the PET says.

    Attributes:
        file: Its name.
        stated: Its SUVbw slope; None when it maps no SUVbw.
        computed: The PET's own.
        problems: What is wrong, in words; empty when it agrees.
    """

    file: str
    stated: float | None
    computed: float
    problems: tuple[str, ...]


def compare_mapping(path: Path, pet: Series) -> MappingCheck:
    """Compare the body-weight slope of a mapping object with the PET's factor.

    Slopes apply to activity [Bq/mL], as the writers of such objects mean them.

    Raises:
        ImageError: The file holds no mapping.
    """
    dataset = read_file(path)
    if str(dataset.get("Modality")) != "RWV":
        raise ImageError.must(
            "file", "be a real-world-value mapping", dataset.get("Modality"), where=path.name, fix="Skip it."
        )
    computed = float(pet.suv_factor.per_slice.mean())
    slopes = [
        float(item.RealWorldValueSlope)
        for reference in dataset.get("ReferencedImageRealWorldValueMappingSequence") or []
        for item in reference.get("RealWorldValueMappingSequence") or []
        if "SUVbw" in str(item.MeasurementUnitsCodeSequence[0].CodeValue)
    ]
    if not slopes:
        return MappingCheck(path.name, None, computed, (f"{path.name} maps no body-weight SUV",))
    problems = tuple(
        f"{path.name} says SUVbw = {slope:.5g} x value, the PET {computed:.5g}: {_times(slope / computed)}"
        for slope in dict.fromkeys(slopes)
        if abs(slope / computed - 1) > TOLERANCE
    )
    return MappingCheck(path.name, slopes[0], computed, problems)


def _times(ratio: float) -> str:
    return f"{ratio:.3g} times too large" if ratio > 1 else f"{1 / ratio:.4g} times too small"
