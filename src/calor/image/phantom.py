"""A digital torso: aorta, carotids and veins of known activity and wall thickness, seen through a scanner's blur."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float
from scipy.ndimage import gaussian_filter

from calor.errors import ImageError
from calor.image.grid import Grid
from calor.image.mask import Mask
from calor.image.phantom_arch import Arch, arch_enclosed, draw_arch

FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))
_FINE = 8
"""Samples per voxel edge when a vessel is drawn."""


@dataclass(frozen=True)
class Vessel:
    """A straight vessel along the body axis.

    Attributes:
        name: Its name.
        x_mm: Center, to the patient's left [mm].
        y_mm: Center, backwards [mm].
        z_mm: Lower and upper end [mm].
        lumen_mm: Radius of the lumen [mm].
        wall_mm: Thickness of the wall [mm]; 0 for a vein.
        wall_suv: SUV of the wall.
        hot_z_mm: Where the wall is inflamed [mm]; empty when nowhere.
        hot_suv: SUV of the inflamed wall.
    """

    name: str
    x_mm: float
    y_mm: float
    z_mm: tuple[float, float]
    lumen_mm: float
    wall_mm: float = 0.0
    wall_suv: float = 3.0
    hot_z_mm: tuple[float, ...] = ()
    hot_suv: float = 6.0


@dataclass(frozen=True)
class Torso:
    """What the phantom is made of.

    Attributes:
        vessels: The vessels.
        blood_suv: SUV of blood.
        tissue_suv: SUV of everything else in the body.
        lung_suv: SUV of lung.
        half_axes_mm: Half axes of the body's ellipse, left-right and front-back [mm].
        top_mm: Height [mm].
        arch: The aortic arch; None where it has none.
    """

    vessels: tuple[Vessel, ...]
    blood_suv: float = 1.5
    tissue_suv: float = 0.6
    lung_suv: float = 0.3
    half_axes_mm: tuple[float, float] = (160.0, 110.0)
    top_mm: float = 204.0
    arch: Arch | None = None


TORSO = Torso(
    (
        Vessel("ascending_aorta", 20, -30, (20, 110), 14.0, 2.0, hot_z_mm=(60, 80)),
        Vessel("carotid_left", 30, 0, (120, 200), 3.2, 1.2),
        Vessel("carotid_right", -30, 0, (120, 200), 3.2, 1.2),
        Vessel("svc", -25, -30, (20, 110), 9.0),
        Vessel("jugular_left", 42, -6, (120, 200), 6.0),
    )
)
TORSO_WITH_ARCH = Torso(
    (
        replace(TORSO.vessels[0], z_mm=(20.0, 110.0)),
        Vessel("descending_aorta", 20, 42, (20, 110), 12.0, 2.0),
        Vessel("carotid_left", 30, 0, (176, 236), 3.2, 1.2),
        Vessel("carotid_right", -30, 0, (176, 236), 3.2, 1.2),
        Vessel("svc", -25, -30, (20, 110), 9.0),
    ),
    top_mm=240.0,
    arch=Arch("aortic_arch", 20, 6, 110, 36.0, 13.0, 2.0),
)
LUNGS_MM = ((-85.0, 10.0, 45.0, 65.0), (90.0, 10.0, 40.0, 65.0))
"""Center left-right and front-back, half axes of each lung, below 115 mm [mm]."""
LUNG_TOP_MM = 115.0


@dataclass(frozen=True, eq=False)
class Phantom:
    """A phantom on a grid.

    Attributes:
        torso: What it is made of.
        grid: Where its voxels lie.
        suv: SUV of each voxel [g/mL].
        fwhm_mm: Blur that it has passed through [mm].
    """

    torso: Torso
    grid: Grid
    suv: Float[np.ndarray, "slice row column"]
    fwhm_mm: float = 0.0

    def mask(self, name: str) -> Mask:
        """Return a vessel's true mask, wall included: voxels whose centers it encloses."""
        arch = self.torso.arch
        if arch is not None and arch.name == name:
            return Mask(name, self.grid, arch_enclosed(self.grid, arch))
        vessel = next((v for v in self.torso.vessels if v.name == name), None)
        if vessel is None:
            known = ", ".join(v.name for v in self.torso.vessels)
            raise ImageError.must("vessel", f"be one of {known}", name, fix="Name one of the phantom's.")
        return Mask(name, self.grid, enclosed(self.grid, vessel))


def torso_grid(spacing_mm: tuple[float, float, float], torso: Torso = TORSO, *, field_mm: float = 400.0) -> Grid:
    """Return an axial grid over the torso.

    >>> torso_grid((3.0, 2.0, 2.0)).shape
    (68, 200, 200)

    Args:
        spacing_mm: Between slices, rows and columns.
        torso: What is to be covered.
        field_mm: Width of the field of view.

    Raises:
        ImageError: A spacing is not positive.
    """
    if min(spacing_mm) <= 0:
        raise ImageError.must("spacing_mm", "be positive", spacing_mm, fix="Give millimeters.")
    between, down, across = spacing_mm
    shape = (int(torso.top_mm / between), int(field_mm / down), int(field_mm / across))
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([[0, 0, between], [0, down, 0], [across, 0, 0]])
    affine[:3, 3] = [-(shape[2] - 1) / 2 * across, -(shape[1] - 1) / 2 * down, between / 2]
    return Grid(affine, shape)


