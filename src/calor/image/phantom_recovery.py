"""What a scan of the phantom recovers of the truth: the loss to partial volume, vessel by vessel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from calor.image.background import eroded
from calor.image.phantom import Phantom
from calor.image.slice_uptake import slice_uptake
from calor.image.tbr import VesselTbr, vessel_tbr
from calor.protocol.imaging import Imaging


@dataclass(frozen=True, eq=False)
class Recovery:
    """Recovered against true.

    Attributes:
        vessels: Each arterial vessel as measured.
        pools: Mean SUV of each vein, eroded as the protocol says.
        true_wall_suv: Highest true SUV of each vessel's wall.
        blood_suv: True SUV of blood.
        fwhm_mm: Blur of the scan [mm].
    """

    vessels: Mapping[str, VesselTbr]
    pools: Mapping[str, float]
    true_wall_suv: Mapping[str, float]
    blood_suv: float
    fwhm_mm: float

    def to_frame(self) -> pd.DataFrame:
        """Return one row per vessel: true and recovered SUVmax and TBRmax, and the share recovered."""
        rows = []
        for name, found in self.vessels.items():
            true, got = self.true_wall_suv[name], float(found.uptake.suv_max.max())
            rows.append({"vessel": name, "true_suv_max": true, "suv_max": got, "recovery_percent": 100 * got / true,
                         "true_tbr_max": true / self.blood_suv, "tbr_max": float(found.tbr_max.max())})  # fmt: skip
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
    torso = phantom.torso
    walls = [v for v in torso.vessels if v.wall_mm > 0]
    edge = definition.background.edge_mm
    pools = {
        v.name: float(np.mean(slice_uptake(phantom.suv, eroded(phantom.mask(v.name), edge)).suv_mean))
        for v in torso.vessels
        if v.wall_mm == 0
    }
    background = pools[definition.background.vessel]
    found = {v.name: vessel_tbr(slice_uptake(phantom.suv, phantom.mask(v.name)), background, definition) for v in walls}
    true = {v.name: v.hot_suv if v.hot_z_mm else v.wall_suv for v in walls}
    return Recovery(found, pools, true, torso.blood_suv, phantom.fwhm_mm)
