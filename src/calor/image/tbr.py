"""Target-to-background ratio: a vessel's SUV over the blood pool's, per slice and per vessel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float

from calor.errors import ImageError
from calor.image.most_diseased_segment import DiseasedSegment, most_diseased_segment
from calor.image.slice_uptake import SliceUptake
from calor.protocol.imaging import Imaging


@dataclass(frozen=True, eq=False)
class VesselTbr:
    """One vessel of one scan.

    Attributes:
        uptake: SUV per slice.
        background: SUV of the blood pool [g/mL].
        tbr_max: SUVmax over background, per slice.
        tbr_mean: SUVmean over background, per slice.
        active: Which slices are active.
        segment: The most diseased segment.
        definition: The protocol's definitions.
    """

    uptake: SliceUptake
    background: float
    tbr_max: Float[np.ndarray, " slice"]
    tbr_mean: Float[np.ndarray, " slice"]
    active: Bool[np.ndarray, " slice"]
    segment: DiseasedSegment
    definition: Imaging

    @property
    def mean_tbr_max(self) -> float:
        """Mean over the vessel's slices of TBRmax."""
        return float(self.tbr_max.mean())

    @property
    def whole_tbr_mean(self) -> float:
        """Mean SUV of the whole vessel's voxels over background."""
        return float(np.average(self.uptake.suv_mean, weights=self.uptake.voxels) / self.background)

    def __str__(self) -> str:
        share = 100 * self.active.mean()
        return (
            f"{self.uptake.vessel}: mean TBRmax {self.mean_tbr_max:.3f}, highest {self.tbr_max.max():.3f}, "
            f"most diseased segment {self.segment.mean:.3f}, {self.active.sum()} of {self.active.size} slices active "
            f"({share:.0f} %); "
            f"{self.definition}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per slice."""
        columns = {"tbr_max": self.tbr_max, "tbr_mean": self.tbr_mean, "active": self.active}
        return self.uptake.to_frame().assign(background=self.background, **columns)

    def measures(self) -> dict[str, float]:
        """Return the vessel's measures by name."""
        return {
            "slices": float(self.active.size),
            "length_mm": _length(self.uptake.z_mm),
            "mean_tbr_max": self.mean_tbr_max,
            "max_tbr_max": float(self.tbr_max.max()),
            "mds_tbr_max": self.segment.mean,
            "active_slices": float(self.active.sum()),
            "active_percent": float(100 * self.active.mean()),
            "whole_tbr_mean": self.whole_tbr_mean,
            "suv_max": float(self.uptake.suv_max.max()),
            "background_suv": self.background,
        }


def tbr(suv: Float[np.ndarray, " slice"], background_suv: float) -> Float[np.ndarray, " slice"]:
    """Divide uptake by the blood pool's.

    >>> tbr(np.array([1.8, 3.6]), 1.5).round(4).tolist()
    [1.2, 2.4]

    Raises:
        ImageError: The background is not positive, or an SUV is not finite.
    """
    if not np.isfinite(background_suv) or background_suv <= 0:
        raise ImageError.must("background_suv", "be positive", background_suv, fix="Measure the blood pool again.")
    if not np.isfinite(suv).all():
        raise ImageError.must("suv", "be finite", "another", fix="Measure the vessel again.")
    return np.asarray(suv / background_suv)


def vessel_tbr(uptake: SliceUptake, background_suv: float, definition: Imaging) -> VesselTbr:
    """Measure one vessel.

    Args:
        uptake: SUV per slice.
        background_suv: SUV of the blood pool [g/mL].
        definition: The protocol's definitions.

    Raises:
        ImageError: The background is not positive, or the vessel is shorter than the window.
    """
    highest = tbr(uptake.suv_max, background_suv)
    active = np.array([definition.is_active(value) for value in highest.tolist()])
    return VesselTbr(
        uptake, background_suv, highest, tbr(uptake.suv_mean, background_suv), active,
        most_diseased_segment(highest, definition.segment), definition,
    )  # fmt: skip


def _length(z_mm: Float[np.ndarray, " slice"]) -> float:
    """Return the length along the body axis, from the lower face of the first slice to the upper of the last [mm]."""
    step = float(np.diff(z_mm).min()) if z_mm.size > 1 else 0.0
    return float(z_mm[-1] - z_mm[0] + step)