def make_phantom(torso: Torso = TORSO, grid: Grid | None = None) -> Phantom:
    """Draw the torso, each voxel the mean of what it holds, before any blur.

    >>> float(make_phantom(TORSO, torso_grid((6.0, 4.0, 4.0))).suv.max()) < 6.0
    True

    Args:
        torso: What it is made of.
        grid: An axial grid; 3 x 2 x 2 mm by default.
    """
    grid = grid or torso_grid((3.0, 2.0, 2.0), torso)
    suv = np.zeros(grid.shape, np.float32)
    suv[:, ellipse(grid, 0, 0, *torso.half_axes_mm)] = torso.tissue_suv
    low = grid.slice_mm < LUNG_TOP_MM
    for x, y, a, b in LUNGS_MM:
        suv[np.ix_(low, *(np.arange(n) for n in grid.shape[1:]))] = np.where(
            ellipse(grid, x, y, a, b), torso.lung_suv, suv[low]
        )
    for vessel in torso.vessels:
        _draw(suv, grid, vessel, torso.blood_suv)
    if torso.arch is not None:
        draw_arch(suv, grid, torso.arch, torso.blood_suv)
    return Phantom(torso, grid, suv)


def blurred(phantom: Phantom, fwhm_mm: float) -> Phantom:
    """See a phantom through a Gaussian point spread.

    Raises:
        ImageError: The width is not positive.
    """
    if fwhm_mm <= 0:
        raise ImageError.must("fwhm_mm", "be positive", fwhm_mm, fix="Scanners have 4 to 7 mm.")
    sigma = fwhm_mm / FWHM_PER_SIGMA / phantom.grid.spacing_mm
    return replace(phantom, suv=gaussian_filter(phantom.suv, sigma, mode="nearest"), fwhm_mm=fwhm_mm)


def noisy(phantom: Phantom, rng: np.random.Generator, *, cv: float = 0.1) -> Phantom:
    """Add a reconstruction's correlated noise, of a given coefficient of variation in tissue.

    Args:
        phantom: A blurred phantom.
        rng: Random generator.
        cv: Standard deviation over mean where SUV is 1; it grows with the root of SUV.
    """
    grain = gaussian_filter(rng.standard_normal(phantom.grid.shape).astype(np.float32), 1.0)
    grain *= cv / grain.std()
    return replace(phantom, suv=np.maximum(phantom.suv + grain * np.sqrt(phantom.suv), 0).astype(np.float32))


def enclosed(grid: Grid, vessel: Vessel) -> Bool[np.ndarray, "slice row column"]:
    """Return the voxels whose centers a vessel encloses, wall included."""
    radius = vessel.lumen_mm + vessel.wall_mm
    disc = ellipse(grid, vessel.x_mm, vessel.y_mm, radius, radius)
    inside = (grid.slice_mm >= vessel.z_mm[0]) & (grid.slice_mm < vessel.z_mm[1])
    return np.asarray(inside[:, None, None] & disc)


def _draw(suv: Float[np.ndarray, "slice row column"], grid: Grid, vessel: Vessel, blood_suv: float) -> None:
    rows, columns, lumen, whole = _shares(grid, vessel)
    wall = whole - lumen
    half = grid.spacing_mm[0] / 2
    for at, height in _slices(grid, vessel):
        length = _overlap(height - half, height + half, vessel.z_mm) / (2 * half)
        hot = _overlap(height - half, height + half, vessel.hot_z_mm) / (2 * half) if vessel.hot_z_mm else 0.0
        in_wall = wall * (vessel.wall_suv * (length - hot) + vessel.hot_suv * hot)
        part = suv[at, rows, columns]
        suv[at, rows, columns] = part * (1 - whole * length) + lumen * blood_suv * length + in_wall


def _slices(grid: Grid, vessel: Vessel) -> Iterator[tuple[int, float]]:
    half = grid.spacing_mm[0] / 2
    for at, height in enumerate(grid.slice_mm.tolist()):
        if _overlap(height - half, height + half, vessel.z_mm) > 0:
            yield at, height


def _overlap(low: float, high: float, span: tuple[float, ...]) -> float:
    return max(0.0, min(high, span[1]) - max(low, span[0]))


def _shares(grid: Grid, vessel: Vessel) -> tuple[slice, slice, np.ndarray, np.ndarray]:
    """Return the box of a vessel in the slices, and the share of each pixel that lumen and whole vessel take."""
    radius = vessel.lumen_mm + vessel.wall_mm
    _, down, across = grid.spacing_mm
    row, column = (vessel.y_mm - grid.affine[1, 3]) / down, (vessel.x_mm - grid.affine[0, 3]) / across
    rows = slice(int(row - radius / down) - 1, int(row + radius / down) + 3)
    columns = slice(int(column - radius / across) - 1, int(column + radius / across) + 3)
    fine = (np.arange(_FINE) + 0.5) / _FINE - 0.5
    y = (np.arange(rows.start, rows.stop)[:, None] + fine).ravel() - row
    x = (np.arange(columns.start, columns.stop)[:, None] + fine).ravel() - column
    distance = np.hypot(y[:, None] * down, x[None, :] * across)
    shape = (rows.stop - rows.start, _FINE, columns.stop - columns.start, _FINE)
    lumen, whole = ((distance <= r).reshape(shape).mean(axis=(1, 3)) for r in (vessel.lumen_mm, radius))
    return rows, columns, lumen, whole


def ellipse(grid: Grid, x_mm: float, y_mm: float, a_mm: float, b_mm: float) -> Bool[np.ndarray, "row column"]:
    """Return the pixels whose centers an ellipse encloses."""
    y = grid.affine[1, 3] + grid.affine[1, 1] * np.arange(grid.shape[1])
    x = grid.affine[0, 3] + grid.affine[0, 2] * np.arange(grid.shape[2])
    return np.asarray(((x - x_mm) / a_mm) ** 2 + (((y - y_mm) / b_mm) ** 2)[:, None] <= 1)
