"""What a scan of the phantom recovers of the truth: the loss to partial volume, vessel by vessel, in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import ncx2, norm

from calor.image.background import eroded
from calor.image.phantom import FWHM_PER_SIGMA, Phantom, Torso, Vessel
from calor.image.slice_uptake import slice_uptake
from calor.image.tbr import VesselTbr, vessel_tbr
from calor.protocol.imaging import Imaging


@dataclass(frozen=True, eq=False)
class Recovery:
    """Recovered against true.

    Attributes:
        vessels: Each arterial vessel as measured.
        pools: SUV of each vein as measured.
        torso: The truth.
        fwhm_mm: Blur of the scan [mm].
        voxel_mm: Voxel of the scan: slice, row, column [mm].
    """

    vessels: Mapping[str, VesselTbr]
    pools: Mapping[str, float]
    torso: Torso
    fwhm_mm: float
    voxel_mm: tuple[float, float, float]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per vessel: true, expected and recovered SUVmax and TBRmax, and the share recovered."""
        rows = []
        for vessel in (v for v in self.torso.vessels if v.name in self.vessels):
            found = self.vessels[vessel.name]
            true = vessel.hot_suv if vessel.hot_z_mm else vessel.wall_suv
            got = float(found.uptake.suv_max.max())
            expected = expected_suv_max(vessel, self.torso, self.fwhm_mm, self.voxel_mm)
            rows.append({
                "vessel": vessel.name, "wall_mm": vessel.wall_mm, "true_suv_max": true, "expected_suv_max": expected,
                "suv_max": got, "recovery_percent": 100 * got / true, "true_tbr_max": true / self.torso.blood_suv,
                "tbr_max": float(found.tbr_max.max()),
            })  # fmt: skip
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        parts = [
            f"{r.vessel}: SUVmax {r.suv_max:.2f} of {r.true_suv_max:.1f} ({r.recovery_percent:.0f} %)"
            for r in self.to_frame().itertuples()
        ]
        return f"At {self.fwhm_mm:g} mm FWHM, " + "; ".join(parts)


def recovery(phantom: Phantom, definition: Imaging) -> Recovery:
    """Measure a phantom with its true masks.

    >>> from calor.image.phantom import TORSO, blurred, make_phantom
    >>> vessels = Imaging(vessels=("ascending_aorta", "carotid_left", "carotid_right"))
    >>> print(recovery(blurred(make_phantom(TORSO), 6.0), vessels))
    At 6 mm FWHM, ascending_aorta: SUVmax 2.5... of 6.0 (43 %); carotid_left: SUVmax 1.6... of 3.0 ...

    Args:
        phantom: A scan of it: blurred, and noisy or not.
        definition: The protocol's definitions; its background vessel is the phantom's.
    """
    edge = definition.background.edge_mm
    pools = {
        v.name: float(np.mean(slice_uptake(phantom.suv, eroded(phantom.mask(v.name), edge)).suv_mean))
        for v in phantom.torso.vessels
        if v.wall_mm == 0
    }
    background = pools[definition.background.vessel]
    found = {
        v.name: vessel_tbr(slice_uptake(phantom.suv, phantom.mask(v.name)), background, definition)
        for v in phantom.torso.vessels
        if v.wall_mm > 0
    }
    between, down, across = (float(v) for v in phantom.grid.spacing_mm)
    return Recovery(found, pools, phantom.torso, phantom.fwhm_mm, (between, down, across))


def expected_suv_max(vessel: Vessel, torso: Torso, fwhm_mm: float, voxel_mm: tuple[float, float, float]) -> float:
    """Return the highest SUV that blur leaves of a straight vessel, were there a voxel right on its brightest spot.

    A voxel's own width adds to the blur as a box of the same variance.

    >>> from calor.image.phantom import TORSO
    >>> round(expected_suv_max(TORSO.vessels[0], TORSO, 6.0, (3.0, 2.0, 2.0)), 2)
    2.58

    Args:
        vessel: One of the torso's.
        torso: What surrounds it.
        fwhm_mm: Blur of the scan.
        voxel_mm: Voxel: slice, row, column.
    """
    sigma = np.sqrt((fwhm_mm / FWHM_PER_SIGMA) ** 2 + np.array(voxel_mm[:2]) ** 2 / 12)
    middle = float(np.mean(vessel.hot_z_mm or vessel.z_mm))
    away = np.linspace(0, vessel.lumen_mm + vessel.wall_mm, 200)
    return float(
        expected_suv(vessel, torso, (float(sigma[0]), float(sigma[1])), away, np.full(away.size, middle)).max()
    )


def expected_suv(
    vessel: Vessel,
    torso: Torso,
    sigma_mm: tuple[float, float],
    away_mm: Float[np.ndarray, " point"],
    z_mm: Float[np.ndarray, " point"],
) -> Float[np.ndarray, " point"]:
    """Return SUV in and around a straight vessel after a Gaussian blur, in closed form, other vessels left aside.

    A disk of radius R holds of a blurred point at distance d the share that the noncentral chi-square distribution with
    2 degrees of freedom gives: P(X < R^2 / s^2), noncentrality d^2 / s^2. Lumen, wall and inflamed wall add up.

    Args:
        vessel: The vessel.
        torso: What surrounds it.
        sigma_mm: Standard deviation of the blur, along and across the body axis.
        away_mm: Distance of each point from the vessel's axis.
        z_mm: Height of each point.

    Reference:
        Bracewell, The Fourier Transform and Its Applications, 2000, ch. 13 (circular symmetry); Johnson, Kotz and
        Balakrishnan, Continuous Univariate Distributions 2, 1995, ch. 29 (noncentral chi-square).
    """
    along, across = sigma_mm
    lumen, whole = (
        ncx2.cdf((radius / across) ** 2, 2, (away_mm / across) ** 2)
        for radius in (vessel.lumen_mm, vessel.lumen_mm + vessel.wall_mm)
    )
    length = _within(vessel.z_mm, z_mm, along)
    hot = _within((vessel.hot_z_mm[0], vessel.hot_z_mm[1]), z_mm, along) if vessel.hot_z_mm else 0.0
    around = torso.tissue_suv
    plain = (torso.blood_suv - around) * lumen + (vessel.wall_suv - around) * (whole - lumen)
    inflamed = (vessel.hot_suv - vessel.wall_suv) * (whole - lumen)
    return np.asarray(around + length * plain + hot * inflamed)


def _within(
    span: tuple[float, float], z_mm: Float[np.ndarray, " point"], sigma_mm: float
) -> Float[np.ndarray, " point"]:
    return np.asarray(norm.cdf((span[1] - z_mm) / sigma_mm) - norm.cdf((span[0] - z_mm) / sigma_mm))
