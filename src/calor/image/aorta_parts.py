"""A whole aorta's mask taken apart: ascending in front, descending behind, and the arch where the two are one."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import center_of_mass, label

from calor.errors import ImageError
from calor.image.mask import Mask

PARTS = ("ascending_aorta", "aortic_arch", "descending_aorta")


def aorta_parts(aorta: Mask) -> dict[str, Mask]:
    """Take an aorta apart slice by slice, from the top.

    Slices from the top down in which it is one region are the arch; from where it falls into two, the front one is
    the ascending and the other the descending aorta; below the ascending aorta's root all is descending.

    Args:
        aorta: The whole, on an axial grid.

    Returns:
        The three parts by name.

    Raises:
        ImageError: The grid is not axial, or the aorta never falls into two: it is not whole, or it is tortuous.
    """
    grid = aorta.grid
    if not grid.is_axial:
        raise _refused("lie on an axial grid", "oblique slices")
    parts = {name: np.zeros(grid.shape, bool) for name in PARTS}
    below_arch = False
    for at in np.argsort(-grid.slice_mm):
        regions, count = label(aorta.voxels[at])
        if count == 2:
            below_arch = True
            rows = np.array(center_of_mass(regions > 0, regions, [1, 2]))
            centers = grid.to_patient(np.column_stack([np.full(2, float(at)), rows]))
            front = 1 + int(centers[:, 1].argmin())
            parts["ascending_aorta"][at], parts["descending_aorta"][at] = regions == front, regions == 3 - front
        elif count:
            parts["descending_aorta" if below_arch else "aortic_arch"][at] = aorta.voxels[at]
    if not all(part.any() for part in parts.values()):
        raise _refused("be one region at the top and two below", "another shape")
    return {name: Mask(name, grid, voxels) for name, voxels in parts.items()}


def _refused(rule: str, got: str) -> ImageError:
    return ImageError.must("aorta", rule, got, fix="Draw ascending aorta and arch as regions of their own.")
