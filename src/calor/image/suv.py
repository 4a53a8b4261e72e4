"""SUV of tissue activity: by body weight, and from that by lean body mass, ideal weight and surface area."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from calor.errors import ImageError
from calor.image.decay import FDG_HALF_LIFE_S, decay_factor
from calor.image.normalization import MASSES, body, body_surface_area, body_weight


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


def suv_by(
    suv_bw: Float[np.ndarray, "*voxels"], kind: str, *, weight_kg: float, height_cm: float, sex: str = ""
) -> Float[np.ndarray, "*voxels"]:
    """Convert body-weight SUV to SUV by lean body mass, ideal body weight or body surface area.

    >>> suv_by(np.array([2.0]), "LBMJANMA", weight_kg=80, height_cm=178, sex="M").round(3)
    array([1.528])

    Args:
        suv_bw: Body-weight SUV [g/mL].
        kind: DICOM's SUV Type: LBM, LBMJAMES128, LBMJANMA, IBW or BSA.
        weight_kg: Body weight.
        height_cm: Height.
        sex: M or F; surface area needs none.

    Returns:
        SUV of each voxel [g/mL; cm2/mL by surface area].

    Raises:
        ImageError: The kind is unknown, or weight, height or sex cannot be.

    Reference:
        Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328-354, section on SUV calculation.
    """
    weight, height = body(weight_kg, height_cm)
    if kind == "BSA":
        return np.asarray(suv_bw) * (10 * body_surface_area(weight, height) / weight)
    if kind not in MASSES:
        raise ImageError.must("kind", f"be BSA, {', '.join(MASSES)}", repr(kind), fix="DICOM names these SUV Types.")
    return np.asarray(suv_bw) * (MASSES[kind](weight, height, sex) / weight)
