"""The demonstration's scans: three digital phantoms at two visits, as DICOM PET/CT with their truth beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from calor.image.phantom import TORSO, Torso, blurred, make_phantom, noisy, torso_grid
from calor.image.phantom_dicom import ScanFacts, write_study
from calor.trial.atomic import whole_folder

FWHM_MM = 6.0
VOXEL_MM = (4.0, 2.5, 2.5)
NOISE_CV = 0.03
SEED = 61
DAYS = {"V2": 0, "V15": 61}
INFLAMED = {
    "PHANTOM-1": ("ascending_aorta", 6.0, 4.4),
    "PHANTOM-2": ("ascending_aorta", 6.4, 6.4),
    "PHANTOM-3": ("carotid_right", 9.0, 7.0),
}
"""Vessel and SUV of its inflamed wall at baseline and follow-up: one cools, one does not, one cools in the neck."""
TRUTH = "phantom.json"
_HOT_MM = {"ascending_aorta": (44.0, 96.0), "carotid_right": (136.0, 184.0)}
_FIRST = datetime(2025, 3, 3, 9)  # noqa: DTZ001  (DICOM times have no zone)


def write_scans(folder: Path) -> None:
    """Write the scans as `<participant>/<visit>/` and the truth as `phantom.json`; what is there already stays.

    Args:
        folder: The trial's `imaging/`.
    """
    truth = json.dumps(_truth(), indent=1)
    if (folder / TRUTH).exists() and (folder / TRUTH).read_text(encoding="utf-8") == truth:
        return
    rng = np.random.default_rng(SEED)
    with whole_folder(folder) as part:
        for number, participant in enumerate(INFLAMED):
            for visit, day in DAYS.items():
                torso = torso_of(participant, visit)
                scan = noisy(blurred(make_phantom(torso, torso_grid(VOXEL_MM, torso)), FWHM_MM), rng, cv=NOISE_CV)
                injected = _FIRST + timedelta(days=7 * number + day, minutes=3 * number)
                write_study(scan, ScanFacts(participant, injected), part / participant / visit, ct_mm=VOXEL_MM[1])
        (part / TRUTH).write_text(truth, encoding="utf-8")


def torso_of(participant: str, visit: str) -> Torso:
    """Return the truth of one scan.

    >>> torso_of("PHANTOM-1", "V15").vessels[0].hot_suv
    4.4
    """
    name, before, after = INFLAMED[participant]
    hot = before if visit == "V2" else after
    vessels = (
        replace(v, hot_z_mm=_HOT_MM[name], hot_suv=hot) if v.name == name else replace(v, hot_z_mm=())
        for v in TORSO.vessels
    )
    return replace(TORSO, vessels=tuple(vessels))


def _truth() -> dict[str, object]:
    scans = [
        {"participant": who, "visit": visit, "torso": asdict(torso_of(who, visit))}
        for who in INFLAMED
        for visit in DAYS
    ]
    return {"fwhm_mm": FWHM_MM, "voxel_mm": VOXEL_MM, "noise_cv": NOISE_CV, "seed": SEED, "scans": scans}
