"""Region growing from a seed, only where contrast allows: without contrast it leaks through neighbouring organs."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk  # noqa: N813  (its own convention)

from calor.errors import ImageError
from calor.image.mask import Mask
from calor.image.series import Series

LEAST_CONTRAST_HU = 150.0
LARGEST_ML = 400.0


def grow(
    ct: Series,
    seed_mm: tuple[float, float, float],
    name: str,
    *,
    below_hu: float = 80.0,
    largest_ml: float = LARGEST_ML,
) -> Mask:
    """Grow a contrast-filled lumen from a seed.

    Args:
        ct: A CT with contrast.
        seed_mm: Patient coordinates of the seed.
        name: The vessel.
        below_hu: How far below the seed's neighbourhood a voxel may lie [HU].
        largest_ml: Volume from which the growth counts as a leak.

    Raises:
        ImageError: The seed lies outside the CT, or in no contrast, or the region leaks.
    """
    index = np.rint(ct.grid.to_index(np.array([seed_mm], float))[0]).astype(int)
    if ((index < 1) | (index >= np.array(ct.grid.shape) - 1)).any():
        raise _refused("seed", "lie within the CT", seed_mm)
    box = tuple(slice(int(i) - 1, int(i) + 2) for i in index)
    near = float(ct.values((box[0], box[1], box[2])).mean())
    if near < LEAST_CONTRAST_HU:
        raise _refused("lumen", f"hold contrast, at least {LEAST_CONTRAST_HU:g} HU", f"{near:.0f} HU")
    image = sitk.GetImageFromArray(ct.values())
    seed = [int(i) for i in index[::-1]]
    grown = sitk.GetArrayFromImage(
        sitk.ConnectedThreshold(image, [seed], lower=near - below_hu, upper=near + 3 * below_hu)  # type: ignore[no-untyped-call]
    )
    mask = Mask(name, ct.grid, grown.astype(bool))
    if mask.volume_ml > largest_ml:
        raise _refused("region", f"stay below {largest_ml:g} mL", f"{mask.volume_ml:.0f} mL: it leaked")
    return mask


def _refused(what: str, rule: str, got: object) -> ImageError:
    return ImageError.must(what, rule, got, fix="Trace the vessel with seeds and cross-sections instead.")
