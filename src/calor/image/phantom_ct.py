"""The phantom's CT: Hounsfield units of the torso, without contrast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from calor.image.grid import Grid
from calor.image.phantom import LUNG_TOP_MM, LUNGS_MM, Torso, ellipse, enclosed
from calor.image.phantom_arch import arch_enclosed

HU = {"air": -1000.0, "lung": -750.0, "tissue": 30.0, "blood": 42.0, "wall": 45.0}


def ct_numbers(torso: Torso, grid: Grid) -> Float[np.ndarray, "slice row column"]:
    """Return Hounsfield units of the torso on a grid, without contrast [HU]."""
    hu = np.full(grid.shape, HU["air"], np.float32)
    hu[:, ellipse(grid, 0, 0, *torso.half_axes_mm)] = HU["tissue"]
    low = grid.slice_mm < LUNG_TOP_MM
    for x, y, a, b in LUNGS_MM:
        lung = ellipse(grid, x, y, a, b)
        hu[np.ix_(low, *(np.arange(n) for n in grid.shape[1:]))] = np.where(lung, HU["lung"], hu[low])
    for vessel in torso.vessels:
        hu[enclosed(grid, vessel)] = HU["wall"] if vessel.wall_mm else HU["blood"]
        hu[enclosed(grid, replace(vessel, wall_mm=0.0))] = HU["blood"]
    if torso.arch is not None:
        hu[arch_enclosed(grid, torso.arch)] = HU["wall"]
        hu[arch_enclosed(grid, torso.arch, wall=False)] = HU["blood"]
    return hu
