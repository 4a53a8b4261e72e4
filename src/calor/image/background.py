"""The blood pool: what SUV is divided by, and the checks that it is blood at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import distance_transform_edt

from calor.errors import ImageError
from calor.image.mask import Mask
from calor.image.series import Series
from calor.image.slice_uptake import SliceUptake, slice_uptake
from calor.protocol.imaging import Background


@dataclass(frozen=True, eq=False)
class BloodPool:
    """The background of one scan.

    Attributes:
        vessel: Its name.
        suv: SUV that everything is divided by [g/mL].
        cv_percent: Variation of the slices' means.
        slices: Slices used.
        volume_ml: Volume used [mL].
        hu_mean: Mean Hounsfield units; None without CT.
        warnings: What somebody should look at.
    """

    vessel: str
    suv: float
    cv_percent: float
    slices: int
    volume_ml: float
    hu_mean: float | None = None
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        hu = "" if self.hu_mean is None else f", {self.hu_mean:.0f} HU"
        size = f"{self.slices} slices, {self.volume_ml:.1f} mL, CV {self.cv_percent:.1f} %{hu}"
        text = f"{self.vessel}: SUV {self.suv:.3f} ({size})"
        return "; ".join((text, *self.warnings))


def pooled(
    means: Float[np.ndarray, " slice"], rule: Background, voxels: Float[np.ndarray, " slice"] | None = None
) -> float:
    """Pool the slices' mean SUV into one background.

    >>> round(pooled(np.array([1.42, 1.50, 1.46, 1.54]), Background()), 4)
    1.48

    Args:
        means: Mean SUV of each slice [g/mL].
        rule: The protocol's.
        voxels: Voxels in each slice; needed for the mean of voxels.

    Raises:
        ImageError: A mean is not positive, or voxels are missing.
    """
    if not means.size or not (np.isfinite(means) & (means > 0)).all():
        raise ImageError.must(
            "background SUV", "be positive in every slice", means.tolist(), fix="Move the region into blood."
        )
    if rule.rule == "mean_of_slice_means":
        return float(means.mean())
    if voxels is None:
        raise ImageError.must("voxels", "be given for the mean of voxels", None, fix="Count them.")
    return float(np.average(means, weights=voxels))


def variation(means: Float[np.ndarray, " slice"]) -> float:
    """Return the coefficient of variation of the slices' means [%]; 0 for one slice.

    >>> round(variation(np.array([1.42, 1.50, 1.46, 1.54])), 2)
    3.49
    """
    return 0.0 if means.size < 2 else float(100 * means.std(ddof=1) / means.mean())


def blood_pool(
    suv: Float[np.ndarray, "slice row column"], mask: Mask, rule: Background, ct: Series | None = None
) -> BloodPool:
    """Measure the background and check that it is blood.

    A circle that lay in lung once gave believable TBRs; Hounsfield units tell lung (-700) from blood (35 to 60).

    Args:
        suv: SUV of every voxel [g/mL].
        mask: The background region on the PET's grid.
        rule: The protocol's rule and limits.
        ct: The CT of the same study; needed when the rule has Hounsfield units.

    Raises:
        ImageError: The region is not blood by its Hounsfield units, too small, or lost by erosion; or there
            is no CT.
    """
    used = eroded(mask, rule.edge_mm)
    if used.volume_ml < rule.least_ml:
        raise _refused(mask, f"hold at least {rule.least_ml:g} mL", f"{used.volume_ml:.2f} mL")
    uptake: SliceUptake = slice_uptake(suv, used)
    warned = []
    cv = variation(uptake.suv_mean)
    if cv > rule.cv_percent:
        warned.append(f"SUV varies by {cv:.1f} % between slices of {mask.name}, above {rule.cv_percent:g} %")
    if len(uptake.index) < 3:
        warned.append(f"{mask.name} has only {len(uptake.index)} slices")
    hu = None if rule.hu is None else _blood(used, rule.hu, rule.hu_sd, ct)
    value = pooled(uptake.suv_mean, rule, uptake.voxels.astype(float))
    return BloodPool(mask.name, value, cv, len(uptake.index), used.volume_ml, hu, tuple(warned))


def eroded(mask: Mask, edge_mm: float) -> Mask:
    """Keep the voxels farther than a distance from the edge, within each slice.

    >>> from calor.image.grid import Grid
    >>> mask = Mask("svc", Grid(np.eye(4), (1, 5, 5)), np.ones((1, 5, 5), bool))
    >>> eroded(mask, 1.5).voxels.sum()
    np.int64(9)

    Raises:
        ImageError: Nothing is left.
    """
    if edge_mm == 0:
        return mask
    spacing = mask.grid.spacing_mm[1:]
    depth = np.stack([distance_transform_edt(np.pad(s, 1), spacing)[1:-1, 1:-1] for s in mask.voxels])
    kept = depth > edge_mm
    if not kept.any():
        raise _refused(mask, f"be wider than twice {edge_mm:g} mm", "nothing after erosion")
    return Mask(mask.name, mask.grid, kept)


def _blood(mask: Mask, limits: tuple[float, float], highest_sd: float, ct: Series | None) -> float:
    if ct is None:
        raise ImageError.must("background", "be checked on CT", "no CT in the study", where=mask.name,
                              fix="Add the CT that was taken with the PET.")  # fmt: skip
    values = hounsfield(mask, ct)
    mean, sd = float(values.mean()), float(values.std())
    if not limits[0] <= mean <= limits[1] or sd > highest_sd:
        raise _refused(
            mask, f"be blood: {limits[0]:g} to {limits[1]:g} HU, SD up to {highest_sd:g}", f"{mean:.0f} HU, SD {sd:.0f}"
        )
    return mean


def hounsfield(mask: Mask, ct: Series) -> Float[np.ndarray, " voxel"]:
    """Return the CT's values at the centers of a mask's voxels [HU]; those outside the CT are left out.

    Raises:
        ImageError: None of the mask lies in the CT.
    """
    centers = mask.grid.to_patient(np.argwhere(mask.voxels).astype(float))
    index = np.rint(ct.grid.to_index(centers)).astype(int)
    index = index[((index >= 0) & (index < ct.grid.shape)).all(axis=1)]
    if not len(index):
        raise _refused(mask, "lie within the CT", "nothing of it")
    at, row, column = index.T
    return np.asarray(ct.stored[at, row, column] * ct.slope[at] + ct.intercept[at])


def _refused(mask: Mask, rule: str, got: str) -> ImageError:
    return ImageError.must("background", rule, got, where=mask.name, fix="Move the region into blood and read again.")
