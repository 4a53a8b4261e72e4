"""How this trial measures vessels on PET/CT: every choice that changes a TBR."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from calor.protocol.biomarkers import COMPARE
from calor.protocol.value import Identifier, Text, Value

EPSILON = 1e-9
"""What `>=` forgives: 2.4 / 1.5 is 1.5999999999999999 in binary and counts as 1.6."""


def in_words(vessel: str) -> str:
    """Return a vessel's name as a sentence says it.

    >>> in_words("carotid_right"), in_words("svc"), in_words("ascending_aorta")
    ('right carotid', 'superior vena cava', 'ascending aorta')
    """
    if vessel == "svc":
        return "superior vena cava"
    name, _, side = vessel.rpartition("_")
    return (f"{side} {name}" if name and side in ("left", "right") else vessel).replace("_", " ")


class Background(Value):
    """The blood pool that every SUV is divided by, and what tells a region of blood from one that is not.

    Attributes:
        vessel: The region: superior vena cava, jugular vein.
        rule: Mean of the slices' means, or mean of all voxels.
        hu: Lowest and highest mean Hounsfield units of blood without contrast; None leaves CT out.
        hu_sd: Highest standard deviation of Hounsfield units.
        least_ml: Smallest volume [mL].
        edge_mm: Least distance to the lumen's edge, by which a whole-lumen mask is eroded [mm].
        cv_percent: Highest coefficient of variation of the slices' means.
    """

    vessel: Identifier = "svc"
    rule: Literal["mean_of_slice_means", "mean_of_voxels"] = "mean_of_slice_means"
    hu: tuple[float, float] | None = (20.0, 80.0)
    hu_sd: float = Field(default=40.0, gt=0)
    least_ml: float = Field(default=0.5, ge=0)
    edge_mm: float = Field(default=0.0, ge=0)
    cv_percent: float = Field(default=10.0, gt=0)


class Segment(Value):
    """The most diseased segment.

    Attributes:
        slices: Length of the window; odd when it is centered on the peak.
        rule: Window around the slice of highest TBRmax, or the window of highest mean.
        at_end: What a window around a peak at the vessel's end does: lose its slices beyond, or move inwards.
    """

    slices: int = Field(default=3, ge=1)
    rule: Literal["peak", "best"] = "peak"
    at_end: Literal["truncate", "shift"] = "truncate"

    @model_validator(mode="after")
    def _odd_around_a_peak(self) -> Segment:
        if self.rule == "peak" and self.slices % 2 == 0:
            raise ValueError("slices must be odd around a peak")
        return self


class Imaging(Value):
    """Measurement of vessels on PET/CT.

    Attributes:
        vessels: Vessels that are measured; the first of equals is the index vessel.
        active_threshold: TBRmax from which a slice is active.
        active_comparator: How the threshold is compared; `>=` forgives 1e-9.
        uptake_minutes: Shortest and longest time from injection to scan.
        uptake_partner_minutes: Longest difference in uptake between a participant's scans.
        reader_limit: Difference in mean TBRmax between two readers from which a third adjudicates.
        source: Where the definitions are published.
    """

    vessels: tuple[Identifier, ...] = Field(min_length=1)
    background: Background = Background()
    segment: Segment = Segment()
    active_threshold: float = Field(default=2.0, gt=0)
    active_comparator: Literal[">=", ">"] = ">="
    uptake_minutes: tuple[float, float] = (45.0, 240.0)
    uptake_partner_minutes: float = Field(default=15.0, gt=0)
    reader_limit: float = Field(default=0.2, gt=0)
    source: Text | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Imaging:
        if len(set(self.vessels)) != len(self.vessels) or self.background.vessel in self.vessels:
            raise ValueError("vessels must be unique and none of them the background")
        if not 0 < self.uptake_minutes[0] < self.uptake_minutes[1]:
            raise ValueError("uptake_minutes must increase")
        return self

    def is_active(self, tbr_max: float) -> bool:
        """Tell whether a slice of this TBRmax is active.

        >>> Imaging(vessels=("aorta",), active_threshold=1.6).is_active(2.4 / 1.5)
        True
        """
        forgiven = EPSILON if self.active_comparator == ">=" else -EPSILON
        return COMPARE[self.active_comparator](tbr_max + forgiven, self.active_threshold)

    def __str__(self) -> str:
        window = f"{self.segment.slices} slices " + (
            "around the peak" if self.segment.rule == "peak" else "of highest mean"
        )
        if self.segment.rule == "peak":
            window += (
                ", cut at the vessel's end" if self.segment.at_end == "truncate" else ", moved in from the vessel's end"
            )
        pool = "mean of slice means" if self.background.rule == "mean_of_slice_means" else "mean of voxels"
        low, high = self.uptake_minutes
        return (
            f"TBR over {in_words(self.background.vessel)} ({pool}); active slices TBRmax {self.active_comparator} "
            f"{self.active_threshold:g}; most diseased segment {window}; uptake {low:g} to {high:g} min"
        )
