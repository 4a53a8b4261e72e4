"""Body-weight SUV of tissue activity."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.errors import ImageError
from calor.image.decay import FDG_HALF_LIFE_S, decay_factor
from calor.image.normalization import body_weight


def suv(
    activity: Float[np.ndarray, "*voxels"],
    *,
    weight_kg: float,
    injected_bq: float,
    uptake_s: float,
    half_life_s: float = FDG_HALF_LIFE_S,
) -> Float[np.ndarray, "*voxels"]:
    """Convert tissue activity to body-weight SUV.

    >>> suv(np.array([5000.0]), weight_kg=70, injected_bq=3.5e8, uptake_s=3600).round(4)
    array([1.4606])

    Args:
        activity: Tissue activity at the reference time [Bq/mL].
        weight_kg: Body weight.
        injected_bq: Activity at injection, not yet decayed.
        uptake_s: Time from injection to the reference time.
        half_life_s: Half-life of the radionuclide.

    Returns:
        SUV of each voxel [g/mL].

    Raises:
        ImageError: Weight, dose, half-life or time cannot be.

    Reference:
        Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328-354, section on SUV calculation.
    """
    if not np.isfinite(injected_bq) or injected_bq <= 0:
        raise ImageError.must("injected_bq", "be positive", injected_bq, fix="Enter the dose in Bq.")
    weight = body_weight(weight_kg)
    return np.asarray(activity) * (weight * 1000 / (injected_bq * decay_factor(uptake_s, half_life_s)))
