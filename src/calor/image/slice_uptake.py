"""Uptake of a vessel, slice by slice, on the PET's own voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from calor.errors import ImageError
from calor.image.mask import Mask


@dataclass(frozen=True, eq=False)
class SliceUptake:
    """Uptake in each slice that holds the vessel, from the feet upwards.

    Attributes:
        vessel: Its name.
        index: Index of each slice in the series.
        z_mm: Position of each slice along the body axis [mm].
        voxels: Voxels of the vessel.
        suv_max: Highest SUV [g/mL].
        suv_mean: Mean SUV [g/mL].
    """

    vessel: str
    index: Int[np.ndarray, " slice"]
    z_mm: Float[np.ndarray, " slice"]
    voxels: Int[np.ndarray, " slice"]
    suv_max: Float[np.ndarray, " slice"]
    suv_mean: Float[np.ndarray, " slice"]

    def gaps(self) -> str:
        """Say how many slices between the vessel's ends are not drawn; empty where none."""
        between = int(np.ptp(self.index)) + 1
        if between == self.index.size:
            return ""
        return f"{self.vessel} is not drawn in {between - self.index.size} of {between} slices between its ends"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per slice."""
        return pd.DataFrame({"vessel": self.vessel, "slice": self.index, "z_mm": self.z_mm, "voxels": self.voxels,
                             "suv_max": self.suv_max, "suv_mean": self.suv_mean})  # fmt: skip


def slice_uptake(suv: Float[np.ndarray, "slice row column"], mask: Mask) -> SliceUptake:
    """Measure a vessel in every slice that holds it.

    >>> from calor.image.grid import Grid
    >>> grid = Grid(np.eye(4)[[2, 1, 0, 3]], (2, 2, 2))
    >>> uptake = slice_uptake(np.arange(8.0).reshape(2, 2, 2), Mask("aorta", grid, np.ones((2, 2, 2), bool)))
    >>> uptake.suv_max.tolist(), uptake.suv_mean.tolist()
    ([3.0, 7.0], [1.5, 5.5])

    Args:
        suv: SUV of every voxel [g/mL].
        mask: The vessel on the PET's grid.

    Raises:
        ImageError: The mask is empty or on another grid, the series is not axial, or a value is not finite.
    """
    if mask.voxels.shape != suv.shape:
        raise ImageError.must(
            "mask", f"be on the PET's grid {suv.shape}", mask.voxels.shape, fix="Move it there first."
        )
    if not mask.grid.is_axial:
        raise ImageError.must("PET", "be axial", "oblique slices", fix="Per-slice measures need axial slices.")
    index = np.flatnonzero(mask.voxels.any(axis=(1, 2)))
    if not index.size:
        raise ImageError.must("mask", "hold voxels", "none", where=mask.name, fix="Draw it, or leave it out.")
    z = mask.grid.slice_mm[index]
    order = np.argsort(z)
    values = [suv[i][mask.voxels[i]] for i in index[order]]
    if not all(np.isfinite(v).all() for v in values):
        raise ImageError.must("SUV", "be finite", "another", where=mask.name, fix="Check the series.")
    return SliceUptake(
        mask.name, index[order], z[order], np.array([v.size for v in values]),
        np.array([v.max() for v in values], float), np.array([v.mean(dtype=float) for v in values]),
    )  # fmt: skip
