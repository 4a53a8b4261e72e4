"""A mask from NIfTI, its affine checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from calor.errors import ImageError
from calor.image.grid import Grid
from calor.image.mask import Mask, move

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
LARGEST_VOXELS = 2**27
"""A whole-body CT of 512 x 512 x 512; what a small .gz may claim beyond that is refused before it is unpacked."""


def read_nifti_mask(path: Path, grid: Grid, *, label: int | None = None, name: str = "") -> Mask:
    """Read a mask and move it to a series' grid.

    Args:
        path: A .nii or .nii.gz file.
        grid: The series' grid.
        label: The value that belongs to it; any but 0 when None.
        name: Vessel or region; the file's name when empty.

    Raises:
        ImageError: It is no volume, its two affines contradict each other or are missing, its values are no labels,
            or it does not lie on the grid.
    """
    try:
        image: Any = nib.load(path)
        affine, header, shape = np.array(image.affine, dtype=np.float64), image.header, image.shape
    except Exception as error:  # a damaged file may raise anything
        raise _refused(path, "be a NIfTI volume", type(error).__name__) from error
    if len(shape) != 3 or int(np.prod(shape)) > LARGEST_VOXELS:
        raise _refused(path, "have three dimensions of sensible size", shape)
    _check_affine(path, header)
    try:
        values = np.asarray(image.dataobj)
    except Exception as error:  # a damaged file may raise anything
        raise _refused(path, "be a whole NIfTI volume", type(error).__name__) from error
    if not np.issubdtype(values.dtype, np.integer) and not np.array_equal(values, np.rint(values)):
        raise _refused(path, "hold labels", "fractions")
    voxels = values == label if label is not None else values != 0
    lps = _RAS_TO_LPS @ affine
    swapped = lps[:, [2, 1, 0, 3]]  # NIfTI counts column, row, slice; a grid counts slice, row, column
    own = Grid(swapped, (shape[2], shape[1], shape[0]))
    return move(Mask(name or path.name.split(".")[0], own, np.ascontiguousarray(voxels.transpose(2, 1, 0))), grid)


def write_nifti_mask(mask: Mask, path: Path) -> None:
    """Write a mask as NIfTI on its own grid.

    Args:
        mask: The mask.
        path: A .nii or .nii.gz file.
    """
    affine = _RAS_TO_LPS @ mask.grid.affine[:, [2, 1, 0, 3]]
    voxels = np.ascontiguousarray(mask.voxels.transpose(2, 1, 0).astype(np.uint8))
    nib.save(nib.Nifti1Image(voxels, affine), path)  # type: ignore[no-untyped-call]


def _check_affine(path: Path, header: Any) -> None:
    sform, s_code = header.get_sform(coded=True)
    qform, q_code = header.get_qform(coded=True)
    if not s_code and not q_code:
        raise _refused(path, "say where it lies", "neither sform nor qform")
    if s_code and q_code and not np.allclose(sform, qform, atol=0.05):
        raise _refused(path, "have one position", "an sform and a qform that differ")
    used = sform if s_code else qform
    if not np.isfinite(used).all() or abs(np.linalg.det(used[:3, :3])) < 1e-6:
        raise _refused(path, "have an affine that can be inverted", "another")


def _refused(path: Path, rule: str, got: object) -> ImageError:
    return ImageError.must("NIfTI mask", rule, got, where=path.name, fix="Export it again from the drawing program.")
